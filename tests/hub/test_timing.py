"""When it happened: the bounds hold the truth, whatever the network and the crystal do."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onedoor_hub.ingest.timing import DRIFT_PPM, Clock, narrowed, observed, usable, utc_of

START_UTC_MS = 1_800_000_000_000
HOUR_MS = 3_600_000

delays_ms = st.integers(0, 5_000)
pauses_ms = st.integers(1, 6 * HOUR_MS)


class Truth:
    """A device whose crystal is off by ``ppm``, and the hub's true clock."""

    def __init__(self, ppm: int):
        self.ppm = ppm
        self.device_ms = 0

    def utc_ms(self, device_ms: int) -> float:
        """UTC at a reading of the device's clock."""
        return START_UTC_MS + device_ms * (1 + self.ppm / 1_000_000)

    def device_at(self, utc_ms: float) -> int:
        """The device's reading at an instant, as the device would send it."""
        return int((utc_ms - START_UTC_MS) / (1 + self.ppm / 1_000_000))


@given(
    ppm=st.integers(-DRIFT_PPM, DRIFT_PPM),
    rounds=st.lists(st.tuples(pauses_ms, delays_ms, delays_ms, st.booleans()), min_size=1),
    entry_share=st.floats(0, 1.2),
)
def test_the_true_time_always_lies_within_the_error(ppm, rounds, entry_share):
    """TIM-003, TIM-004: any delays, any drift up to 100 ppm, any entry up to and past now."""
    truth = Truth(ppm)
    clock, heard, now_ms = None, None, 0
    for pause_ms, up_ms, down_ms, forgets in rounds:
        now_ms += pause_ms
        received_ms = truth.utc_ms(now_ms) + up_ms
        clock = narrowed(clock, observed(now_ms, int(received_ms) + 1, heard))
        hub_utc_ms = int(received_ms) + 1  # the hub answers with its clock …
        heard_ms = truth.device_at(received_ms + down_ms) + 1  # … and the device hears it later
        heard = None if forgets else (heard_ms + 1, hub_utc_ms)
        now_ms = max(now_ms, heard_ms + 1)
    t_ms = int(now_ms * entry_share)
    utc_ms, error_ms = utc_of(t_ms, clock)
    if utc_ms is None or error_ms is None:
        assert clock is not None
        assert clock.low_ms is None
    else:
        # One millisecond for readings that are whole numbers.
        assert abs(utc_ms - truth.utc_ms(t_ms)) <= error_ms + 1


@given(st.lists(st.tuples(st.integers(0, 10**9), delays_ms, delays_ms), min_size=2, max_size=20))
def test_more_messages_never_make_a_time_less_certain(messages):
    """TIM-003: the tightest bounds learnt are kept; a late or repeated message spoils nothing."""
    clock, errors, last_ms = None, [], max(now_ms for now_ms, _, _ in messages)
    for now_ms, up_ms, ago_ms in sorted(messages):
        heard = (now_ms - ago_ms, START_UTC_MS + now_ms - ago_ms) if ago_ms <= now_ms else None
        clock = narrowed(clock, observed(now_ms, START_UTC_MS + now_ms + up_ms, heard))
        error_ms = utc_of(last_ms, clock)[1]
        errors.append(float("inf") if error_ms is None else error_ms)
    # One millisecond, because drift is rounded up.
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(errors))


def test_a_message_every_millisecond_does_not_wear_the_bounds_out():
    clock = observed(1_000, START_UTC_MS + 1_010, (990, START_UTC_MS + 985))
    for now_ms in range(1_001, 3_000):
        clock = narrowed(clock, observed(now_ms, START_UTC_MS + now_ms + 500, None))
    assert utc_of(1_000, clock) == (START_UTC_MS + 1_002, 8)


def test_the_example_of_the_specification():
    """TIM-003, TIM-004: the example under section 14 of SPEC.md."""
    clock = observed(60_200, 1_800_000_000_300, (60_000, 1_800_000_000_000))
    assert (clock.low_ms, clock.high_ms) == (1_799_999_940_000, 1_799_999_940_100)
    utc_ms, error_ms = utc_of(45_000, clock)
    assert utc_ms == 1_799_999_985_050
    assert error_ms in (50, 51, 52)  # and 15 s of drift, rounded up


def test_a_boot_that_never_heard_the_hub_has_no_time():
    """TIM-005."""
    assert utc_of(45_000, observed(60_200, START_UTC_MS, None)) == (None, None)
    assert utc_of(45_000, None) == (None, None)


def test_an_answer_heard_in_the_future_is_not_believed():
    """TIM-005: such a device's word gives no lower bound, so no time is invented."""
    assert observed(60_000, START_UTC_MS, (60_001, START_UTC_MS)).low_ms is None


@pytest.mark.parametrize("jump_ms", [-10 * HOUR_MS, -60_000, 60_000, 10 * HOUR_MS])
def test_the_new_clock_wins_where_the_hubs_clock_was_set(jump_ms):
    """TIM-006: after the first answer given by the new clock, times follow the new clock."""
    clock = observed(1_000, START_UTC_MS + 1_010, (990, START_UTC_MS + 990))
    set_ms = START_UTC_MS + jump_ms
    clock = narrowed(clock, observed(2_000, set_ms + 2_010, (990, START_UTC_MS + 990)))
    clock = narrowed(clock, observed(3_000, set_ms + 3_010, (2_015, set_ms + 2_012)))
    utc_ms, error_ms = utc_of(2_500, clock)
    assert utc_ms is not None
    assert error_ms is not None
    assert abs(utc_ms - (set_ms + 2_500)) <= error_ms <= 12


def test_old_times_are_less_certain_than_new_ones():
    """TIM-003: 100 ppm of a day are 8.64 s."""
    clock = observed(24 * HOUR_MS, START_UTC_MS + 24 * HOUR_MS, (24 * HOUR_MS, START_UTC_MS))
    clock = Clock(clock.high_at_ms, clock.high_ms, clock.high_at_ms, clock.high_ms)
    assert utc_of(24 * HOUR_MS, clock)[1] == 0
    assert utc_of(0, clock)[1] == 8_640


def test_a_time_is_usable_up_to_half_an_hour_of_error():
    assert [usable(error) for error in (0, 1_800_000, 1_800_001, None)] == [
        True,
        True,
        False,
        False,
    ]


@given(
    st.integers(0, 2**40 - 1),
    st.integers(0, 253402300799999),
    st.one_of(st.none(), st.tuples(st.integers(0, 2**40 - 1), st.integers(0, 253402300799999))),
    st.integers(0, 2**40 - 1),
)
def test_no_numbers_that_the_protocol_allows_break_it(now_ms, received_ms, heard, t_ms):
    clock = narrowed(observed(0, received_ms, (0, 0)), observed(now_ms, received_ms, heard))
    utc_ms, error_ms = utc_of(t_ms, clock)
    assert (utc_ms is None) == (clock.low_ms is None)
    assert error_ms is None or error_ms >= 0
    assert not clock.contradicts_itself()
