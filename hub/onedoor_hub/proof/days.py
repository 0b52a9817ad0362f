"""Closing days: a Merkle root over each day's entries, made shortly after the day has ended.

An entry belongs to the day on which the hub received it, by the centre's local date: that is
known for every entry and never changes, while the time of a press may stay unknown. What is found
later for a day that has its root (a message that waited for a locked disk over midnight, a clock
that was set back) goes under a supplement: a further root of the same day. Nothing is ever added
to a root or taken from it.
"""

import datetime
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from onedoor_hub.ingest.timing import usable
from onedoor_hub.proof.forms import NO_ROOT, QUARTER_MS, Head, Leaf
from onedoor_hub.proof.merkle import tree_hash
from onedoor_hub.store import roots, scoreboard
from onedoor_hub.store.engine import snapshot
from onedoor_hub.store.tallies import local_day

GRACE_MS = 5 * 60 * 1000  # a day is closed this long after midnight, so that supplements are rare
CHECK_S = 30
_HASH_BYTES = 32

log = structlog.get_logger()


def leaf_of(device: str, incarnation: str, row: Any) -> Leaf:
    """A stored entry (a row of ``roots.entries``) as a leaf."""
    quarter = row.utc_ms // QUARTER_MS if usable(row.error_ms) else None
    counter = row.counter or 0
    chain = row.chain.hex()
    return Leaf(device, incarnation, row.seq, row.kind, row.a, row.b, quarter, counter, chain)


class DayTree:
    """The entries of one root: 32 bytes each, put in order at the end."""

    def __init__(self) -> None:
        self._hashes: dict[tuple, bytearray] = defaultdict(bytearray)
        self.runs: list[tuple[int, int, int]] = []  # (stream, first seq, last seq)
        self.size = 0

    def add(self, stream: int, leaf: Leaf) -> None:
        """Add an entry; those of one stream come by rising seq."""
        self._hashes[leaf.place[:3]] += leaf.hash
        self.size += 1
        if self.runs and self.runs[-1][0] == stream and self.runs[-1][2] == leaf.seq - 1:
            self.runs[-1] = stream, self.runs[-1][1], leaf.seq
        else:
            self.runs.append((stream, leaf.seq, leaf.seq))

    def hash(self) -> bytes:
        """The hash of the tree over all entries, ordered by counter, device, incarnation, seq."""
        return tree_hash(self._ordered())

    def _ordered(self) -> Iterator[bytes]:
        for _, hashes in sorted(self._hashes.items()):
            for at in range(0, len(hashes), _HASH_BYTES):
                yield bytes(hashes[at : at + _HASH_BYTES])


def head_of(root: Any) -> Head:
    """The head of a stored root (a row of ``roots.roots``)."""
    day = datetime.date.fromordinal(root.day).isoformat()
    return Head(root.centre_id, root.no, day, root.size, (root.prev or NO_ROOT).hex())


def close_days(engine: Engine, now_ms: int) -> list[tuple[str, str, int]]:
    """Make the roots that are due at ``now_ms``; (centre, day, size) of each that was made.

    Safe with several processes: the first to write a root's number has made it.
    """
    made = []
    with snapshot(engine) as connection:
        centres = scoreboard.centres(connection)
    for centre in centres:
        with snapshot(engine) as connection:
            trees = _collect(connection, centre, now_ms)
            no, prev = roots.newest(connection, centre.no)
        for day, tree in sorted(trees.items()):
            no += 1
            name = datetime.date.fromordinal(day).isoformat()
            hashed = tree.hash()
            root = Head(centre.id, no, name, tree.size, (prev or NO_ROOT).hex()).root(hashed)
            row = {"centre": centre.no, "no": no, "day": day, "size": tree.size}
            row |= {"tree": hashed, "root": root, "made_ms": now_ms}
            try:
                with engine.begin() as connection:
                    roots.save(connection, row, tree.runs)
            except IntegrityError:
                break  # another process has been faster, and covers the same entries
            prev = root
            made.append((centre.id, name, tree.size))
    return made


def _collect(connection: Connection, centre: Any, now_ms: int) -> dict[int, DayTree]:
    """Entries under no root yet, by day; but for the day that runs, and for a few minutes more.

    Days to come count as over: the hub's clock was ahead when it received those entries.
    """
    still_open = {
        local_day(now_ms + shift_ms, centre.time_zone) for shift_ms in (-GRACE_MS, 0, GRACE_MS)
    }
    names = roots.names(connection, centre.no)
    trees: dict[int, DayTree] = defaultdict(DayTree)
    for stream, first, last in roots.uncovered(connection, centre.no):
        for row in roots.entries(connection, centre.no, stream, first, last):
            day = local_day(row.received_ms, centre.time_zone)
            if day not in still_open:
                trees[day].add(stream, leaf_of(*names[stream], row))
    return trees


class DayCloser:
    """A thread that closes days; ``clock_ms()`` is the hub's UTC time."""

    def __init__(self, engine: Engine, clock_ms: Callable[[], int]):
        self._engine = engine
        self._clock_ms = clock_ms
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="day-closer", daemon=True)

    def start(self) -> None:
        """Start the thread; days that ended while the hub was off are closed at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a root that is being made is finished first."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        closed: list | None = None
        while not self._stopping.is_set():
            try:
                now_ms = self._clock_ms()
                days = self._days(now_ms)
                if days != closed:
                    for centre, day, size in close_days(self._engine, now_ms):
                        log.info("day closed", centre=centre, day=day, entries=size)
                    closed = days
            except SQLAlchemyError as error:
                reason = str(getattr(error, "orig", None) or error).splitlines()[0]
                log.warning("day's root not made yet", reason=reason)
            self._stopping.wait(CHECK_S)

    def _days(self, now_ms: int) -> list[tuple[int, int]]:
        with snapshot(self._engine) as connection:
            centres = scoreboard.centres(connection)
        return [(one.no, local_day(now_ms - GRACE_MS, one.time_zone)) for one in centres]
