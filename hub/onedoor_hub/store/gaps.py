"""Gaps: which entries of a journal are lacking below the newest that arrived.

The rows that are not closed are exactly the holes: each entry from 1 to a stream's highest is
either stored or in one of them, and no two holes touch.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, update

from onedoor_hub.store import schema

OPEN, MISSING, CLOSED = "open", "missing", "closed"


@dataclass
class Gap:
    """Entries ``first`` to ``last`` are lacking; ``found_*`` is the range as it was found.

    ``prev`` is the chain value before entry ``last`` + 1, as that entry's message gave it.
    """

    found_first: int
    found_last: int
    first: int
    last: int
    prev: bytes | None
    state: str
    found_ms: int
    asks: int = 0
    asked_ms: int | None = None
    waited_s: int = 0
    closed_ms: int | None = None

    @property
    def entries(self) -> int:
        """How many entries are lacking."""
        return self.last - self.first + 1


_FIELDS = tuple(Gap.__dataclass_fields__)


def load(connection: Connection, centre_no: int, stream: int, closed: bool = False) -> list[Gap]:
    """The holes of a stream by seq; with ``closed``, also those that were asked for and filled."""
    table = schema.gap
    query = select(*(table.c[name] for name in _FIELDS)).where(
        table.c.centre == centre_no, table.c.stream == stream
    )
    if not closed:
        query = query.where(table.c.state != CLOSED)
    return [Gap(*row) for row in connection.execute(query.order_by(table.c.first))]


def save(
    connection: Connection,
    centre_no: int,
    stream: int,
    new: Iterable[Gap],
    changed: Iterable[Gap],
    gone: Iterable[Gap],
) -> None:
    """Write what became of a stream's gaps; how often they were asked for stays as it is."""
    table = schema.gap
    mine = and_(table.c.centre == centre_no, table.c.stream == stream)
    for gap in gone:
        connection.execute(delete(table).where(mine, table.c.found_first == gap.found_first))
    for gap in changed:
        values = {
            name: getattr(gap, name)
            for name in ("found_last", "first", "last", "prev", "state", "closed_ms")
        }
        connection.execute(
            update(table).where(mine, table.c.found_first == gap.found_first).values(values)
        )
    for gap in new:
        values = {name: getattr(gap, name) for name in _FIELDS}
        connection.execute(insert(table).values(centre=centre_no, stream=stream, **values))


def chain_at(connection: Connection, centre_no: int, stream: int, seq: int) -> bytes:
    """The chain value of a stored entry."""
    table = schema.entry
    return connection.execute(
        select(table.c.chain).where(
            table.c.centre == centre_no, table.c.stream == stream, table.c.seq == seq
        )
    ).scalar_one()


def lock_streams(connection: Connection, streams: Iterable[int]) -> list:
    """Rows of streams, locked until the commit, in the order in which ingest locks them."""
    table = schema.stream
    query = select(table).where(table.c.id.in_(set(streams))).order_by(table.c.id)
    return list(connection.execute(query.with_for_update()))


def lowest_open(connection: Connection) -> list:
    """The lowest open hole of each stream that could be filled now.

    Rows (stream, centre, device, incarnation, boot, last_seen_ms, first, last): of active devices
    that are online with that incarnation.
    """
    gap, stream, device = schema.gap, schema.stream, schema.device
    state = schema.device_state
    lowest = (
        select(gap.c.stream, func.min(gap.c.first).label("first"))
        .where(gap.c.state == OPEN)
        .group_by(gap.c.stream)
        .subquery()
    )
    return list(
        connection.execute(
            select(
                stream.c.id.label("stream"),
                stream.c.centre,
                stream.c.device,
                stream.c.incarnation,
                state.c.boot,
                state.c.last_seen_ms,
                gap.c.first,
                gap.c.last,
            )
            .join(lowest, lowest.c.stream == stream.c.id)
            .join(
                gap,
                and_(
                    gap.c.centre == stream.c.centre,
                    gap.c.stream == stream.c.id,
                    gap.c.first == lowest.c.first,
                    gap.c.state == OPEN,
                ),
            )
            .join(device, device.c.id == stream.c.device)
            .join(
                state,
                and_(
                    state.c.device == stream.c.device,
                    state.c.incarnation == stream.c.incarnation,
                ),
            )
            .where(device.c.status == "active", state.c.online == 1, stream.c.released == "")
            .order_by(stream.c.id)
        )
    )


def note_asked(connection: Connection, row, last: int, now_ms: int) -> int:
    """Note that the open holes of a ``lowest_open`` row's stream, from its first up to ``last``,
    are asked for; returns the last entry of them, 0 where there is none any more."""
    lock_streams(connection, [row.stream])
    table = schema.gap
    asked = and_(
        table.c.centre == row.centre,
        table.c.stream == row.stream,
        table.c.state == OPEN,
        table.c.first >= row.first,
        or_(table.c.last <= last, table.c.first == row.first),
    )
    connection.execute(update(table).where(asked).values(asks=table.c.asks + 1, asked_ms=now_ms))
    return connection.scalar(select(func.max(table.c.last)).where(asked)) or 0


