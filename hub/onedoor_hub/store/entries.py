"""Streams, clocks and entries: the rows that ingest reads and writes."""

from collections.abc import Iterable
from dataclasses import dataclass

from onedoor_protocol import chain
from sqlalchemy import Connection, insert, select, tuple_, update

from onedoor_hub.store import schema
from onedoor_hub.store.upsert import upsert


@dataclass
class Stream:
    """A device's journal of one incarnation, as far as it has arrived."""

    id: int
    centre_no: int
    device: str
    incarnation: str
    contiguous_seq: int
    contiguous_chain: bytes
    highest_seq: int
    received: int


def load_streams(
    connection: Connection, devices: Iterable[str], lock: bool = True
) -> dict[tuple[str, str], Stream]:
    """The streams of some devices by (device, incarnation), locked until the commit."""
    table = schema.stream
    query = select(table).where(table.c.device.in_(set(devices))).order_by(table.c.id)
    if lock:
        query = query.with_for_update()  # several ingest processes; SQLite has one writer anyway
    return {
        (row.device, row.incarnation): Stream(
            id=row.id,
            centre_no=row.centre,
            device=row.device,
            incarnation=row.incarnation,
            contiguous_seq=row.contiguous_seq,
            contiguous_chain=row.contiguous_chain,
            highest_seq=row.highest_seq,
            received=row.received,
        )
        for row in connection.execute(query)
    }


def new_stream(
    connection: Connection, centre_no: int, device: str, incarnation: str, now_ms: int
) -> Stream:
    """Make the row of an incarnation seen for the first time."""
    start = chain.genesis(device, bytes.fromhex(incarnation))
    number = connection.scalar(
        insert(schema.stream)
        .values(
            centre=centre_no,
            device=device,
            incarnation=incarnation,
            first_seen_ms=now_ms,
            contiguous_seq=0,
            contiguous_chain=start,
            highest_seq=0,
            received=0,
        )
        .returning(schema.stream.c.id)
    )
    return Stream(number, centre_no, device, incarnation, 0, start, 0, 0)


def save_streams(connection: Connection, streams: Iterable[Stream]) -> None:
    """Write how far streams have arrived."""
    table = schema.stream
    for stream in streams:
        connection.execute(
            update(table)
            .where(table.c.id == stream.id)
            .values(
                contiguous_seq=stream.contiguous_seq,
                contiguous_chain=stream.contiguous_chain,
                highest_seq=stream.highest_seq,
                received=stream.received,
            )
        )


_CLOCK = ("low_at_ms", "low_ms", "high_at_ms", "high_ms")


def load_clocks(connection: Connection, keys: Iterable[tuple[int, int]]) -> dict:
    """Clock rows (low_at_ms, low_ms, high_at_ms, high_ms) by (stream id, boot)."""
    table = schema.boot_clock
    rows = connection.execute(
        select(table.c.stream, table.c.boot, *(table.c[name] for name in _CLOCK)).where(
            tuple_(table.c.stream, table.c.boot).in_(list(keys))
        )
    )
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def save_clocks(connection: Connection, clocks: dict) -> None:
    """Write clock rows (low_at_ms, low_ms, high_at_ms, high_ms) by (stream id, boot)."""
    table = schema.boot_clock
    statement = upsert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.stream, table.c.boot],
        set_={name: statement.excluded[name] for name in _CLOCK},
    )
    rows = [
        {"stream": key[0], "boot": key[1], **dict(zip(_CLOCK, clock, strict=True))}
        for key, clock in clocks.items()
    ]
    connection.execute(statement, rows)


def boots_around(connection: Connection, stream: Stream, first: int, last: int) -> tuple:
    """(boot of the nearest stored entry below ``first``, of the nearest above ``last``); None
    where there is none."""
    table = schema.entry
    mine = select(table.c.boot).where(
        table.c.centre == stream.centre_no, table.c.stream == stream.id
    )
    below = mine.where(table.c.seq < first).order_by(table.c.seq.desc()).limit(1)
    above = mine.where(table.c.seq > last).order_by(table.c.seq).limit(1)
    return connection.scalar(below), connection.scalar(above)


def insert_entries(connection: Connection, rows: list[dict]) -> None:
    """Store entries that are known to be new. Raises IntegrityError where one is not."""
    connection.execute(insert(schema.entry), rows)


def entries_between(connection: Connection, stream: Stream, first: int, last: int) -> dict:
    """Stored entries of a stream by seq, first to last inclusive."""
    table = schema.entry
    rows = connection.execute(
        select(
            table.c.seq,
            table.c.boot,
            table.c.kind,
            table.c.t_ms,
            table.c.a,
            table.c.b,
            table.c.chain,
        ).where(
            table.c.centre == stream.centre_no,
            table.c.stream == stream.id,
            table.c.seq.between(first, last),
        )
    )
    return {row.seq: row for row in rows}


def end_of_run(connection: Connection, stream: Stream, seq: int) -> tuple[int, bytes]:
    """(seq, chain) of the last entry reached from ``seq`` on without a gap; ``seq`` is stored."""
    table = schema.entry
    following = table.alias()
    has_next = (
        select(following.c.seq)
        .where(
            following.c.centre == stream.centre_no,
            following.c.stream == stream.id,
            following.c.seq == table.c.seq + 1,
        )
        .exists()
    )
    row = connection.execute(
        select(table.c.seq, table.c.chain)
        .where(
            table.c.centre == stream.centre_no,
            table.c.stream == stream.id,
            table.c.seq >= seq,
            ~has_next,
        )
        .order_by(table.c.seq)
        .limit(1)
    ).one()
    return row.seq, row.chain
