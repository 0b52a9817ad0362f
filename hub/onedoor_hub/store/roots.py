"""Rows of the daily roots: which entries a root covers, and which no root covers yet."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from onedoor_hub.store import schema

_CHUNK_ROWS = 2000


def roots(
    connection: Connection, centre: str | None = None, day: int | None = None, no: int | None = None
) -> list:
    """Roots by centre and number: rows of day_root with ``centre_id`` and ``prev``, the root
    before (None for the first)."""
    table, of = schema.day_root, schema.centre
    before = table.alias()
    query = (
        select(table, of.c.id.label("centre_id"), before.c.root.label("prev"))
        .join(of, of.c.no == table.c.centre)
        .outerjoin(before, (before.c.centre == table.c.centre) & (before.c.no == table.c.no - 1))
        .order_by(table.c.centre, table.c.no)
    )
    if centre is not None:
        query = query.where(of.c.id == centre)
    if day is not None:
        query = query.where(table.c.day == day)
    if no is not None:
        query = query.where(table.c.no == no)
    return list(connection.execute(query))


def newest(connection: Connection, centre_no: int) -> tuple[int, bytes | None]:
    """(number, root) of a centre's newest root; (0, None) before the first."""
    table = schema.day_root
    row = connection.execute(
        select(table.c.no, table.c.root)
        .where(table.c.centre == centre_no)
        .order_by(table.c.no.desc())
        .limit(1)
    ).first()
    return (row.no, row.root) if row else (0, None)


def save(connection: Connection, root: dict, ranges: list[tuple[int, int, int]]) -> None:
    """Write a root and the (stream, first seq, last seq) runs it covers.

    Raises IntegrityError where its number or one of its entries has been taken meanwhile.
    """
    connection.execute(insert(schema.day_root).values(root))
    keys = {"centre": root["centre"], "no": root["no"]}
    connection.execute(
        insert(schema.day_range),
        [
            keys | {"stream": stream, "first_seq": first, "last_seq": last}
            for stream, first, last in ranges
        ],
    )


def covered(connection: Connection, centre_no: int, no: int) -> list[tuple[int, int, int]]:
    """The (stream, first seq, last seq) runs that a root covers."""
    table = schema.day_range
    rows = connection.execute(
        select(table.c.stream, table.c.first_seq, table.c.last_seq)
        .where(table.c.centre == centre_no, table.c.no == no)
        .order_by(table.c.stream, table.c.first_seq)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def uncovered(connection: Connection, centre_no: int) -> list[tuple[int, int, int | None]]:
    """The (stream, first seq, last seq) runs that no root covers; None for an open end.

    Most of them hold no entry: they are what lies between covered runs, and beyond the last.
    """
    table, stream = schema.day_range, schema.stream
    before = func.lag(table.c.last_seq, 1, literal(0)).over(
        partition_by=table.c.stream, order_by=table.c.first_seq
    )
    pairs = (
        select(table.c.stream, table.c.first_seq, before.label("before"))
        .where(table.c.centre == centre_no)
        .subquery()
    )
    between = connection.execute(
        select(pairs.c.stream, pairs.c.before + 1, pairs.c.first_seq - 1).where(
            pairs.c.first_seq > pairs.c.before + 1
        )
    )
    runs: list[tuple[int, int, int | None]] = [(row[0], row[1], row[2]) for row in between]
    beyond = connection.execute(
        select(stream.c.id, func.coalesce(func.max(table.c.last_seq), 0) + 1)
        .outerjoin(table, (table.c.centre == stream.c.centre) & (table.c.stream == stream.c.id))
        .where(stream.c.centre == centre_no)
        .group_by(stream.c.id)
    )
    runs += [(row[0], row[1], None) for row in beyond]
    return sorted(runs, key=lambda run: run[:2])


def names(connection: Connection, centre_no: int) -> dict[int, tuple[str, str]]:
    """(device, incarnation) of a centre's streams by their number."""
    table = schema.stream
    rows = connection.execute(
        select(table.c.id, table.c.device, table.c.incarnation).where(table.c.centre == centre_no)
    )
    return {row.id: (row.device, row.incarnation) for row in rows}


def entries(
    connection: Connection, centre_no: int, stream: int, first: int, last: int | None
) -> Iterator[Any]:
    """Stored entries of a stream by seq, first to last inclusive, read in chunks."""
    table = schema.entry
    query = (
        select(
            table.c.seq,
            table.c.boot,
            table.c.kind,
            table.c.t_ms,
            table.c.a,
            table.c.b,
            table.c.chain,
            table.c.received_ms,
            table.c.utc_ms,
            table.c.error_ms,
            table.c.counter,
        )
        .where(table.c.centre == centre_no, table.c.stream == stream, table.c.seq >= first)
        .order_by(table.c.seq)
    )
    if last is not None:
        query = query.where(table.c.seq <= last)
    yield from connection.execute(query.execution_options(yield_per=_CHUNK_ROWS))


def root_of(connection: Connection, device: str, incarnation: str, seq: int):
    """(centre number, root number) of the root that covers an entry; the root number is None
    where none does yet; None where there is no such entry."""
    stream, entry, covers = schema.stream, schema.entry, schema.day_range
    return connection.execute(
        select(stream.c.centre, covers.c.no)
        .join(entry, (entry.c.centre == stream.c.centre) & (entry.c.stream == stream.c.id))
        .outerjoin(
            covers,
            (covers.c.centre == entry.c.centre)
            & (covers.c.stream == entry.c.stream)
            & (covers.c.first_seq <= entry.c.seq)
            & (covers.c.last_seq >= entry.c.seq),
        )
        .where(
            stream.c.device == device,
            stream.c.incarnation == incarnation,
            entry.c.seq == seq,
        )
    ).first()
