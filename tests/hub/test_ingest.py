"""Entries are stored once, acknowledged after the commit, and counted in the same transaction."""

import secrets

import pytest
from onedoor_hub.store import schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import reading
from sqlalchemy import select

from tests.support.centre import Desk, add_box, answer_to, count, rated


@pytest.fixture
def desk(engine):
    return Desk(engine)


@pytest.fixture
def box(engine):
    return add_box(engine)


def gaps_of(found, incarnation=0):
    return [[gap["first"], gap["last"]] for gap in found["incarnations"][incarnation]["gaps"]]


def certificate_of(engine, box):
    with reading(engine).begin() as connection:
        return certificate(connection, box.device)


def heard(desk):
    """A device that heard the hub a second ago, on a clock that read 9,000 then."""
    return (9_000, desk.now_ms - 1_000)


def test_a_rating_is_stored_counted_and_acknowledged(desk, box):
    """ACK-001: the ack names the highest seq up to which everything is committed."""
    seq = box.rate(4, 4, 9_500)
    ack = answer_to(box, desk.take(box.journal(1, 10_000, heard=heard(desk))))
    assert ack == {
        "inc": box.incarnation.hex(),
        "boot": 1,
        "re": 10_000,
        "seq": seq,
        "utc": desk.now_ms,
    }
    assert rated(desk.engine) == 1
    with desk.engine.begin() as connection:
        row = connection.execute(select(schema.entry).where(schema.entry.c.seq == seq)).one()
        hours = connection.execute(select(schema.tally_hour)).all()
        counter = connection.execute(select(schema.counter)).one()
    assert abs(row.utc_ms - (desk.now_ms - 500)) <= row.error_ms <= 5
    assert [(h.counter, h.hour, h.scale, h.value, h.n) for h in hours] == [
        (3, row.utc_ms // 3_600_000, 4, 4, 1)
    ]
    assert counter.last_rating_ms == row.utc_ms


def test_a_message_that_comes_again_is_acknowledged_again_and_counted_once(desk, box):
    box.rate(4, 4, 9_500)
    message = box.journal(1, 10_000, heard=heard(desk))
    first = answer_to(box, desk.take(message))
    again = answer_to(box, desk.take(message, message, message))
    assert again == first
    assert rated(desk.engine) == 1
    assert count(desk.engine, schema.entry) == 2


def test_messages_may_overlap_and_come_in_any_order(desk, box):
    for number in range(100):
        box.rate(1 + number % 4, 4, 1_000 + number)
    parts = [box.journal(first, 10_000, 10) for first in range(1, 101, 7)]
    secrets.SystemRandom().shuffle(parts)
    ack = answer_to(box, desk.take(*parts, box.journal(99, 10_000, 10)))
    assert ack["seq"] == 101
    assert rated(desk.engine) == 100
    found = certificate_of(desk.engine, box)["incarnations"][0]
    assert (found["received"], found["gaps"], found["chain_state"]) == (101, [], "unbroken")


def test_a_gap_is_named_and_holds_the_acknowledgement_back_until_it_is_filled(desk, box):
    for number in range(9):
        box.rate(4, 4, 1_000 + number)
    ack = answer_to(box, desk.take(box.journal(1, 5_000, 2), box.journal(5, 5_000, 2)))
    assert ack["seq"] == 2
    ack = answer_to(box, desk.take(box.journal(9, 5_000, 1)))
    assert ack["seq"] == 2
    found = certificate_of(desk.engine, box)
    assert gaps_of(found) == [[3, 4], [7, 8]]
    assert (found["received"], found["expected"]) == (5, 9)
    assert answer_to(box, desk.take(box.journal(3, 5_000, 2)))["seq"] == 6
    assert answer_to(box, desk.take(box.journal(7, 5_000, 4)))["seq"] == 10
    assert gaps_of(certificate_of(desk.engine, box)) == []


def test_entries_announced_in_the_birth_but_never_sent_are_a_gap(desk, box):
    box.rate(4, 4, 1_000)
    box.rate(3, 4, 2_000)
    desk.take(box.journal(1, 5_000, 1), box.state(5_000))
    assert gaps_of(certificate_of(desk.engine, box)) == [[2, 3]]


def test_a_birth_is_answered_with_where_the_hub_stands(desk, box):
    box.rate(4, 4, 1_000)
    assert answer_to(box, desk.take(box.state(500)))["seq"] == 0
    desk.take(box.journal(1, 5_000))
    assert answer_to(box, desk.take(box.state(6_000)))["seq"] == 2


def test_a_will_and_a_retained_birth_are_kept_but_not_answered(desk, box):
    assert desk.take(box.state(500, online=0)) == []
    assert desk.take(box.state(600), retained=True) == []
    with desk.engine.begin() as connection:
        assert connection.execute(select(schema.device_state)).one().online == 1


def test_a_new_incarnation_counts_beside_the_old_one(desk, box):
    box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000))
    wiped = type(box)(box.centre, box.device, box.key, secrets.token_bytes(8))
    wiped.start_boot()
    wiped.rate(4, 4, 1_000)
    assert answer_to(wiped, desk.take(wiped.journal(1, 5_000)))["seq"] == 2
    assert rated(desk.engine) == 2


def test_the_time_of_a_boot_that_never_heard_the_hub_is_not_invented(desk, box):
    box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000))
    with desk.engine.begin() as connection:
        row = connection.execute(select(schema.entry).where(schema.entry.c.seq == 2)).one()
        days = connection.execute(select(schema.tally_day)).all()
        assert connection.execute(select(schema.tally_hour)).all() == []
    assert (row.utc_ms, row.error_ms) == (None, None)
    assert [(day.day, day.n) for day in days] == [(0, 1)]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("entry_changed", lambda box: box.entries.__setitem__(1, (2, 1_000, 0x41, 0))),
        ("chain_broken", lambda box: box._chain.__setitem__(1, bytes(16))),
    ],
)
def test_a_journal_that_contradicts_itself_freezes_the_device(desk, box, code, change):
    box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000))
    change(box)
    ack = answer_to(box, desk.take(box.journal(2, 6_000)))
    assert (ack["refused"], ack["seq"]) == (code, 0)
    assert desk.refused() == {code: 1}
    box.rate(4, 4, 7_000)
    assert answer_to(box, desk.take(box.journal(3, 8_000)))["refused"] == "frozen"
    assert rated(desk.engine) == 1
    found = certificate_of(desk.engine, box)
    assert found["status"] == "frozen"
    assert code in found["reason"]


def test_a_boot_counter_that_runs_backwards_freezes_the_device(desk, box):
    box.boot = 7
    box.start_boot()
    desk.take(box.journal(1, 5_000, 1), box.journal(2, 5_000))
    box.boot = 2
    box.start_boot()
    assert answer_to(box, desk.take(box.journal(3, 10)))["refused"] == "boot_backwards"


def test_writers_restart_and_go_on_where_the_database_stands(desk, box):
    for number in range(300):
        box.rate(4, 4, 1_000 + number)
        if number % 50 == 49:
            first = answer_to(box, desk.take(box.state(5_000 + number)))["seq"] + 1
            desk.take(*[box.journal(at, 6_000) for at in range(first, len(box.entries) + 1, 32)])
    assert rated(desk.engine) == 300
