"""Both brokers let in whom they should, to the topics they should, and nobody puts another off."""

import random
import socket
import time

import pytest
from amqtt.errors import PluginInitError
from onedoor_hub.broker import accounts
from onedoor_hub.broker.accounts import HUB_USER, TAIL_USER, hub_secret, may
from onedoor_hub.broker.embedded import EmbeddedBroker
from onedoor_hub.settings import SettingsError
from onedoor_hub.store import devices
from onedoor_protocol import topics
from onedoor_protocol.mac import broker_password
from sqlalchemy.exc import OperationalError

from tests.support.brokers import House, Refused
from tests.support.centre import add_box
from tests.support.ports import free_port, listening, wait_until

MARK = b"the last message, so that what was not heard before it will not come"


@pytest.fixture(params=["embedded", "mosquitto"])
def house(request, tmp_path):
    """Not yet started: add devices first, as Mosquitto reads its users at the start."""
    house = House(request.param, tmp_path)
    yield house
    house.close()


def topic_of(box, channel):
    return topics.topic(box.centre, box.device, channel)


def heard_until_mark(client):
    wait_until(lambda: MARK in [payload for _, payload in list(client.heard)], what="the mark")
    return {topic for topic, payload in client.heard if payload != MARK}


def test_a_device_signs_in_with_its_derived_password_and_uses_its_own_channels(house):
    """CON-003, CON-008: journal and state go up; ack, desired and command come down."""
    box = add_box(house.engine)
    house.start()
    hub, device = house.hub(), house.box(box)
    assert hub.subscribe("onedoor/1/#") == [1]
    assert device.granted == [1, 1, 1]
    for channel in topics.UP:
        device.send(topic_of(box, channel), b"up")
    for channel in topics.DOWN:
        hub.send(topic_of(box, channel), b"down")
    wait_until(lambda: len(device.heard) == 3)
    wait_until(lambda: len(hub.heard) == 5)
    assert {topic for topic, _ in device.heard} == {topic_of(box, name) for name in topics.DOWN}
    assert {topic for topic, payload in hub.heard if payload == b"up"} == {
        topic_of(box, name) for name in topics.UP
    }


def test_nobody_else_gets_in(house):
    box, gone = add_box(house.engine), add_box(house.engine, counter=4)
    with house.engine.begin() as connection:
        devices.set_status(connection, gone.device, "revoked", "by this test", 1)
    house.start()
    password = broker_password(box.key)
    for user, tried in [
        (box.device, "wrong"),
        (box.device, ""),
        (box.device, None),
        (box.device, box.key.hex()),
        (gone.device, broker_password(gone.key)),
        ("box-9-zzzzzz", password),
        ("box-9-zzzzzz", ""),
        ("", ""),
        (None, None),
        (HUB_USER, password),
        (HUB_USER, ""),
        (TAIL_USER, ""),
        ("%", password),
        ("+", password),
    ]:
        with pytest.raises(Refused):
            house.client(user, tried, client_id=user or "someone")
    assert house.client(box.device, password).mqtt.is_connected()


def test_a_device_can_write_nothing_but_its_own_journal_and_state(house):
    box, other = add_box(house.engine), add_box(house.engine, counter=4)
    house.start()
    hub, device = house.hub(), house.box(box)
    hub.subscribe("onedoor/1/#", "$SYS/#")
    for channel in topics.DOWN:
        device.send(topic_of(box, channel), b"forged", retain=True)
    for channel in (*topics.UP, *topics.DOWN):
        device.send(topic_of(other, channel), b"forged", retain=True)
    device.send(f"onedoor/1/{box.centre}/{box.device}", b"forged")
    device.send(f"onedoor/1/{box.centre}/{box.device}/journal/more", b"forged")
    device.send(topic_of(box, "journal"), MARK)
    assert {topic for topic in heard_until_mark(hub) if topic.startswith("onedoor")} == set()
    late = house.box(other)
    hub.send(topic_of(other, "command"), MARK)
    assert heard_until_mark(late) == set()


