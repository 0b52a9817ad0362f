"""Gaps within one transaction: found, filled in part, closed.

A hole is only made above everything stored and only shrinks, so each has an entry before it (or
is the journal's beginning) and one behind it, and no two touch.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from onedoor_hub.store import gaps
from onedoor_hub.store.entries import Stream
from onedoor_hub.store.gaps import CLOSED, MISSING, OPEN, Gap


class _Holes:
    def __init__(self, stream: Stream, known: list[Gap]):
        self.stream = stream
        self.known = known  # by seq
        self.new: list[Gap] = []
        self.changed: list[Gap] = []
        self.gone: list[Gap] = []

    def changes(self, gap: Gap) -> None:
        if not any(gap is one for one in self.new + self.changed):
            self.changed.append(gap)

    def close(self, gap: Gap, now_ms: int) -> None:
        self.known = [one for one in self.known if one is not gap]
        fresh = any(gap is one for one in self.new)
        if gap.asks or gap.state == MISSING:
            self.changes(gap)
            gap.state, gap.closed_ms = CLOSED, now_ms
            return
        # Out of order and nothing more: not worth a row for ever.
        self.new = [one for one in self.new if one is not gap]
        self.changed = [one for one in self.changed if one is not gap]
        if not fresh:
            self.gone.append(gap)


class Gaps:
    """The holes of the streams that one transaction touches; ``write`` stores what changed."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._holes: dict[int, _Holes] = {}

    def _of(self, stream: Stream) -> _Holes:
        holes = self._holes.get(stream.id)
        if holes is None:
            known = gaps.load(self._connection, stream.centre_no, stream.id)
            holes = self._holes[stream.id] = _Holes(stream, known)
        return holes

    def found(self, stream: Stream, first: int, last: int, prev: bytes, now_ms: int) -> None:
        """Entries ``first`` to ``last`` lie below one that came; ``prev`` is its message's."""
        holes = self._of(stream)
        gap = Gap(first, last, first, last, prev, OPEN, now_ms)
        holes.known.append(gap)
        holes.new.append(gap)

    def filled(self, stream: Stream, seqs: Sequence[int], prev: bytes, now_ms: int) -> None:
        """The entries ``seqs`` of one message, ascending, are stored now.

        ``prev`` is the chain value before the first of the message.
        """
        holes = self._of(stream)
        for gap in [one for one in holes.known if one.first <= seqs[-1] and one.last >= seqs[0]]:
            inside = [seq for seq in seqs if gap.first <= seq <= gap.last]
            if inside:
                self._fill(holes, gap, inside[0], inside[-1], prev, now_ms)

    def _fill(self, holes: _Holes, gap: Gap, first: int, last: int, prev, now_ms: int) -> None:
        """Take the run ``first`` to ``last`` out of a hole: a message's entries follow on."""
        if first == gap.first and last == gap.last:
            holes.close(gap, now_ms)
            return
        holes.changes(gap)
        if first == gap.first:
            gap.first = last + 1
            return
        # Entry first - 1 is lacking, so ``first`` begins its message and ``prev`` is before it.
        if last < gap.last:
            above = replace(gap, found_first=last + 1, first=last + 1)
            holes.new.append(above)
            holes.known.insert(holes.known.index(gap) + 1, above)
            gap.found_last = first - 1
        gap.last, gap.prev = first - 1, prev

    def contiguous_seq(self, stream: Stream) -> int:
        """Highest seq up to which each entry is stored or declared missing (ACK-002)."""
        for gap in self._of(stream).known:
            if gap.state == OPEN:
                return gap.first - 1
        return stream.highest_seq

    def write(self) -> None:
        """Store what changed."""
        for holes in self._holes.values():
            stream = holes.stream
            gaps.save(
                self._connection,
                stream.centre_no,
                stream.id,
                holes.new,
                holes.changed,
                holes.gone,
            )
