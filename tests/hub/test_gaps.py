"""A gap is found, named, filled or declared missing, and what it hides never goes unsaid."""

import random

import pytest
from onedoor_hub.ingest.orders import MISSING_AFTER_S
from onedoor_hub.store import gaps, schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import reading
from sqlalchemy import select

from tests.support.centre import answer_to, count, rated
from tests.support.down import Down
from tests.support.proof import differences

WEEK_S = MISSING_AFTER_S


@pytest.fixture
def down(engine):
    """A hub with one box of 40 ratings, that tells devices what it wants."""
    made = Down(engine)
    for number in range(40):
        made.box.rate(1 + number % 4, 4, 1_000 + number)
    return made


def the_incarnation(down):
    with reading(down.engine).begin() as connection:
        return certificate(connection, down.box.device)["incarnations"][0]


def named(down, to_come=False):
    """Gaps as (first, last, state), without what the box only told of unless asked for."""
    found = [(one["first"], one["last"], one["state"]) for one in the_incarnation(down)["gaps"]]
    return [one for one in found if to_come or one[2] != "to come"]


def rows(engine):
    with reading(engine).begin() as connection:
        return connection.execute(select(schema.gap).order_by(schema.gap.c.found_first)).all()


def test_a_gap_is_a_row_until_it_is_filled(down):
    """RSN-001: named from the moment on that a later entry came."""
    down.take(down.box.journal(1, 5_000, 4), down.box.journal(9, 5_000, 4))
    (row,) = rows(down.engine)
    assert (row.first, row.last, row.state) == (5, 8, gaps.OPEN)
    assert row.found_ms == down.desk.now_ms
    assert row.prev == down.box._chain[8]
    assert named(down) == [(5, 8, "open")]
    assert the_incarnation(down)["chain_state"] == "waiting"
    assert answer_to(down.box, down.take(down.box.journal(5, 5_000, 4)))["seq"] == 12
    assert rows(down.engine) == []
    assert named(down) == []


def test_a_gap_that_is_filled_from_the_middle_is_two_with_the_chain_value_behind_each(down):
    box = down.box
    down.take(box.journal(1, 5_000, 2), box.journal(20, 5_000, 2), box.journal(9, 5_000, 3))
    first, second = rows(down.engine)
    assert [(row.first, row.last) for row in (first, second)] == [(3, 8), (12, 19)]
    assert (first.prev, second.prev) == (box._chain[8], box._chain[19])
    down.take(box.journal(17, 5_000, 3), box.journal(3, 5_000, 2))
    assert named(down) == [(5, 8, "open"), (12, 16, "open")]
    assert differences(down.engine) == []


@pytest.mark.parametrize("seed", range(6))
def test_the_rows_are_exactly_the_holes_whatever_comes_in_whatever_order(down, seed):
    """ACK-002, JRN-008: after each message, in batches of any size, again and again."""
    dice = random.Random(seed)
    box, held, acked = down.box, set(), 0
    for _ in range(12):
        messages = []
        for _ in range(dice.randint(1, 4)):
            first, n = dice.randint(1, 41), dice.randint(1, 6)
            messages.append(box.journal(first, 5_000, n))
            held |= set(range(first, min(first + n, 42)))
        acked = answer_to(box, down.take(*messages))["seq"]
        holes = [seq for first, last, _ in named(down) for seq in range(first, last + 1)]
        assert holes == [seq for seq in range(1, max(held)) if seq not in held]
        assert acked == min(set(range(1, 43)) - held) - 1
    assert differences(down.engine) == []
    down.take(*[box.journal(first, 5_000) for first in (1, 33)])
    assert named(down) == []
    assert rated(down.engine) == 40


