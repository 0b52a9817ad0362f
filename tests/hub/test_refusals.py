"""Bad messages: each refused by its name, counted, shown, and never in a good one's way."""

import json
import secrets
import time

import pytest
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import DEVICES_CHECK_S, Writer
from onedoor_hub.store import devices, schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.refusals import SAMPLE_BYTES
from onedoor_protocol.errors import CODES
from sqlalchemy import select

from tests.support.bad import BAD, journal_with, sealed, stand_in, together
from tests.support.centre import Desk, add_box, answer_to, count, rated

UNANSWERED = {"topic", "too_long", "envelope", "mac", "unknown_device", "revoked", "not_a_device"}


@pytest.fixture
def desk(engine):
    return Desk(engine)


def test_there_is_a_bad_message_for_each_reason():
    assert set(BAD) == set(CODES)


def test_a_bad_message_is_refused_by_name_and_the_good_ones_around_it_count(desk):
    """ERR-001 to ERR-004, ERR-006: one code each, counted under it; only a sender who proved who
    it is hears why; nothing is stored of it and the messages around it are taken.

    ERR-002, ERR-003: see UNANSWERED.
    """
    good = add_box(desk.engine, counter=3)
    for number, code in enumerate(CODES):
        bad = add_box(desk.engine, counter=100 + number)
        bad.rate(3, 4, 1_000)
        message = BAD[code](desk, bad)
        stored = count(desk.engine, schema.entry)
        first = len(good.entries) if number else 1
        good.rate(4, 4, 1_000 * number)
        before, after = good.journal(first, 5_000), good.journal(good.rate(3, 4, 1_000), 5_001)
        answers = together(desk, before, message, after)
        assert answer_to(good, answers)["seq"] == len(good.entries)
        assert count(desk.engine, schema.entry) == stored + (3 if number == 0 else 2)
        if code in UNANSWERED or code == "json":  # of broken JSON nothing can be echoed
            assert len(answers) == 1, code
        else:
            assert answer_to(bad, answers)["refused"] == code
        assert desk.refused() == dict.fromkeys(CODES[: number + 1], 1)
        known = code not in ("topic", "unknown_device")
        check_shown(desk, code, bad.device if known else "", message)
    assert rated(desk.engine) > 2 * len(CODES)


def check_shown(desk, code, device, message):
    tally, sample = schema.refusal_tally, schema.refusal_sample
    with desk.engine.begin() as connection:
        row = connection.execute(select(tally).where(tally.c.code == code)).one()
        shown = connection.execute(select(sample).where(sample.c.code == code)).one()
    assert (row.device, row.n) == (device, 1)
    assert (shown.topic, shown.payload) == (message[0], message[1][:SAMPLE_BYTES])
    assert shown.detail.startswith(f"{code} at ")


def test_a_message_without_proof_changes_nothing_but_the_counts_of_refusals(desk):
    """MAC-005."""

    def everything():
        kept = [t for t in schema.metadata.sorted_tables if not t.name.startswith("refusal_")]
        with desk.engine.begin() as connection:
            return {table.name: connection.execute(select(table)).all() for table in kept}

    box = add_box(desk.engine)
    box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000), box.state(5_001))
    before = everything()
    thief = stand_in(box, key=secrets.token_bytes(32))
    thief.rate(1, 4, 900)
    assert together(desk, thief.journal(1, 9_000), thief.state(9_000), thief.state(1, 0)) == []
    assert everything() == before
    assert desk.refused() == {"mac": 3}


def test_nothing_of_a_message_is_stored_where_one_entry_is_wrong(desk):
    """JRN-013, JRN-011: all entries of a message or none; another boot is a change too."""
    box = add_box(desk.engine)
    for number in range(10):
        box.rate(4, 4, 1_000 + number)
    desk.take(box.journal(1, 5_000, 3), box.journal(11, 5_000, 1))
    box.entries[10] = (2, 77, 0x44, 0)
    assert answer_to(box, together(desk, box.journal(4, 6_000)))["refused"] == "entry_changed"
    assert (count(desk.engine, schema.entry), rated(desk.engine)) == (4, 3)

    other = add_box(desk.engine, counter=4)
    desk.take(other.journal(1, 5_000))
    body = json.loads(other.journal(1, 6_000)[1].split(b"\n")[0])
    body["boot"], body["eb"], body["e"] = 2, 2, [[1, 0, 0, 2]]
    message = sealed(other, json.dumps(body).encode())
    assert answer_to(other, desk.take(message))["refused"] == "entry_changed"


def test_a_forged_filling_of_a_gap_does_not_fit_what_follows(desk):
    """CHN-003: the chain is compared with the entry behind the message too."""
    box = add_box(desk.engine)
    for number in range(5):
        box.rate(4, 4, 1_000 + number)
    desk.take(box.journal(1, 5_000, 2), box.journal(5, 5_000, 2))
    box.entries[3] = (2, 1_002, 0x41, 0)
    assert answer_to(box, desk.take(box.journal(3, 6_000, 2)))["refused"] == "chain_broken"
    assert count(desk.engine, schema.entry) == 4


