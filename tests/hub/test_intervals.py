"""What is said of times that are not known, and what a clock that is set does to those that are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onedoor_hub.ingest.spans import bounds
from onedoor_hub.ingest.timing import Clock, narrowed, observed, usable
from onedoor_hub.store import schema, spans
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import reading
from onedoor_hub.store.spans import Span
from sqlalchemy import select

from tests.support.centre import answer_to, rated
from tests.support.down import Down
from tests.support.proof import differences

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
IN_2021_MS = 1_610_000_000_000
MADE_MS = 1_800_000_000_000


@pytest.fixture
def down(engine):
    made = Down(engine)
    made.desk.now_ms += HOUR_MS
    return made


def meet(down, now_ms=10_000):
    """The box of the present boot hears the hub and sends what it has; dated to some ms."""
    heard = (now_ms - 10, down.desk.now_ms - 10)
    first = down.box.boots.index(down.box.boot) + 1
    down.take(down.box.journal(first, now_ms, heard=heard))


def undated(down):
    with reading(down.engine).begin() as connection:
        return certificate(connection, down.box.device)["incarnations"][0]["undated"]


def days(down):
    with reading(down.engine).begin() as connection:
        return {row.day: row.n for row in connection.execute(select(schema.tally_day))}


def test_a_boot_that_never_met_a_hub_lies_between_its_neighbours(down):
    """TIM-005: no time is invented; it was after the boot before and before the boot after."""
    box = down.box
    meet(down)
    before_ms = down.desk.now_ms
    box.start_boot()
    box.rate(4, 4, 600_000)
    box.start_boot()
    down.desk.now_ms += 5 * HOUR_MS
    started_ms = down.desk.now_ms - 10_000
    meet(down)
    down.take(box.journal(2, 10_500, heard=(10_400, down.desk.now_ms)))
    (one,) = undated(down)
    assert (one["boot"], one["ratings"]) == (2, 1)
    assert before_ms - 100 <= one["earliest_ms"] <= before_ms
    assert started_ms - 1000 <= one["latest_ms"] <= started_ms + 100
    assert days(down) == {0: 1}
    with reading(down.engine).begin() as connection:
        assert connection.execute(select(schema.tally_hour)).all() == []
        assert spans.between(connection, 1, 3) == (one["earliest_ms"], one["latest_ms"])
    assert differences(down.engine) == []


def test_the_first_boots_of_a_box_are_after_its_key_was_made(down):
    box = down.box
    box.rate(4, 4, 5_000)
    box.start_boot()
    down.take(box.journal(1, 2_000))
    (one,) = undated(down)
    with reading(down.engine).begin() as connection:
        made_ms = connection.scalar(select(schema.device.c.created_ms))
    assert one["earliest_ms"] == made_ms
    assert down.desk.now_ms - 3_000 <= one["latest_ms"] <= down.desk.now_ms
    meet(down)
    assert undated(down)[0]["latest_ms"] <= down.desk.now_ms - 10_000 + 100, "narrower: it met"


def test_a_counter_with_one_unbounded_boot_has_no_bound_on_that_side(down):
    box = down.box
    box.rate(4, 4, 5_000)
    box.start_boot()
    box.rate(4, 4, 5_000)
    down.take(box.journal(1, 2_000), box.journal(3, 6_000))
    with down.engine.begin() as connection:
        table = schema.boot_span
        connection.execute(table.update().where(table.c.boot == 1).values(earliest_ms=None))
        assert spans.between(connection, 1, 3)[0] is None
        assert spans.between(connection, 1, 3)[1] is not None
        assert spans.between(connection, 1, 4) == (None, None), "a counter without any"


def test_a_clock_that_is_off_by_hours_leaves_the_hourly_views_alone(down):
    """TIM-004: heard long ago and the bounds far apart: the interval is the clock's own."""
    box = down.box
    box.rate(4, 4, 5_000)
    down.desk.now_ms += 10 * HOUR_MS
    heard = (10, down.desk.now_ms - 10 * HOUR_MS)
    down.take(box.journal(1, 20_000, heard=heard))
    with reading(down.engine).begin() as connection:
        row = connection.execute(select(schema.entry).where(schema.entry.c.kind == 2)).one()
    assert not usable(row.error_ms)
    (one,) = undated(down)
    assert one["earliest_ms"] <= heard[1]
    assert one["latest_ms"] >= down.desk.now_ms - 20_000
    assert days(down) == {0: 1}


true_ms = st.integers(0, 10 * HOUR_MS)