def add_waiting(
    connection: Connection, seconds: int, present: Collection[int], present_s: int
) -> None:
    """Age open holes: by ``seconds`` those that nobody can be asked for, by ``present_s`` those of
    the streams ``present``, whose devices are there. One that is away may still have its entries.
    """
    table = schema.gap
    query = _with_state(select(table.c.stream).distinct()).where(table.c.state == OPEN, _nobody())
    alone = set(connection.scalars(query))
    there = set(present) - alone
    lock_streams(connection, alone | there)
    for streams, waited_s in ((alone, seconds), (there, present_s)):
        connection.execute(
            update(table)
            .where(table.c.state == OPEN, table.c.stream.in_(streams))
            .values(waited_s=table.c.waited_s + waited_s)
        )


def hopeless(connection: Connection, waited_s: int, asks: int) -> list[int]:
    """Streams with an open hole that will not be filled any more.

    That is one that the device has let go (RSN-004), or one open for ``waited_s`` seconds that
    was asked for ``asks`` times, or that nobody can be asked for: its incarnation is over, its
    journal closed by hand, or its device revoked.
    """
    gap = schema.gap
    query = (
        _with_state(select(gap.c.stream).distinct())
        .where(gap.c.state == OPEN, _hopeless(waited_s, asks))
        .order_by(gap.c.stream)
    )
    return list(connection.scalars(query.limit(100)))


def _with_state(query):
    gap, stream, device, state = schema.gap, schema.stream, schema.device, schema.device_state
    return (
        query.select_from(gap)
        .join(stream, stream.c.id == gap.c.stream)
        .join(device, device.c.id == stream.c.device)
        .outerjoin(state, state.c.device == stream.c.device)
    )


def _nobody():
    """Whether there is nobody who could be asked."""
    over = schema.device_state.c.incarnation != schema.stream.c.incarnation
    return or_(over, schema.device.c.status == "revoked", schema.stream.c.released != "")


def _hopeless(waited_s: int, asks: int):
    gap, stream, state = schema.gap, schema.stream, schema.device_state
    return or_(
        and_(state.c.incarnation == stream.c.incarnation, state.c.acked >= gap.c.last),
        and_(gap.c.waited_s >= waited_s, or_(_nobody(), gap.c.asks >= asks)),
    )


def declare_missing(connection: Connection, stream_id: int, waited_s: int, asks: int) -> int:
    """Declare a stream's hopeless holes missing and let its acknowledgement pass them.

    Returns how many entries that are.
    """
    (stream,) = lock_streams(connection, [stream_id])
    gap, table = schema.gap, schema.stream
    mine = and_(gap.c.centre == stream.centre, gap.c.stream == stream.id)
    found = list(
        connection.execute(
            _with_state(select(gap.c.found_first, gap.c.first, gap.c.last)).where(
                mine, gap.c.state == OPEN, _hopeless(waited_s, asks)
            )
        )
    )
    connection.execute(
        update(gap)
        .where(mine, gap.c.found_first.in_([row.found_first for row in found]))
        .values(state=MISSING)
    )
    still = connection.scalar(select(func.min(gap.c.first)).where(mine, gap.c.state == OPEN))
    seq = stream.highest_seq if still is None else still - 1
    if seq > stream.contiguous_seq:
        value = chain_at(connection, stream.centre, stream.id, seq)
        connection.execute(
            update(table)
            .where(table.c.id == stream.id)
            .values(contiguous_seq=seq, contiguous_chain=value)
        )
    return sum(row.last - row.first + 1 for row in found)


@dataclass(frozen=True)
class Lacking:
    """Entries of a device's journals that are not here: ``missing`` for good, and ``asked`` for
    in vain up to now."""

    missing: int
    asked: int


NOTHING = Lacking(0, 0)


def by_device(connection: Connection, centre_no: int) -> dict[str, Lacking]:
    """What is lacking of each device of a centre, where something is."""
    gap, stream, state = schema.gap, schema.stream, schema.device_state
    size = gap.c.last - gap.c.first + 1
    asked = and_(gap.c.state == OPEN, gap.c.asks > 0)
    holes = connection.execute(
        select(
            stream.c.device,
            func.sum(case((gap.c.state == MISSING, size), else_=0)),
            func.sum(case((asked, size), else_=0)),
        )
        .join(stream, stream.c.id == gap.c.stream)
        .where(gap.c.centre == centre_no, gap.c.state != CLOSED)
        .group_by(stream.c.device)
    )
    found = {device: Lacking(int(missing), int(n)) for device, missing, n in holes}
    # Told of, but let go by the device or left behind with its journal, and nothing came behind
    # it yet: as completeness.certificate names it (RSN-004).
    over = or_(state.c.incarnation != stream.c.incarnation, stream.c.released != "")
    let_go = case(
        (or_(over, state.c.acked > stream.c.announced_seq), stream.c.announced_seq),
        else_=state.c.acked,
    )
    never = connection.execute(
        select(stream.c.device, let_go - stream.c.highest_seq)
        .join(state, state.c.device == stream.c.device)
        .where(stream.c.centre == centre_no, let_go > stream.c.highest_seq)
    )
    for device, n in never:
        known = found.get(device, NOTHING)
        found[device] = replace(known, missing=known.missing + n)
    return {device: one for device, one in found.items() if one != NOTHING}
