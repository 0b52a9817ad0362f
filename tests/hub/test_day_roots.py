"""A day's root covers what was received that day, for good; what comes late has its own."""

import datetime

import pytest
from onedoor_hub.proof.bundles import leaves_of, prove_entry
from onedoor_hub.proof.days import DayCloser, DayTree
from onedoor_hub.proof.forms import NO_ROOT
from onedoor_hub.proof.merkle import tree_hash
from onedoor_hub.store import roots, schema
from onedoor_hub.store.devices import StoreError
from onedoor_hub.store.engine import snapshot
from sqlalchemy import func, select

from tests.support.ports import wait_until
from tests.support.proof import DAY_MS, FIRST_DAY, Days, at_ms, differences

SECOND_DAY = FIRST_DAY + datetime.timedelta(1)
THIRD_DAY = FIRST_DAY + datetime.timedelta(2)


@pytest.fixture
def days(engine):
    return Days(engine)


def stored(engine):
    with snapshot(engine) as connection:
        return roots.roots(connection)


def test_each_day_gets_one_root_over_the_entries_received_on_it(days):
    assert days.close_both() == [
        ("vientiane", FIRST_DAY.isoformat(), 4 + 5 + 6 + 7 + 8),
        ("vientiane", SECOND_DAY.isoformat(), 5 + 6 + 7 + 8),
    ]
    assert differences(days.engine) == []


def test_each_root_covers_the_one_before(days):
    days.close_both()
    first, second = stored(days.engine)
    assert (first.no, first.prev, second.no, second.prev) == (1, None, 2, first.root)
    with snapshot(days.engine) as connection:
        bundle = prove_entry(connection, days.boxes[0].device, days.boxes[0].incarnation.hex(), 2)
    assert bundle.head.prev == NO_ROOT.hex()
    assert bundle.head.root(first.tree) == first.root


def test_leaves_are_ordered_by_counter_device_incarnation_and_seq(days):
    days.close_both()
    with snapshot(days.engine) as connection:
        (root, _) = roots.roots(connection)
        leaves = leaves_of(connection, root)
    assert [leaf.counter for leaf in leaves] == [2] * 6 + [3] * 15 + [4] * 9
    assert leaves == sorted(leaves, key=lambda leaf: (leaf.counter, *leaf[:3]))
    assert tree_hash([leaf.hash for leaf in leaves]) == root.tree


def test_a_day_is_open_until_a_few_minutes_after_its_end(days):
    assert days.close(FIRST_DAY, 23.99) == []
    assert days.close(SECOND_DAY, 0.05) == []
    assert days.close(SECOND_DAY, 0.1) == [("vientiane", FIRST_DAY.isoformat(), 30)]
    assert days.close(SECOND_DAY, 0.1) == []


def test_several_days_with_the_hub_off_are_closed_each_by_its_own_root(days):
    """Closed together, with days between that had no entries."""
    made = days.close(SECOND_DAY + datetime.timedelta(10))
    assert [(day, size) for _, day, size in made] == [("2026-11-19", 30), ("2026-11-20", 26)]
    assert differences(days.engine) == []


def test_what_is_stored_late_for_a_closed_day_goes_under_a_supplement(days):
    """Ratings that waited over midnight for a locked database, with the time they arrived."""
    days.close(SECOND_DAY)
    before = stored(days.engine)
    box = days.boxes[0]
    box.rate(4, 4, 900_000)
    days.receive(box, at_ms(FIRST_DAY, 23.9), len(box.entries))
    assert days.close(THIRD_DAY) == [
        ("vientiane", FIRST_DAY.isoformat(), 1),
        ("vientiane", SECOND_DAY.isoformat(), 26),
    ]
    assert stored(days.engine)[: len(before)] == before
    assert differences(days.engine) == []


def test_a_clock_that_was_ahead_and_set_back_leaves_no_entry_without_a_root(days):
    box = days.boxes[0]
    box.rate(4, 4, 900_000)
    days.receive(box, at_ms(SECOND_DAY, 12) + 3650 * DAY_MS, len(box.entries))
    box.rate(1, 4, 901_000)
    days.receive(box, at_ms(SECOND_DAY, 12), len(box.entries))
    made = days.close(THIRD_DAY)
    assert [size for _, _, size in made] == [30, 27, 1]
    assert [day for _, day, _ in made][-1].startswith("2036-")
    assert differences(days.engine) == []


def test_entries_that_fill_a_gap_of_a_closed_day_are_covered_once(days):
    box = days.boxes[1]
    for press in range(20):
        box.rate(4, 4, 900_000 + press)
    newest = len(box.entries)
    days.receive(box, at_ms(SECOND_DAY, 15), newest - 4)
    days.close_both()
    days.receive(box, at_ms(THIRD_DAY, 9), newest - 19)
    made = days.close(THIRD_DAY + datetime.timedelta(1))
    assert [size for _, _, size in made] == [15]
    with snapshot(days.engine) as connection:
        sizes = connection.scalar(select(func.sum(schema.day_root.c.size)))
        entries = connection.scalar(select(func.count()).select_from(schema.entry))
    assert sizes == entries
    assert differences(days.engine) == []


def test_a_second_process_that_closes_the_same_day_changes_nothing(days, monkeypatch):
    """Both have read the same entries; the other writes while this one computes the tree."""
    compute = DayTree.hash

    def slower(tree):
        monkeypatch.setattr(DayTree, "hash", compute)
        assert len(days.close(THIRD_DAY)) == 2
        return compute(tree)

    monkeypatch.setattr(DayTree, "hash", slower)
    assert days.close(THIRD_DAY) == []
    assert [root.no for root in stored(days.engine)] == [1, 2]
    assert differences(days.engine) == []


def test_the_hub_closes_days_by_itself_and_ends_when_asked(days):
    closer = DayCloser(days.engine, lambda: at_ms(SECOND_DAY, 1))
    closer.start()
    wait_until(lambda: len(stored(days.engine)) == 1, what="the first day is closed")
    closer.stop()
    assert [root.day for root in stored(days.engine)] == [FIRST_DAY.toordinal()]


def test_an_entry_of_the_running_day_is_under_no_root_yet(days):
    days.close(SECOND_DAY)
    box = days.boxes[0]
    with snapshot(days.engine) as connection, pytest.raises(StoreError, match="under no root yet"):
        prove_entry(connection, box.device, box.incarnation.hex(), len(box.entries))
    with snapshot(days.engine) as connection, pytest.raises(StoreError, match="no entry"):
        prove_entry(connection, box.device, box.incarnation.hex(), 999)
