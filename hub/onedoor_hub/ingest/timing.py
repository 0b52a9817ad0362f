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
    """Bounds of the offset (UTC ms = device ms + offset) in one boot.

    Each holds exactly at one reading of the device's clock, ``low_at_ms`` and ``high_at_ms``, and
    is wider the further from it. ``low_ms`` is None until the device has heard the hub.
    """

    low_at_ms: int
    low_ms: int | None
    high_at_ms: int
    high_ms: int

    def low_for(self, t_ms: int) -> int | None:
        """The lower bound at device time ``t_ms``."""
        return None if self.low_ms is None else self.low_ms - drift_ms(t_ms - self.low_at_ms)

    def high_for(self, t_ms: int) -> int:
        """The upper bound at device time ``t_ms``."""
        return self.high_ms + drift_ms(t_ms - self.high_at_ms)

    def contradicts_itself(self) -> bool:
        """True where no offset fits both bounds, so that the hub's clock was set in between."""
        return self.low_ms is not None and self.low_ms > self.high_for(self.low_at_ms)


def drift_ms(elapsed_ms: int) -> int:
    """The most that a crystal is off after ``elapsed_ms``, rounded up."""
    return -(-abs(elapsed_ms) * DRIFT_PPM // 1_000_000)


def observed(now_ms: int, received_ms: int, heard: tuple[int, int] | None) -> Clock:
    """The bounds that one message gives: its ``now``, the hub time it arrived, its ``heard``."""
    high_only = Clock(0, None, now_ms, received_ms - now_ms)
    if heard is None or heard[0] > now_ms:  # heard in the future is no observation
        return high_only
    heard_at_ms, hub_ms = heard
    clock = Clock(heard_at_ms, hub_ms - heard_at_ms, now_ms, received_ms - now_ms)
    return high_only if clock.contradicts_itself() else clock


def narrowed(known: Clock | None, seen: Clock) -> Clock:
    """The tighter of both bounds on each side. Where they contradict each other the hub's clock
    was set: the new observation wins (TIM-006)."""
    if known is None:
        return seen
    at_ms = seen.high_at_ms
    high = known if known.high_for(at_ms) <= seen.high_ms else seen
    low = seen
    known_low_ms, seen_low_ms = known.low_for(at_ms), seen.low_for(at_ms)
    if known_low_ms is not None and (seen_low_ms is None or known_low_ms >= seen_low_ms):
        low = known
    clock = Clock(low.low_at_ms, low.low_ms, high.high_at_ms, high.high_ms)
    return seen if clock.contradicts_itself() else clock


def utc_of(t_ms: int, clock: Clock | None) -> tuple[int, int] | tuple[None, None]:
    """(UTC ms, error ms) of device time ``t_ms``; the true time lies within ± error.

    (None, None) where the clock has not been bounded from both sides.
    """
    low_ms = clock.low_for(t_ms) if clock is not None else None
    if clock is None or low_ms is None:
        return None, None
    half_ms = (clock.high_for(t_ms) - low_ms + 1) // 2
    return t_ms + low_ms + half_ms, half_ms


def usable(error_ms: int | None) -> bool:
    """True where a time is known well enough for views by hour and day."""
    return error_ms is not None and error_ms <= USABLE_ERROR_MS
