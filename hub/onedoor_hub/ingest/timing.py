"""When did it happen? The offset between a device's clock and UTC, with honest bounds.

A Pico has no battery clock, so entries carry milliseconds since boot (TIM clauses). A message
made at ``now`` and received at hub time R gives ``offset <= R - now``; an acknowledgement sent at
hub time H and heard at device time D gives ``offset >= H - D``. Every message narrows the
interval (the idea is Cristian's, 1989, taken from both ends); crystal drift widens it again.
"""

from dataclasses import dataclass

# The Pico's crystal is specified at ±30 ppm with ageing and temperature on top.
DRIFT_PPM = 100

# A rating counts in an hour and a day only where its time is known at least this well.
USABLE_ERROR_MS = 30 * 60 * 1000


@dataclass(frozen=True)
class Clock:
    """Offset bounds (UTC ms = device ms + offset) as they stood at device time ``at_ms``."""

    at_ms: int
    low_ms: int | None  # None until the device has heard the hub in this boot
    high_ms: int


def _drift_ms(elapsed_ms: int) -> int:
    return abs(elapsed_ms) * DRIFT_PPM // 1_000_000 + (1 if elapsed_ms else 0)


def observed(now_ms: int, received_ms: int, heard: tuple[int, int] | None) -> Clock:
    """The bounds that one message gives: its ``now``, the hub time it arrived, its ``heard``."""
    low_ms = None
    if heard is not None and heard[0] <= now_ms:
        heard_at_ms, hub_ms = heard
        low_ms = hub_ms - heard_at_ms - _drift_ms(now_ms - heard_at_ms)
    high_ms = received_ms - now_ms
    if low_ms is not None and low_ms > high_ms:
        low_ms = None  # the hub's clock was set back between its answer and this arrival
    return Clock(now_ms, low_ms, high_ms)


def narrowed(known: Clock | None, seen: Clock) -> Clock:
    """Both bounds together. Where they contradict each other the hub's clock was set: the new
    observation wins."""
    if known is None:
        return seen
    drift_ms = _drift_ms(seen.at_ms - known.at_ms)
    high_ms = min(known.high_ms + drift_ms, seen.high_ms)
    lows = [seen.low_ms] if seen.low_ms is not None else []
    if known.low_ms is not None:
        lows.append(known.low_ms - drift_ms)
    low_ms = max(lows) if lows else None
    if low_ms is not None and low_ms > high_ms:
        return seen
    return Clock(max(known.at_ms, seen.at_ms), low_ms, high_ms)


def utc_of(t_ms: int, clock: Clock | None) -> tuple[int, int] | tuple[None, None]:
    """(UTC ms, error ms) of device time ``t_ms``; the true time lies within ± error.

    (None, None) where the clock has not been bounded from both sides.
    """
    if clock is None or clock.low_ms is None:
        return None, None
    half_ms = (clock.high_ms - clock.low_ms + 1) // 2
    return t_ms + clock.low_ms + half_ms, half_ms + _drift_ms(clock.at_ms - t_ms)


def usable(error_ms: int | None) -> bool:
    """True where a time is known well enough for views by hour and day."""
    return error_ms is not None and error_ms <= USABLE_ERROR_MS
