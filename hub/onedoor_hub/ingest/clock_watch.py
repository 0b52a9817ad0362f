"""Was the hub's clock set? Times given around then are wrong by as much, so a person must know."""

import datetime

import structlog

from onedoor_hub.health import Health

STEP_MS = 60_000  # a clock that is disciplined is moved by less, and slowly
SHOWN_S = 24 * 3600

log = structlog.get_logger()


class ClockWatch:
    """Compares the hub's clock with a steady one and remarks each step for a day."""

    def __init__(self, health: Health):
        self._health = health
        self._offset_ms: float | None = None
        self._until_s = float("inf")

    def look(self, utc_ms: int, steady_s: float) -> None:
        """Take a reading of both clocks, made together."""
        offset_ms = utc_ms - steady_s * 1000
        known_ms, self._offset_ms = self._offset_ms, offset_ms
        if known_ms is not None and abs(offset_ms - known_ms) >= STEP_MS:
            was, now = _written(utc_ms - (offset_ms - known_ms)), _written(utc_ms)
            self._health.remark("clock", f"{was} -> {now}")
            self._until_s = steady_s + SHOWN_S
            log.warning("the clock was set", was=was, now=now)
        elif steady_s >= self._until_s:
            self._health.remark("clock", "")
            self._until_s = float("inf")


def _written(utc_ms: float) -> str:
    moment = datetime.datetime.fromtimestamp(utc_ms / 1000, datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"
