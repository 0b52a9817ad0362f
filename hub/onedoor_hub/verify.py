"""``onedoor verify``: everything the hub derives, derived again from the entries and compared.

Reads one state of the database and never writes. Memory does not grow with the number of entries:
they are read in order and in chunks, tallies are recounted counter by counter, and a root's tree
takes 32 bytes an entry.
"""

import struct
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

from onedoor_protocol import chain
from sqlalchemy import BigInteger, Connection, case, func, literal, select, type_coerce, union

from onedoor_hub.ingest.timing import USABLE_ERROR_MS, usable
from onedoor_hub.proof.days import DayTree, head_of, leaf_of
from onedoor_hub.proof.forms import QUARTER_MS
from onedoor_hub.store import devices, gaps, roots, schema, spans
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.spans import Span
from onedoor_hub.store.tallies import DAY_UNKNOWN, HOUR_MS, local_day


class Verification:
    """One run over a snapshot of the database; the counts are whole once ``differences`` ends."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self.entries = 0
        self.streams = 0
        self.ratings = 0
        self.roots = 0
        self.covered = 0  # entries under a root

    def differences(self) -> Iterator[str]:
        """Each difference between what is stored and what follows from the entries, in words."""
        holes: dict[tuple[str, str], list] = {}
        received: Counter = Counter()
        for stream in self._rows(select(schema.stream).order_by(schema.stream.c.id)):
            count, found = yield from self._stream(stream)
            holes[stream.device, stream.incarnation] = found
            received[stream.device] += count
        stored = self._connection.scalar(select(func.count()).select_from(schema.entry)) or 0
        if stored != self.entries:
            yield f"{stored - self.entries} entries belong to no stream of their centre"
        yield from self._certificates(received, holes)
        yield from self._tallies()
        yield from self._roots()

    def _rows(self, query) -> list:
        return list(self._connection.execute(query))

    def _stream(self, stream) -> Generator[str, None, tuple[int, list]]:
        """Chain, boots, gaps and how far a stream has arrived; returns (entries, gaps)."""
        name = f"{stream.device} {stream.incarnation}"
        value = chain.genesis(stream.device, bytes.fromhex(stream.incarnation))
        known = {gap.last: gap for gap in gaps.load(self._connection, stream.centre, stream.id)}
        seq = boot = count = 0
        holes: list[list[int]] = []
        ends: list[tuple[int, bytes]] = []  # (seq, chain value) of the entry before each hole
        undated: dict[int, Span] = {}
        for row in roots.entries(self._connection, stream.centre, stream.id, 0, None):
            before: bytes | None = value
            if row.seq != seq + 1:
                holes.append([seq + 1, row.seq - 1])
                ends.append((seq, value))
                gap = known.get(row.seq - 1)
                before = gap.prev if gap else None
            if before is not None and _step(before, row) != row.chain:
                last = row.seq - 1
                yield f"{name}: entry {row.seq} does not follow from entry {last} by the chain"
            if row.boot < boot:
                yield f"{name}: entry {row.seq} is of boot {row.boot}, after one of boot {boot}"
            elif row.seq == seq + 1 and row.boot > boot and row.kind != chain.KIND_BOOT:
                text = f"is of boot {row.boot}, but no boot entry begins it after entry {seq}"
                yield f"{name}: entry {row.seq} {text}"
            if row.kind == chain.KIND_BOOT and row.boot != row.a << 16 | row.b:
                yield f"{name}: entry {row.seq} says boot {row.a << 16 | row.b}, not {row.boot}"
            if not usable(row.error_ms):
                span = undated.setdefault(row.boot, Span(row.boot, row.t_ms, 0))
                span.last_t_ms = max(span.last_t_ms, row.t_ms)
                span.ratings += row.kind == chain.KIND_RATING and row.counter is not None
            seq, boot, value, count = row.seq, row.boot, row.chain, count + 1
        self.streams += 1
        self.entries += count
        missing = [[gap.first, gap.last] for gap in known.values() if gap.state == gaps.MISSING]
        open_ends = [end for hole, end in zip(holes, ends, strict=True) if hole not in missing]
        contiguous, contiguous_value = (open_ends or [(seq, value)])[0]
        kept = [[gap.first, gap.last] for gap in known.values()]
        yield from _compared(name, "gaps", kept, holes)
        yield from _compared(name, "received", stream.received, count)
        yield from _compared(name, "highest_seq", stream.highest_seq, seq)
        yield from _compared(name, "contiguous_seq", stream.contiguous_seq, contiguous)
        if stream.contiguous_chain != contiguous_value:
            yield f"{name}: contiguous_chain is not the chain value of entry {contiguous}"
        yield from self._undated(name, stream, undated)
        return count, holes

    def _undated(self, name: str, stream, recount: dict[int, Span]) -> Iterator[str]:
        """Boots with entries whose time is not known."""
        found = spans.load(self._connection, stream.centre, stream.id)
        kept = {span.boot: (span.ratings, span.last_t_ms) for span in found}
        for boot in sorted(kept.keys() | recount.keys()):
            span = recount.get(boot)
            what = f"(ratings, newest ms) of unknown time in boot {boot}"
            again = (span.ratings, span.last_t_ms) if span else None
            yield from _compared(name, what, kept.get(boot), again)

    def _certificates(self, received: Counter, holes: dict) -> Iterator[str]:
        for row in devices.list_devices(self._connection):
            found = certificate(self._connection, row.id)
            name, count = f"certificate of {row.id}", received[row.id]
            yield from _compared(name, "received", found["received"], count)
            for one in found["incarnations"]:
                name = f"certificate of {row.id} {one['incarnation']}"
                inner = [[gap["first"], gap["last"]] for gap in one["gaps"]]
                # Above the highest lies what the device has only told of.
                inner = [gap for gap in inner if gap[0] <= one["highest_seq"]]
                expected = holes.get((row.id, one["incarnation"]), [])
                yield from _compared(name, "gaps", inner, expected)

    def _tallies(self) -> Iterator[str]:
        """Tallies by hour and day and the newest rating, counter by counter."""
        centres = {row.no: row for row in self._rows(select(schema.centre))}
        entry, counter = schema.entry, schema.counter
        every = union(
            select(counter.c.centre, counter.c.number),
            *(
                select(table.c.centre, table.c.counter).distinct()
                for table in (schema.tally_hour, schema.tally_day)
            ),
            select(entry.c.centre, entry.c.counter).where(
                entry.c.kind == chain.KIND_RATING, entry.c.counter.is_not(None)
            ),
        )
        recounts = self._recounts()
        group = next(recounts, None)
        for centre, number in sorted(tuple(row) for row in self._rows(every)):
            if centre not in centres:
                yield f"there are ratings or tallies of a centre no. {centre}, which is not there"
                return
            name = f"{centres[centre].id} counter {number}"
            hours: Counter = Counter()
            days: Counter = Counter()
            last_ms = None
            while group is not None and (group.centre, group.counter) == (centre, number):
                try:
                    value, scale = chain.rating_of(group.a)
                except ValueError:
                    yield f"{name}: {group.n} entries hold a rating {group.a}, which is none"
                else:
                    self.ratings += group.n
                    day = DAY_UNKNOWN
                    if group.quarter is not None:
                        at_ms = group.quarter * QUARTER_MS
                        day = local_day(at_ms, centres[centre].time_zone)
                        hours[at_ms // HOUR_MS, scale, value] += group.n
                        last_ms = max(group.last_ms, last_ms or group.last_ms)
                    days[day, scale, value] += group.n
                group = next(recounts, None)
            yield from self._tally(name, schema.tally_hour, "hour", centre, number, hours)
            yield from self._tally(name, schema.tally_day, "day", centre, number, days)
            kept = self._connection.scalar(
                select(counter.c.last_rating_ms).where(
                    counter.c.centre == centre, counter.c.number == number
                )
            )
            yield from _compared(name, "last_rating_ms", kept, last_ms)

    def _recounts(self) -> Iterator[Any]:
        """Ratings by centre, counter, quarter of an hour and answer, counted by the database."""
        entry = schema.entry
        known_ms = case((entry.c.error_ms <= USABLE_ERROR_MS, entry.c.utc_ms))
        quarter = type_coerce(known_ms, BigInteger) // literal(QUARTER_MS, BigInteger)
        columns = (
            entry.c.centre,
            entry.c.counter,
            entry.c.a,
            quarter.label("quarter"),
        )
        query = (
            select(*columns, func.count().label("n"), func.max(known_ms).label("last_ms"))
            .where(entry.c.kind == chain.KIND_RATING, entry.c.counter.is_not(None))
            .group_by(entry.c.centre, entry.c.counter, entry.c.a, "quarter")
            .order_by(entry.c.centre, entry.c.counter)
        )
        yield from self._connection.execute(query.execution_options(yield_per=2000))

    def _tally(self, name, table, period, centre, number, recount) -> Iterator[str]:
        when = table.c[period]
        kept = {
            (row[0], row.scale, row.value): row.n
            for row in self._rows(
                select(when, table.c.scale, table.c.value, table.c.n).where(
                    table.c.centre == centre, table.c.counter == number
                )
            )
        }
        for key in sorted(kept.keys() | recount.keys()):
            if kept.get(key, 0) != recount[key]:
                moment, scale, value = key
                what = f"tally of {period} {moment}, rating {value} of {scale}"
                yield f"{name}: {what}: {kept.get(key, 0)}, recounted {recount[key]}"

    def _roots(self) -> Iterator[str]:
        """Each published root, from the entries it covers and the root before it."""
        expected: dict[int, int] = {}
        zones = {row.no: row.time_zone for row in self._rows(select(schema.centre))}
        for root in roots.roots(self._connection):
            no = expected.get(root.centre, 0) + 1
            name = f"root no. {root.no} of {root.centre_id}"
            if root.no != no:
                yield f"{name}: root no. {no} is not there"
            expected[root.centre] = root.no
            names = roots.names(self._connection, root.centre)
            tree, elsewhere = DayTree(), 0
            for stream, first, last in roots.covered(self._connection, root.centre, root.no):
                for row in roots.entries(self._connection, root.centre, stream, first, last):
                    tree.add(stream, leaf_of(*names[stream], row))
                    elsewhere += local_day(row.received_ms, zones[root.centre]) != root.day
            if elsewhere:
                day = head_of(root).day
                yield f"{name}: {elsewhere} of its entries were received on another day than {day}"
            yield from _compared(name, "size", root.size, tree.size)
            if tree.hash() != root.tree:
                yield f"{name}: its tree is not that of the entries it covers"
            if head_of(root).root(root.tree) != root.root:
                yield f"{name}: it does not follow from its head, its tree and the root before"
            self.roots += 1
            self.covered += tree.size


def _step(value: bytes, row: Any) -> bytes | None:
    try:
        return chain.step(value, chain.pack(row.seq, row.kind, row.t_ms, row.a, row.b))
    except struct.error:  # a number that no entry can hold
        return None


def _compared(name: str, what: str, kept: Any, recount: Any) -> Iterator[str]:
    if kept != recount:
        yield f"{name}: {what} is {kept}, recounted {recount}"