def test_a_device_can_read_nothing_but_its_own_acks_desired_and_commands(house):
    box, other = add_box(house.engine), add_box(house.engine, counter=4)
    house.start()
    hub, device = house.hub(), house.box(box)
    device.subscribe(
        "#",
        "onedoor/1/#",
        "onedoor/1/+/+/ack",
        f"onedoor/1/+/{other.device}/ack",
        topic_of(other, "command"),
        topic_of(other, "state"),
        topic_of(box, "journal"),
        "$SYS/#",
    )
    stranger = house.box(other)
    stranger.send(topic_of(other, "state"), b"private", retain=True)
    stranger.send(topic_of(other, "journal"), b"private")
    device.send(topic_of(box, "journal"), b"private")
    for channel in topics.DOWN:
        hub.send(topic_of(other, channel), b"private", retain=True)
    wait_until(lambda: len(stranger.heard) == 3)
    hub.send(topic_of(box, "ack"), MARK)
    assert {topic for topic in heard_until_mark(device) if topic.startswith("onedoor")} == set()


def test_nobody_can_put_another_off_by_taking_its_client_id(house):
    box, other = add_box(house.engine), add_box(house.engine, counter=4)
    house.start()
    hub, device = house.hub(), house.box(box)
    for user, password, clean in [
        (box.device, "wrong", True),
        (box.device, "wrong", False),
        (HUB_USER, "wrong", False),
        (None, None, True),
    ]:
        with pytest.raises(Refused):
            house.client(user, password, client_id=box.device, clean=clean)
    for clean in (True, False):
        try:
            house.client(
                other.device, broker_password(other.key), client_id=box.device, clean=clean
            )
        except Refused:
            assert house.kind == "embedded"  # Mosquitto takes the user's name for the client id
    device.send(topic_of(box, "ack"), b"as the hub")  # no rights were gained on the way
    hub.send(topic_of(box, "ack"), MARK)
    assert heard_until_mark(device) == set()
    assert not device.lost.is_set()


def test_a_will_is_kept_to_the_devices_own_topics(house):
    box, other = add_box(house.engine), add_box(house.engine, counter=4)
    house.start()
    hub = house.hub()
    hub.subscribe("onedoor/1/#")
    password = broker_password(box.key)
    for target in (topic_of(other, "state"), topic_of(other, "ack"), topic_of(box, "ack")):
        try:
            client = house.client(box.device, password, will=(target, b"forged", 1, True))
        except Refused:
            continue
        client.vanish()
    good = house.client(box.device, password, will=(topic_of(box, "state"), MARK, 1, True))
    good.vanish()
    assert heard_until_mark(hub) == set()


def test_a_device_that_comes_back_ends_its_old_connection_whose_will_goes_out_first(house):
    """TOP-004: so that a box that comes back is not taken for gone some seconds later."""
    box = add_box(house.engine)
    house.start()
    hub = house.hub()
    hub.subscribe("onedoor/1/#")
    state, password = topic_of(box, "state"), broker_password(box.key)
    old = house.client(box.device, password, will=(state, b"old is gone", 1, True))
    new = house.client(box.device, password, will=(state, b"new is gone", 1, True))
    assert old.lost.wait(5)
    new.send(state, b"new is here", retain=True)
    wait_until(lambda: (state, b"new is here") in hub.heard)
    time.sleep(0.3)
    assert [payload for _, payload in hub.heard] == [b"old is gone", b"new is here"]
    assert new.mqtt.is_connected()


def test_tail_reads_everything_and_writes_nothing(house):
    box = add_box(house.engine)
    house.start()
    tail = house.client(TAIL_USER, house.address.password)
    device, hub = house.box(box), house.hub()
    hub.subscribe("onedoor/1/#")
    assert tail.subscribe("onedoor/1/#") == [1]
    tail.send(topic_of(box, "ack"), b"forged")
    tail.send(topic_of(box, "journal"), b"forged")
    device.send(topic_of(box, "journal"), MARK)
    assert heard_until_mark(hub) == heard_until_mark(tail) == set()
    assert device.heard == []


