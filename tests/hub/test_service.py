"""Settings to stored entry, with each broker: restarts on either side cost nothing."""

import pytest
from onedoor_hub.broker import accounts, client
from onedoor_hub.service import Service
from onedoor_hub.settings import resolve
from onedoor_hub.store import schema
from onedoor_protocol.mac import broker_password
from sqlalchemy import select

from tests.support.brokers import House
from tests.support.centre import add_box, count, rated
from tests.support.ports import free_port, wait_until


@pytest.fixture(params=["embedded", "mosquitto"])
def house(request, tmp_path):
    house = House(request.param, tmp_path)
    yield house
    house.close()


@pytest.fixture
def serve(house):
    """Starts the hub's service on the house's broker; ``named`` are other settings."""
    services = []

    def start(**named):
        flags = {"data_dir": str(house.folder), "broker": house.url} | named
        service = Service(resolve(flags, {}))
        service.start()
        services.append(service)
        return service

    yield start
    for service in services:
        service.stop()


def well(service):
    return wait_until(lambda: not service.health.troubles(), what="the hub is well")


def online(house):
    with house.engine.begin() as connection:
        return [row.online for row in connection.execute(select(schema.device_state))]


def test_a_press_goes_through_the_broker_into_the_database_and_is_acknowledged(house, serve):
    """STA-001, ACK-001, ACK-003: birth answered, entries answered after the commit."""
    box = add_box(house.engine)
    box.rate(4, 4, 1_000)
    house.start()
    service = serve()
    well(service)
    page = service.live.subscribe()
    device = house.box(box)
    device.say(box.state(5_000))
    wait_until(lambda: device.acknowledged() == 0, what="the birth is answered")
    device.say(box.journal(1, 5_100))
    wait_until(lambda: device.acknowledged() == 2, what="the entries are answered")
    assert count(house.engine, schema.entry) == 2
    assert rated(house.engine) == 1
    assert page.wait(5) == {("vientiane", 3)}
    assert online(house) == [1]


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(house, serve):
    """JRN-010: what was sent before and after is stored once; the hub connects again by itself."""
    box = add_box(house.engine)
    house.start()
    service = serve()
    well(service)
    device = house.box(box)
    for number in range(100):
        box.rate(1 + number % 4, 4, number)
        device.say(box.journal(len(box.entries), 5_000 + number, 1))
        if number == 50:
            house.kill()
    wait_until(lambda: "broker" in service.health.troubles())
    assert "devices keep ratings" in service.health.troubles()["broker"]
    house.start()
    well(service)
    again = house.box(box)
    again.say(box.state(9_000))
    wait_until(lambda: again.acknowledged() >= 0)
    for first in range(again.acknowledged() + 1, 102, 32):
        again.say(box.journal(first, 9_100))
    wait_until(lambda: again.acknowledged() == 101)
    assert rated(house.engine) == 100


def test_a_hub_that_stops_and_comes_back_costs_nothing(house, serve):
    """JRN-010: entries sent while it was away are sent again, because nobody answered them."""
    box = add_box(house.engine)
    house.start()
    first_hub = serve()
    well(first_hub)
    device = house.box(box)
    device.say(box.journal(1, 5_000))
    wait_until(lambda: device.acknowledged() == 1)
    first_hub.stop()
    for number in range(20):
        box.rate(3, 4, number)
        device.say(box.journal(2 + number, 6_000, 1))
    device.say(box.state(6_100))
    second_hub = serve()
    well(second_hub)
    wait_until(lambda: online(house) == [1], what="the retained birth arrives")
    device.say(box.state(7_000))
    device.say(box.journal(2, 7_100))
    wait_until(lambda: device.acknowledged() == 21)
    assert rated(house.engine) == 20


def test_a_box_that_vanishes_is_offline_by_its_will(house, serve):
    """CON-006, on the hub's side."""
    box = add_box(house.engine)
    house.start()
    well(serve())
    topic, will = box.state(4_000, online=0)
    device = house.client(box.device, broker_password(box.key), will=(topic, will, 1, True))
    device.send(*box.state(4_100), retain=True)
    wait_until(lambda: online(house) == [1])
    device.vanish()
    wait_until(lambda: online(house) == [0])


def test_a_broker_that_refuses_the_hub_is_told_of_with_its_reason(house, serve):
    house.start()
    service = serve(broker=f"mqtt://onedoor-hub:wrong@127.0.0.1:{house.port}")
    said = wait_until(lambda: _said(service, "refuses the hub: Not authorized"))
    assert str(house.port) in said
    assert "wrong" not in said


def _said(service, part):
    text = service.health.troubles().get("broker", "")
    return text if part in text else ""


def test_a_broker_that_does_not_let_the_hub_read_is_told_of(tmp_path, monkeypatch):
    """It answers the subscription with a refusal; without a word the hub would stay deaf."""
    monkeypatch.setattr(accounts, "may", lambda *_, **__: False)
    service = Service(resolve({"data_dir": str(tmp_path), "broker_port": free_port()}, {}))
    service.start()
    wait_until(lambda: _said(service, "does not let the hub read; correct the broker's access"))
    service.stop()


def test_a_broker_that_is_not_there_is_told_of_until_it_is(house, serve):
    service = serve()
    wait_until(lambda: _said(service, f"cannot reach 127.0.0.1:{house.port}; devices keep"))
    house.start()
    well(service)


def test_a_log_that_cannot_be_written_does_not_make_the_hub_deaf(tmp_path, monkeypatch):
    class ClosedPipe:
        def __getattr__(self, _name):
            raise BrokenPipeError("log")

    monkeypatch.setattr(client, "log", ClosedPipe())
    house = House("embedded", tmp_path)
    box = add_box(house.engine)
    house.start()
    service = Service(resolve({"data_dir": str(tmp_path), "broker": house.url}, {}))
    service.start()
    well(service)
    house.kill()
    wait_until(lambda: _said(service, "no connection to"))
    house.start()
    well(service)
    device = house.box(box)
    device.say(box.journal(1, 5_000))
    wait_until(lambda: device.acknowledged() == 1)
    service.stop()
    house.close()


def test_a_service_with_its_own_broker_starts_and_stops_as_one(tmp_path):
    house = House("embedded", tmp_path)
    box = add_box(house.engine)
    box.rate(4, 4, 1_000)
    flags = {"data_dir": str(tmp_path), "broker_host": "0.0.0.0", "broker_port": free_port()}
    for expected in (0, 2):
        service = Service(resolve(flags, {}))
        service.start()
        well(service)
        house.port = flags["broker_port"]
        device = house.box(box)
        device.say(box.state(5_000 + expected))
        wait_until(lambda wanted=expected, one=device: one.acknowledged() == wanted)
        device.say(box.journal(1, 6_000))
        wait_until(lambda one=device: one.acknowledged() == 2)
        service.stop()
    assert rated(house.engine) == 1
    house.close()


@pytest.mark.parametrize("threads", [4, 10, 1024])
def test_live_pages_leave_threads_for_everybody_else(tmp_path, threads):
    service = Service(resolve({"data_dir": str(tmp_path), "threads": threads}, {}))
    assert 1 <= service.app().config["MAX_STREAMS"] <= threads - 2