def test_boots_may_not_run_backwards_over_a_gap(desk):
    """JRN-012: every stored entry with a lower seq counts, not only the one before."""
    box = add_box(desk.engine)
    box.boot = 6
    box.start_boot()
    for _ in range(4):
        box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000), box.journal(2, 5_000, 2))
    box.boot = 2
    box.start_boot()
    assert answer_to(box, desk.take(box.journal(7, 6_000)))["refused"] == "boot_backwards"


def test_what_a_device_sends_after_it_contradicted_itself_is_not_stored(desk):
    """ERR-005: not even what came in the same batch; what was stored stays."""
    box = add_box(desk.engine)
    box.rate(4, 4, 1_000)
    box.rate(4, 4, 2_000)
    first, rest = box.journal(1, 5_000, 2), box.journal(3, 5_003)
    bad = journal_with(box, prev="00" * 16, now=5_002)
    assert answer_to(box, together(desk, first, bad, rest))["refused"] == "frozen"
    assert count(desk.engine, schema.entry) == 2
    assert desk.refused() == {"chain_broken": 1, "frozen": 1}
    with desk.engine.begin() as connection:
        assert certificate(connection, box.device)["status"] == "frozen"


def test_open_pages_are_told_when_a_device_is_frozen(sqlite_engine):
    desk, box = Desk(sqlite_engine), add_box(sqlite_engine)
    page = desk.live.subscribe()
    desk.take(BAD["chain_broken"](desk, box))
    assert page.wait(0) == {("vientiane", 3)}


def test_a_device_is_revoked_at_once_even_after_the_clock_was_set_back(desk):
    """ERR-006: one writer that knows the device as active notices the change in the database."""
    box = add_box(desk.engine)
    writer = Writer(desk.engine, lambda *_: None, desk.live, desk.health, lambda: desk.now_ms)
    writer.start()
    writer.submit(Arrival(*box.journal(1, 5_000), desk.now_ms))
    wait = desk.live.subscribe()
    writer.submit(Arrival(*box.state(5_001), desk.now_ms))
    assert wait.wait(10)
    with desk.engine.begin() as connection:
        devices.set_status(connection, box.device, "revoked", "", now_ms=1)
    box.rate(4, 4, 1_000)
    time.sleep(DEVICES_CHECK_S * 1.2)
    writer.submit(Arrival(*box.journal(2, 6_000), desk.now_ms))
    writer.stop()
    assert desk.refused() == {"revoked": 1}
    assert count(desk.engine, schema.entry) == 1


def test_an_old_birth_played_again_brings_nobody_back(desk):
    """STA-005, ACK-003: ignored and not answered; neither is a birth of an older boot or
    incarnation."""
    box = add_box(desk.engine)
    early, birth, will = box.state(900), box.state(1_000), box.state(950, online=0)
    old_boot = box.state(9_000)
    assert answer_to(box, desk.take(birth))["re"] == 1_000
    desk.take(will)
    assert desk.take(birth, early) == []
    assert online(desk) == 0
    box.start_boot()
    assert answer_to(box, desk.take(box.state(10)))["boot"] == 2
    desk.take(box.state(10, online=0))
    assert desk.take(old_boot) == []
    assert online(desk) == 0
    fresh = stand_in(box, incarnation=secrets.token_bytes(8))
    assert answer_to(fresh, desk.take(fresh.state(5)))["seq"] == 0
    desk.take(fresh.state(5, online=0))
    assert desk.take(box.state(99_000)) == []
    assert online(desk) == 0
    assert answer_to(fresh, desk.take(fresh.state(6)))["seq"] == 0
    assert online(desk) == 1


def test_a_journal_that_comes_back_after_another_is_heard_again(desk):
    """STA-005, ACK-003: a box that went on in RAM for a boot starts with its own journal again."""
    box = add_box(desk.engine)
    desk.take(box.state(1_000))
    in_ram = stand_in(box, incarnation=secrets.token_bytes(8))
    desk.take(in_ram.state(10), in_ram.state(20))
    assert desk.take(box.state(2_000)) == []
    box.start_boot()
    assert answer_to(box, desk.take(box.state(10)))["boot"] == 2
    assert answer_to(box, desk.take(box.state(20)))["re"] == 20
    assert online(desk) == 1
    assert desk.take(in_ram.state(99_000)) == []


def online(desk):
    with desk.engine.begin() as connection:
        return connection.execute(select(schema.device_state)).one().online


@pytest.mark.parametrize("retained", [False, True])
def test_messages_are_taken_whether_or_not_the_broker_marks_them_retained(desk, retained):
    """CHA-003, for what a hub receives."""
    box = add_box(desk.engine)
    box.rate(4, 4, 1_000)
    together(desk, box.journal(1, 5_000), box.state(5_001), retained=retained)
    assert rated(desk.engine) == 1
    assert online(desk) == 1


def test_kinds_of_entry_that_the_hub_does_not_know_are_stored_and_acknowledged(desk):
    """ENT-010."""
    box = add_box(desk.engine)
    for kind in (5, 16, 255):
        box.append(kind, 1_000, 255, 65_535)
    assert answer_to(box, desk.take(box.journal(1, 5_000)))["seq"] == 4
    assert rated(desk.engine) == 0
