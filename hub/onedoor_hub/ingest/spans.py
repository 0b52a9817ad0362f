"""When did a boot begin whose clock never met the hub's? Between what its neighbours say.

Boots of a journal follow one another, so such a boot began after all that is known of the boots
before it, and ended before the next began. A box cannot have made an entry before its key was
made. No time is invented: what comes out is an interval, and it stays out of days and hours.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from onedoor_hub.ingest.timing import Clock, drift_ms
from onedoor_hub.store import entries, spans
from onedoor_hub.store.devices import Device
from onedoor_hub.store.entries import Stream
from onedoor_hub.store.spans import Span


class Undated:
    """Entries of one transaction whose time is not good enough for a day, by boot."""

    def __init__(self) -> None:
        self._found: dict[int, dict[int, Span]] = {}
        self._touched: dict[int, tuple[Device, Stream]] = {}

    def count(self, device: Device, stream: Stream, boot: int, t_ms: int, rated: bool) -> None:
        """Note an entry; ``rated`` where it is a rating that counts for a counter."""
        self._touched[stream.id] = device, stream
        found = self._found.setdefault(stream.id, {})
        span = found.get(boot)
        if span is None:
            span = found[boot] = Span(boot, t_ms, 0)
        span.last_t_ms = max(span.last_t_ms, t_ms)
        span.ratings += rated

    def dated(self, device: Device, stream: Stream) -> None:
        """A boot met the hub: that says more of those before and after it."""
        self._touched[stream.id] = device, stream

    def write(self, connection: Connection) -> None:
        """Count them, and bound the boots of each stream touched; its clocks are stored."""
        for device, stream in self._touched.values():
            found = self._found.get(stream.id, {})
            spans.add(connection, stream.centre_no, stream.id, device.counter, found.values())
            known = {
                span.boot: span for span in spans.load(connection, stream.centre_no, stream.id)
            }
            if not known:
                continue
            rows = entries.load_stream_clocks(connection, stream.id)
            clocks = {boot: Clock(*row) for boot, row in rows.items()}
            changed = []
            for boot, ends in bounds(clocks, known, device.created_ms).items():
                span = known[boot]
                if (span.earliest_ms, span.latest_ms) != ends:
                    span.earliest_ms, span.latest_ms = ends
                    changed.append(span)
            spans.set_bounds(connection, stream.centre_no, stream.id, changed)


def bounds(
    clocks: Mapping[int, Clock], spans: Mapping[int, Span], key_made_ms: int
) -> dict[int, tuple[int | None, int | None]]:
    """For each boot of ``spans``: (earliest, latest) UTC ms at which it began.

    Where both contradict each other the hub's clock was set in between, and nothing is known:
    (None, None).
    """
    boots = sorted(clocks.keys() | spans.keys())
    earliest: dict[int, int] = {}
    floor_ms = key_made_ms
    for boot in boots:
        clock = clocks.get(boot)
        low_ms = clock.low_for(0) if clock else None
        earliest[boot] = floor_ms if low_ms is None else low_ms
        floor_ms = max(floor_ms, earliest[boot] + _shortest_ms(clock, spans.get(boot)))
    latest: dict[int, int | None] = {}
    ceiling_ms: int | None = None
    for boot in reversed(boots):
        clock = clocks.get(boot)
        if clock is not None:
            latest[boot] = clock.high_for(0)
        elif ceiling_ms is not None:
            latest[boot] = ceiling_ms - _shortest_ms(None, spans[boot])
        else:
            latest[boot] = None
        ceiling_ms = latest[boot]
    found: dict[int, tuple[int | None, int | None]] = {}
    for boot in spans:
        last_ms = latest[boot]
        contradictory = last_ms is not None and last_ms < earliest[boot]
        found[boot] = (None, None) if contradictory else (earliest[boot], last_ms)
    return found


def _shortest_ms(clock: Clock | None, span: Span | None) -> int:
    """How long a boot ran at least, in true time."""
    ran_ms = span.last_t_ms if span else 0
    if clock is not None:
        ran_ms = max(ran_ms, clock.low_at_ms, clock.high_at_ms)
    return ran_ms - drift_ms(ran_ms)
