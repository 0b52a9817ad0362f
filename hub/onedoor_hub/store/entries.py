"""Streams, clocks and entries: the rows that ingest reads and writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from onedoor_protocol import chain
from sqlalchemy import Connection, and_, bindparam, insert, select, tuple_, update

from onedoor_hub.store import schema
from onedoor_hub.store.many import Many
from onedoor_hub.store.upsert import upsert_of


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
    released: str = ""
    announced_seq: int = 0


def load_streams(
    connection: Connection, devices: Iterable[str], lock: bool = True
) -> dict[tuple[str, str], Stream]:
    """The streams of some devices by (device, incarnation), locked until the commit."""
    query = _LOCKED_STREAMS if lock else _STREAMS
    return {
        (row.device, row.incarnation): Stream(*row)
        for row in connection.execute(query, {"devices": list(set(devices))})
    }


# Statements of every batch are made once: to build one takes several times as long as to run it.
_STREAMS = (
    select(
        schema.stream.c.id,
        schema.stream.c.centre,
        schema.stream.c.device,
        schema.stream.c.incarnation,
        schema.stream.c.contiguous_seq,
        schema.stream.c.contiguous_chain,
        schema.stream.c.highest_seq,
        schema.stream.c.received,
        schema.stream.c.released,
        schema.stream.c.announced_seq,
    )
    .where(schema.stream.c.device.in_(bindparam("devices", expanding=True)))
    .order_by(schema.stream.c.id)
)
# For several ingest processes; SQLite has one writer anyway.
_LOCKED_STREAMS = _STREAMS.with_for_update()


def newest_boots(connection: Connection, streams: Iterable[Stream]) -> dict[int, int]:
    """Boot of the highest entry of each stream, by the stream's number."""
    ids = [stream.id for stream in streams if stream.highest_seq > 0]
    if not ids:
        return {}
    return {row.id: row.boot for row in connection.execute(_NEWEST_BOOTS, {"streams": ids})}


_NEWEST_BOOTS = (
    select(schema.stream.c.id, schema.entry.c.boot)
    .join(
        schema.entry,
        and_(
            schema.entry.c.centre == schema.stream.c.centre,
            schema.entry.c.stream == schema.stream.c.id,
            schema.entry.c.seq == schema.stream.c.highest_seq,
        ),
    )
    .where(schema.stream.c.id.in_(bindparam("streams", expanding=True)))
)


def new_stream(
    connection: Connection, centre_no: int, device: str, incarnation: str, now_ms: int
) -> Stream:
    """Make the row of an incarnation seen for the first time."""
    start = chain.genesis(device, bytes.fromhex(incarnation))
    number = connection.execute(
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
    ).scalar_one()
    return Stream(number, centre_no, device, incarnation, 0, start, 0, 0)


def save_streams(connection: Connection, streams: Iterable[Stream]) -> None:
    """Write how far streams have arrived."""
    rows = [{"of_stream": one.id, **{name: getattr(one, name) for name in _FAR}} for one in streams]
    _SAVE_STREAM.execute(connection, rows)


_FAR = ("contiguous_seq", "contiguous_chain", "highest_seq", "received", "announced_seq")
_SAVE_STREAM = Many(
    lambda _: (
        update(schema.stream)
        .where(schema.stream.c.id == bindparam("of_stream"))
        .values({name: bindparam(name) for name in _FAR})
    )
)


_CLOCK = ("low_at_ms", "low_ms", "high_at_ms", "high_ms")


def load_clocks(connection: Connection, keys: Iterable[tuple[int, int]]) -> dict:
    """Clock rows (low_at_ms, low_ms, high_at_ms, high_ms) by (stream id, boot)."""
    rows = connection.execute(_CLOCKS, {"keys": list(keys)})
    return {(row.stream, row.boot): tuple(row[2:]) for row in rows}


_CLOCKS = select(
    schema.boot_clock.c.stream,
    schema.boot_clock.c.boot,
    *(schema.boot_clock.c[name] for name in _CLOCK),
).where(
    tuple_(schema.boot_clock.c.stream, schema.boot_clock.c.boot).in_(
        bindparam("keys", expanding=True)
    )
)


def load_stream_clocks(connection: Connection, stream: int) -> dict:
    """Clock rows (low_at_ms, low_ms, high_at_ms, high_ms) of a stream by boot."""
    table = schema.boot_clock
    columns = (table.c[name] for name in _CLOCK)
    rows = connection.execute(select(table.c.boot, *columns).where(table.c.stream == stream))
    return {row[0]: tuple(row[1:]) for row in rows}


def save_clocks(connection: Connection, clocks: dict) -> None:
    """Write clock rows (low_at_ms, low_ms, high_at_ms, high_ms) by (stream id, boot)."""
    rows = [
        {"stream": key[0], "boot": key[1], **dict(zip(_CLOCK, clock, strict=True))}
        for key, clock in clocks.items()
    ]
    _SAVE_CLOCK.execute(connection, rows)


def _saving_clock(dialect: str):
    table = schema.boot_clock
    statement = upsert_of(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=[table.c.stream, table.c.boot],
        set_={name: statement.excluded[name] for name in _CLOCK},
    )


_SAVE_CLOCK = Many(_saving_clock)


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


def insert_entries(connection: Connection, rows: list[tuple]) -> None:
    """Store entries that are known to be new; each row has ENTRY_COLUMNS in order.

    Raises IntegrityError where one is not new. Rows go to the driver as they are: their types
    need no conversion, and SQLAlchemy's own way takes longer than the database.
    """
    connection.exec_driver_sql(_inserting_entries(connection.dialect.paramstyle), rows)


ENTRY_COLUMNS = tuple(column.name for column in schema.entry.columns)


@cache
def _inserting_entries(paramstyle: str) -> str:
    place = {"qmark": "?", "pyformat": "%s"}[paramstyle]
    places = ", ".join(place for _ in ENTRY_COLUMNS)
    return f"INSERT INTO {schema.entry.name} ({', '.join(ENTRY_COLUMNS)}) VALUES ({places})"  # noqa: S608


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