def test_a_gap_is_declared_missing_after_seven_days_and_the_acknowledgement_passes_it(down):
    """RSN-005 ACK-002: it is named for ever, and what comes behind it goes on."""
    box = down.box
    down.take(box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    down.stay(WEEK_S - 3600)
    assert len(down.asked) >= 3
    assert answer_to(box, down.take(box.journal(11, 6_000, 2)))["seq"] == 4, "not a minute early"
    down.stay(2 * 3600)
    assert named(down) == [(5, 8, "missing")]
    assert answer_to(box, down.take(box.journal(11, 7_000, 2)))["seq"] == 12
    assert answer_to(box, down.take(box.journal(13, 8_000, 20)))["seq"] == 32, "and goes on"
    down.take(box.journal(33, 9_000))
    found = the_incarnation(down)
    assert found["chain_state"] == "missing"
    with reading(down.engine).begin() as connection:
        whole = certificate(connection, box.device)
    assert (whole["received"], whole["expected"], whole["missing"]) == (37, 41, 4)
    assert differences(down.engine) == []


def test_what_was_declared_missing_is_taken_and_counted_when_it_comes_after_all(down):
    """RSN-004: a late one is still taken; the gap's row says that it was closed."""
    box = down.box
    down.take(box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    down.stay(WEEK_S + 3600)
    assert named(down) == [(5, 8, "missing")]
    assert answer_to(box, down.take(box.journal(6, 9_000, 2)))["seq"] == 12
    assert named(down) == [(5, 5, "missing"), (8, 8, "missing")]
    assert answer_to(box, down.take(box.journal(1, 9_500, 32), box.journal(33, 9_500)))["seq"] == 41
    assert named(down) == []
    assert the_incarnation(down)["chain_state"] == "unbroken"
    assert {row.state for row in rows(down.engine)} == {gaps.CLOSED}
    assert the_incarnation(down)["closed_gaps"] == 2
    assert rated(down.engine) == 40
    assert differences(down.engine) == []


def test_a_forged_filling_of_a_missing_gap_is_refused(down):
    """CHN-003: the entry behind the gap still binds what may come before it."""
    box = down.box
    down.take(box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    down.stay(WEEK_S + 3600)
    box.entries[6] = (2, 1_006, 0x41, 0)
    assert answer_to(box, down.take(box.journal(5, 9_000, 4)))["refused"] == "chain_broken"
    assert named(down) == [(5, 8, "missing")]


def test_a_box_that_was_away_all_week_keeps_its_chance(down):
    """RSN-005: nothing is declared missing that the box was not there to be asked for."""
    box = down.box
    down.take(box.state(4_000, online=0), box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    down.pass_time(3 * WEEK_S)
    assert down.asked == []
    assert named(down) == [(5, 8, "open")]
    assert answer_to(box, down.take(box.state(6_000)))["seq"] == 4
    down.pass_time(5)
    assert [(one["first"], one["last"]) for one in down.asked] == [(5, 8)]
    assert answer_to(box, down.take(box.journal(5, 7_000, 4)))["seq"] == 12


def test_what_the_box_has_let_go_is_missing_at_once(down):
    """RSN-004: a hub restored from a backup lacks what it had acknowledged; the box goes on."""
    box = down.box
    down.take(box.journal(1, 5_000, 4))
    box.acked = 8
    down.take(box.state(6_000))
    assert named(down, to_come=True) == [(5, 8, "missing"), (9, 41, "to come")]
    assert answer_to(box, down.take(box.journal(9, 7_000, 4)))["seq"] == 4
    down.pass_time(1)
    assert named(down, to_come=True) == [(5, 8, "missing"), (13, 41, "to come")]
    assert answer_to(box, down.take(box.journal(13, 8_000)))["seq"] == 41
    assert down.asked == []
    assert differences(down.engine) == []


def test_a_wiped_box_leaves_its_old_gap_and_nobody_is_asked_for_it(down):
    box = down.box
    down.take(box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    wiped = down.wiped()
    down.take(wiped.state(100), wiped.journal(1, 200))
    down.pass_time(3600)
    assert down.asked == []
    assert named(down) == [(5, 8, "open")]
    down.pass_time(WEEK_S)
    assert named(down) == [(5, 8, "missing")]


def test_seven_days_are_counted_by_no_clock_that_can_be_set(down):
    """A hub whose clock leaps ten years ahead gives nothing up."""
    box = down.box
    down.take(box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000, 4))
    down.pass_time(120)
    assert len(down.asked) >= 3
    down.desk.now_ms += 10 * 365 * 86_400_000
    down.pass_time(120)
    assert named(down) == [(5, 8, "open")]


def test_a_released_journal_is_closed_and_the_box_goes_on_with_a_new_one(down):
    """ERR-005, ERR-007: what was stored stays, and neither history goes on."""
    box = down.box
    down.take(box.journal(1, 5_000, 20))
    before = rated(down.engine)
    box.entries[19] = (2, 77, 0x41, 0)
    assert answer_to(box, down.take(box.journal(20, 6_000, 1)))["refused"] == "entry_changed"
    assert the_incarnation(down)["chain_state"] == "frozen"
    said = down.command("release", box.device, "--reason", "the box was restored from a copy")
    assert "mpremote rm -r :state" in said
    refused = answer_to(box, down.take(box.journal(21, 7_000)))
    assert (refused["refused"], refused["seq"]) == ("frozen", 0)
    wiped = down.wiped()
    wiped.rate(4, 4, 50)
    assert answer_to(wiped, down.take(wiped.state(90)))["seq"] == 0
    assert answer_to(wiped, down.take(wiped.journal(1, 100)))["seq"] == 2
    assert rated(down.engine) == before + 1
    found = the_incarnation(down)
    assert found["chain_state"] == "closed"
    assert "restored from a copy (entry_changed" in found["released"]
    assert "  active  " in down.command("list")
    assert differences(down.engine) == []


def test_only_a_frozen_device_can_be_released(down):
    for device, text in ((down.box.device, "is active, not frozen"), ("box-9", "no device")):
        assert text in down.command("release", device, "--reason", "because", status=1)
    assert "in words" in down.command("release", down.box.device, "--reason", " ", status=2)


def test_the_reason_for_freezing_stands_in_the_list_and_the_certificate(down):
    box = down.box
    down.take(box.journal(1, 5_000, 20))
    box._chain[20] = bytes(16)
    down.take(box.journal(21, 6_000, 1))
    assert "frozen (chain_broken" in down.command("list")
    with reading(down.engine).begin() as connection:
        assert "chain_broken" in certificate(connection, box.device)["reason"]
    assert the_incarnation(down)["chain_state"] == "frozen"
    down.pass_time(WEEK_S + 3600)
    assert down.asked == []


def test_gaps_of_a_database_of_before_are_entered_when_it_is_brought_up_to_date(down):
    """The migration's own statement, run over entries with holes."""
    from importlib import import_module

    from sqlalchemy import delete, text

    migration = import_module("onedoor_hub.store.migrations.versions.0003_gaps_spans_orders")
    box = down.box
    down.take(*[box.journal(first, 5_000, 3) for first in (4, 11, 30)])
    kept = [(row.first, row.last, row.found_ms) for row in rows(down.engine)]
    with down.engine.begin() as connection:
        connection.execute(delete(schema.gap))
        connection.execute(text(migration._GAPS))
    assert [(row.first, row.last, row.found_ms) for row in rows(down.engine)] == kept
    assert kept == [(1, 3, down.desk.now_ms), (7, 10, down.desk.now_ms), (14, 29, down.desk.now_ms)]
    assert count(down.engine, schema.gap, schema.gap.c.found_first != schema.gap.c.first) == 0