@given(
    st.lists(st.tuples(true_ms, true_ms, st.booleans(), st.integers(0, 4000)), min_size=1),
    st.integers(0, HOUR_MS),
)
def test_the_truth_always_lies_between_the_bounds(boots, flashed_ms):
    """TIM-005: any number of boots, some of which met the hub, with any pauses and delays."""
    at_ms, clocks, unknown, truth = MADE_MS + flashed_ms, {}, {}, {}
    for boot, (pause_ms, ran_ms, met, delay_ms) in enumerate(boots, 1):
        at_ms += pause_ms
        truth[boot] = at_ms
        if met:
            heard = (ran_ms // 2, at_ms + ran_ms // 2)
            clocks[boot] = observed(ran_ms, at_ms + ran_ms + delay_ms, heard)
        else:
            unknown[boot] = Span(boot, ran_ms, 1)
        at_ms += ran_ms
    for boot, (earliest_ms, latest_ms) in bounds(clocks, unknown, MADE_MS).items():
        assert earliest_ms <= truth[boot]
        assert latest_ms is None or truth[boot] <= latest_ms


def test_neighbours_that_contradict_each_other_bound_nothing():
    """The hub's clock was set in between: nobody knows which of both was right."""
    clocks = {1: Clock(0, MADE_MS + YEAR_MS, 0, MADE_MS + YEAR_MS), 3: Clock(0, None, 0, MADE_MS)}
    assert bounds(clocks, {2: Span(2, 100, 1)}, MADE_MS - 1) == {2: (None, None)}


JUMPS = {
    "2021": lambda now_ms: IN_2021_MS,
    "an hour ahead": lambda now_ms: now_ms + HOUR_MS,
    "an hour back": lambda now_ms: now_ms - HOUR_MS,
    "ten years ahead": lambda now_ms: now_ms + 10 * YEAR_MS,
    "ten years back": lambda now_ms: now_ms - 10 * YEAR_MS,
}


@pytest.mark.parametrize("when", ["in a boot", "between boots", "in an outage", "there and back"])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_of_the_hubs_clock_costs_no_count_and_no_order(down, jump, when):
    """TIM-006 ACK-004: each time follows the hub's clock of one side of the jump, or is marked."""
    box, readings, device_ms = down.box, [], 0

    def rate_for(seconds, away=False):
        """The box is rated each 20 s; where it is not away it talks with the hub meanwhile."""
        nonlocal device_ms
        for _ in range(seconds // 20):
            seq = box.rate(4, 4, device_ms + 5_000)
            readings.append((seq, down.desk.now_ms + 5_000))
            if not away:
                heard = (device_ms + 8_000, down.desk.now_ms + 8_000) if device_ms else None
                down.desk.now_ms += 10_000
                down.take(box.journal(seq - 1, device_ms + 10_000, heard=heard))
                down.desk.now_ms += 10_000
            else:
                down.desk.now_ms += 20_000
            device_ms += 20_000

    rate_for(100)
    before_ms = down.desk.now_ms
    if when == "between boots":
        box.start_boot()
        device_ms = 0
    if when == "in an outage":
        rate_for(60, away=True)
    down.desk.now_ms = after_ms = JUMPS[jump](down.desk.now_ms)
    rate_for(100)
    if when == "there and back":
        down.desk.now_ms = before_ms + 100_000
        rate_for(100)
    for first in range(1, len(box.entries) + 1, 32):
        ack = answer_to(box, down.take(box.journal(first, device_ms + 100 + first)))
    while ack["seq"] < len(box.entries):
        ack = answer_to(box, down.take(box.journal(ack["seq"] + 1, device_ms + 500 + ack["seq"])))
    assert ack["utc"] == down.desk.now_ms, "the box hears the hub's clock as it is"
    assert rated(down.engine) == len(readings)
    assert differences(down.engine) == []
    shift_ms = abs(after_ms - before_ms)
    with reading(down.engine).begin() as connection:
        found = connection.execute(
            select(schema.entry).where(schema.entry.c.kind == 2).order_by(schema.entry.c.seq)
        ).all()
    assert [row.seq for row in found] == [seq for seq, _ in readings], "none lost, in order"
    for row, (_, read_ms) in zip(found, readings, strict=True):
        if usable(row.error_ms):
            off_ms = abs(row.utc_ms - read_ms)
            either = min(off_ms, abs(off_ms - shift_ms))
            assert either <= row.error_ms + HOUR_MS // 20, f"seq {row.seq} is of neither clock"
    dated = sum(1 for row in found if usable(row.error_ms))
    assert dated >= len(found) // 3, "the clock is learnt again"
    assert days(down).get(0, 0) == len(found) - dated == sum(n["ratings"] for n in undated(down))


def test_a_clock_of_no_sense_breaks_nothing(down):
    """1970 and 9999, the ends of what an ack can say, in a centre east of Greenwich."""
    box = down.box
    with down.engine.begin() as connection:
        connection.execute(schema.centre.update().values(time_zone="Asia/Vientiane"))
    for number, now_ms in enumerate((0, 253402300799999, 1, 253402300799990, 20_000)):
        down.desk.now_ms = now_ms
        seq = box.rate(4, 4, 5_000 + number)
        heard = (9_000 + number, max(0, now_ms - 1_000))
        ack = answer_to(box, down.take(box.journal(seq, 10_000 + number, heard=heard)))
        assert ack["utc"] == now_ms
    down.take(box.journal(1, 20_000))
    assert rated(down.engine) == 5
    assert down.desk.health.counts().get(("failed", "message"), 0) == 0
    assert differences(down.engine) == []


def test_what_was_undated_counts_once_and_stays_out_when_it_comes_again(down):
    box = down.box
    box.rate(4, 4, 5_000)
    box.start_boot()
    message = box.journal(1, 2_000)
    down.take(message, message)
    meet(down)
    down.take(message)
    assert undated(down)[0]["ratings"] == 1
    assert days(down) == {0: 1}
    assert narrowed(None, observed(1, 1, None)).low_ms is None
