"""Payloads spoilt in bytes, UTF-8, lengths, nesting and numbers: the hub neither stops nor
stumbles, and the honest messages between them are stored and acknowledged."""

import random
from collections import Counter

import pytest
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.store import devices, schema
from onedoor_protocol import chain, topics
from onedoor_protocol.errors import CODES
from sqlalchemy import func, select

from tests.faults import counts
from tests.faults.whole import check_whole
from tests.support.centre import Desk, add_box
from tests.support.mutations import Mutations
from tests.support.ports import wait_until

SEED = 20_261_123
ROUND = 1_000
VICTIMS = 20  # one that contradicts itself is frozen until the round is over


@pytest.mark.timeout(300)
def test_no_payload_can_stop_the_hub_or_harm_an_honest_box(sqlite_engine, record_property):
    desk = Desk(sqlite_engine)
    honest = add_box(sqlite_engine, counter=1)
    victims = [add_box(sqlite_engine, counter=2) for _ in range(VICTIMS)]
    for number in range(60 * VICTIMS):
        if number == 30 * VICTIMS:
            for victim in victims:
                victim.start_boot()
        victims[number % VICTIMS].rate(1 + number % 4, 4, 1_000 + number)
    chance = random.Random(SEED)
    mutations = [Mutations(chance, victim) for victim in victims]
    acknowledged = Counter()

    def answer(topic, payload):
        if topic == topics.topic(honest.centre, honest.device, "ack"):
            acknowledged[honest.read(topic, payload)["seq"]] += 1

    writer = Writer(sqlite_engine, answer, desk.live, desk.health, lambda: desk.now_ms)
    writer.start()
    sent = 0
    print(f"seed {SEED}")
    while sent < counts.FUZZED:
        for number in range(ROUND):
            if number % 250 == 0:
                seq = honest.rate(1 + number % 4, 4, sent)
                writer.submit(Arrival(*honest.journal(max(1, seq - 1), sent), desk.now_ms))
            assert writer.submit(Arrival(*chance.choice(mutations).one(), desk.now_ms))
            sent += 1
        wait_until(
            lambda: acknowledged[len(honest.entries)],
            counts.PATIENCE_S,
            "an honest message is acknowledged",
        )
        wait_until(lambda: not writer.waiting())
        with sqlite_engine.begin() as connection:  # whatever it was frozen for
            for victim in victims:
                devices.set_status(connection, victim.device, "active", "", desk.now_ms)
        desk.now_ms += 1_000
    writer.stop()
    happened = desk.health.counts()
    assert [name for name in happened if name[0] in ("failed", "dropped")] == []
    assert desk.health.troubles() == {}
    refused = desk.refused()
    assert set(refused) <= set(CODES)
    wanted = {"too_long", "envelope", "mac", "json", "field_missing", "field_type", "field_range"}
    assert wanted | {"topic", "unknown_device"} <= set(refused)
    judged = sum(refused.values()) + happened["messages", "journal"]
    judged += happened.get(("messages", "state"), 0) + happened.get(("ignored", "old_state"), 0)
    assert judged == sent + sent // 250
    check_whole(sqlite_engine, [honest], others=ratings_of(sqlite_engine, 2))
    print(f"{sent} sent, refused {refused}")
    record_property("sent", sent)


def ratings_of(engine, counter):
    """Of the victim's messages those that were still sound are stored, of course."""
    with engine.begin() as connection:
        return connection.scalar(
            select(func.count())
            .select_from(schema.entry)
            .where(schema.entry.c.counter == counter, schema.entry.c.kind == chain.KIND_RATING)
        )
