"""Forged, replayed, reordered, truncated, cross-device and cross-topic messages: none changes what
is stored, and honest messages between them are acknowledged."""

import random
import threading
from collections import Counter

import paho.mqtt.client as mqtt
import pytest
from onedoor_hub.broker.accounts import HUB_USER, device_passwords, hub_secret
from onedoor_hub.broker.client import Address
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.store import schema
from onedoor_protocol import mac, topics
from sqlalchemy import func, select

from tests.faults import counts
from tests.faults.whole import check_whole, stored_up_to
from tests.support.bad import status
from tests.support.centre import Desk, add_box
from tests.support.forgeries import Forger
from tests.support.ports import free_port, wait_until

ROUND = 200
SEED = 20_261_123


def everything(engine):
    """All rows but the counts of refusals. When a box was last seen is left out: a replay is a
    sign of its network, if not of its life."""
    kept = [one for one in schema.metadata.sorted_tables if not one.name.startswith("refusal_")]
    with engine.begin() as connection:
        return {
            table.name: connection.execute(
                select(*(column for column in table.columns if column.name != "last_seen_ms"))
            ).all()
            for table in kept
        }


def refusals(engine) -> int:
    with engine.begin() as connection:
        return connection.scalar(select(func.sum(schema.refusal_tally.c.n))) or 0


def history(box, take):
    """Let a box live for a while; every message that went over the wire."""
    heard = []

    def say(message):
        heard.append(message)
        heard.extend(take(message))

    now_ms = 1_000
    for boot in range(2):
        if boot:
            box.start_boot()
        say(box.state(now_ms))
        for _ in range(12):
            for _ in range(random.Random(now_ms).randint(2, 9)):
                now_ms += 100
                box.rate(1 + now_ms // 100 % 4, 4, now_ms)
            first = len(box.entries) - 1
            say(box.journal(first, now_ms, 2))
        say(box.journal(1, now_ms + 1))
        for first in range(1, len(box.entries) + 1):
            say(box.journal(first, now_ms + 2))
    return heard


def test_nothing_a_stranger_sends_changes_what_is_stored(sqlite_engine, record_property):
    """Through the gate and the writer; ``everything`` is compared after each round."""
    desk = Desk(sqlite_engine)
    honest, victim, own = (add_box(sqlite_engine, counter=n) for n in (1, 2, 3))
    desk.take(own.state(1))
    heard = history(victim, desk.take)
    forger = Forger(random.Random(SEED), victim, own, heard)
    stolen = add_box(sqlite_engine, counter=4)
    status(desk, stolen, "revoked")
    stolen.rate(1, 4, 1_000)
    makers = forger.kinds | {"of a revoked box": lambda: stolen.journal(1, 5_000)}
    desk.take(honest.journal(1, 1))
    sent = Counter()
    answers = []
    writer = Writer(
        sqlite_engine,
        lambda *answer: answers.append(answer),
        desk.live,
        desk.health,
        lambda: desk.now_ms,
    )
    writer.start()
    while sum(sent.values()) < counts.FORGERIES:
        before = everything(sqlite_engine)
        for number in range(ROUND):
            kind = list(makers)[number % len(makers)]
            sent[kind] += 1
            desk.now_ms += 7
            writer.submit(Arrival(*makers[kind](), desk.now_ms))
        wait_until(lambda: not writer.waiting(), what="the round is judged")
        answers.clear()
        writer.submit(Arrival(*honest.journal(1, 1), desk.now_ms))
        wait_until(lambda: to(honest, answers), what="an honest message is acknowledged")
        assert everything(sqlite_engine) == before
        writer.submit(Arrival(*honest.journal(honest.rate(4, 4, 1_000), 2_000), desk.now_ms))
        wait_until(lambda: to(honest, answers) == len(honest.entries))
    writer.stop()
    assert [name for name in desk.health.counts() if name[0] == "failed"] == []
    refused = desk.refused()
    assert sum(refused.values()) == refusals(sqlite_engine)
    # Some cross-topic ones are states that are too old: ignored, not refused.
    assert sum(refused.values()) >= sum(sent.values()) - sent["replayed"] - sent["cross-topic"]
    check_whole(sqlite_engine, [honest, victim])
    print(f"{sum(sent.values())} sent, seed {SEED}, refused {refused}")
    record_property("sent", dict(sent))


def to(box, answers):
    """Highest seq acknowledged to a box among answers, 0 for none."""
    topic = topics.topic(box.centre, box.device, "ack")
    return max([box.read(*one)["seq"] for one in answers if one[0] == topic], default=0)


class Account:
    """The connection of one box's account, in the hands of a stranger."""

    def __init__(self, port, box):
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=box.device, protocol=mqtt.MQTTv311
        )
        self._client.username_pw_set(box.device, mac.broker_password(box.key))
        self._client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )
        self.heard = []
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topics.topic(box.centre, box.device, "ack"), 1)
        self._client.loop_start()
        wait_until(ready.is_set)

    def say(self, topic, payload):
        """Publish and wait for the broker's PUBACK, which proves nothing."""
        self._client.publish(topic, payload, 1).wait_for_publish(10)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(params=["Mosquitto", "amqtt"])
def address(request, boxes, sqlite_engine, mosquitto, make_lives, tmp_path):
    """Where the hub finds a broker that lets in the boxes of the database."""
    if request.param == "Mosquitto":
        mosquitto.allow(device_passwords(sqlite_engine))
        mosquitto.start()
        return mosquitto.address
    port = free_port()
    url = sqlite_engine.url.render_as_string()
    make_lives("tests.support.broker_process", port, url, tmp_path).start()
    return Address("127.0.0.1", port, HUB_USER, hub_secret(tmp_path))


@pytest.fixture
def boxes(sqlite_engine):
    """(honest, victim, the stranger's own)"""
    return [add_box(sqlite_engine, counter=n) for n in (1, 2, 3)]


def test_nothing_a_stranger_sends_through_a_broker_changes_what_is_stored(
    boxes, sqlite_engine, address, ingest_of
):
    """With the accounts of its own box and, stolen, of the victim."""
    honest, victim, own = boxes
    ingest_of(sqlite_engine.url.render_as_string(), address).start()
    accounts = {box.device: Account(address.port, box) for box in boxes}

    def sent(box, message, seq):
        account = accounts[box.device]
        account.heard.clear()
        account.say(*message)
        wait_until(lambda: to(box, account.heard) >= seq, what="an acknowledgement")
        return list(account.heard)

    heard = history(victim, lambda message: sent(victim, message, 0))
    heard += sent(victim, victim.journal(1, 99_000), 1)
    wait_until(lambda: stored_up_to(sqlite_engine, [victim])[victim.device] == len(victim.entries))
    sent(honest, honest.journal(1, 99_000), 1)
    sent(own, own.journal(1, 99_000), 1)
    forger = Forger(random.Random(SEED), victim, own, heard)
    before = everything(sqlite_engine)
    for number in range(counts.FORGERIES_THROUGH_A_BROKER):
        kind = list(forger.kinds)[number % len(forger.kinds)]
        thief = (victim, own)[number // len(forger.kinds) % 2]
        accounts[thief.device].say(*forger.kinds[kind]())
    for box in boxes:  # what was sent before it on that connection is judged
        sent(box, box.journal(1, 99_000), 1)
    assert everything(sqlite_engine) == before
    assert refusals(sqlite_engine) > counts.FORGERIES_THROUGH_A_BROKER // 4
    honest.rate(4, 4, 2_000)
    sent(honest, honest.journal(2, 3_000), 2)
    for account in accounts.values():
        account.close()
    check_whole(sqlite_engine, boxes)