def test_the_embedded_broker_lets_nobody_in_while_the_database_cannot_say(tmp_path, monkeypatch):
    house = House("embedded", tmp_path)
    box = add_box(house.engine)
    house.start()

    def failing(*_):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "load_devices", failing)
        with pytest.raises(Refused):
            house.box(box)
    assert house.box(box).mqtt.is_connected()
    house.close()


def test_a_port_that_is_taken_is_one_line(tmp_path):
    first, second = House("embedded", tmp_path / "a"), House("embedded", tmp_path / "b")
    first.start()
    broker = EmbeddedBroker("127.0.0.1", first.port, second.database_url, second.folder)
    with pytest.raises(OSError, match=rf"embedded broker: cannot listen on .*:{first.port}"):
        broker.start()
    first.close()
    second.close()


def test_the_embedded_broker_listens_on_ipv6_too(tmp_path):
    house = House("embedded", tmp_path)
    broker = EmbeddedBroker("::1", free_port(), house.database_url, house.folder)
    broker.start()
    broker.stop()
    house.close()


def test_bytes_that_are_no_mqtt_harm_no_neighbour(house):
    """LIM-003: 300 connections with noise, the device beside them goes on."""
    box = add_box(house.engine)
    house.start()
    hub, device = house.hub(), house.box(box)
    hub.subscribe("onedoor/1/#")
    chance = random.Random(5)
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd"
    for number in range(300):
        noise = chance.randbytes(chance.randrange(1, 60))
        if number % 2:
            noise = bytearray(connect)
            noise[chance.randrange(1, len(noise))] = chance.randrange(256)
        with socket.create_connection(("127.0.0.1", house.port), 5) as stranger:
            stranger.sendall(noise)
    device.send(topic_of(box, "journal"), MARK)
    assert heard_until_mark(hub) == set()
    assert house.client(HUB_USER, house.address.password).mqtt.is_connected()
    assert not device.lost.is_set()


def test_the_embedded_broker_does_not_start_without_its_door(tmp_path):
    """A plugin that cannot be made must not leave a broker that lets everybody in."""
    house = House("embedded", tmp_path)
    (tmp_path / "hub.secret").write_text("")
    broker = EmbeddedBroker("127.0.0.1", house.port, house.database_url, house.folder)
    with pytest.raises(PluginInitError):
        broker.start()
    assert not listening(house.port)
    house.close()


@pytest.mark.parametrize("text", ["", "short", "é" * 32, "x" * 32])
def test_a_damaged_secret_opens_no_door(tmp_path, text):
    (tmp_path / "hub.secret").write_text(text)
    with pytest.raises(SettingsError, match="does not hold the hub's secret; remove it"):
        hub_secret(tmp_path)


def test_the_secret_is_made_once_and_for_its_owners_eyes(tmp_path):
    folder = tmp_path / "data"
    secret = hub_secret(folder)
    assert len(secret) == 32
    assert hub_secret(folder) == secret
    assert [path.name for path in folder.iterdir()] == ["hub.secret"]
    assert (folder / "hub.secret").stat().st_mode & 0o777 == 0o600


def test_the_rules_of_both_brokers_are_the_same():
    """What ``may`` says of plain topics is what Mosquitto's access list says, line by line."""
    from onedoor_hub.broker.mosquitto import access_list

    lines = access_list().splitlines()
    assert f"user {HUB_USER}" in lines
    for channel in topics.UP:
        assert f"pattern write onedoor/1/+/%u/{channel}" in lines
        assert may("box-1", f"onedoor/1/centre/box-1/{channel}", write=True)
        assert not may("box-1", f"onedoor/1/centre/box-1/{channel}", write=False)
    for channel in topics.DOWN:
        assert f"pattern read onedoor/1/+/%u/{channel}" in lines
        assert may("box-1", f"onedoor/1/centre/box-1/{channel}", write=False)
        assert not may("box-1", f"onedoor/1/centre/box-1/{channel}", write=True)
    assert len([line for line in lines if line.startswith("pattern")]) == 5
