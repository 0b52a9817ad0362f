"""Boots whose entries have no time good enough for a day: between which instants they began."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select, update

from onedoor_hub.store import schema
from onedoor_hub.store.upsert import upsert


@dataclass
class Span:
    """A boot with such entries: ``ratings`` of them ratings, the latest at ``last_t_ms``.

    The boot began between ``earliest_ms`` and ``latest_ms`` UTC, so an entry was made as long
    after both as its ``t_ms`` says; None where nothing bounds it.
    """

    boot: int
    last_t_ms: int
    ratings: int
    earliest_ms: int | None = None
    latest_ms: int | None = None


def load(connection: Connection, centre_no: int, stream: int) -> list[Span]:
    """Such boots of a stream, in order."""
    table = schema.boot_span
    columns = [table.c[name] for name in Span.__dataclass_fields__]
    query = select(*columns).where(table.c.centre == centre_no, table.c.stream == stream)
    return [Span(*row) for row in connection.execute(query.order_by(table.c.boot))]


def add(
    connection: Connection, centre_no: int, stream: int, counter: int | None, found: Iterable[Span]
) -> None:
    """Count entries that were stored, by boot."""
    table = schema.boot_span
    statement = upsert(connection, table)
    newer = case(
        (statement.excluded.last_t_ms > table.c.last_t_ms, statement.excluded.last_t_ms),
        else_=table.c.last_t_ms,
    )
    for span in found:
        row = {"centre": centre_no, "stream": stream, "boot": span.boot, "counter": counter}
        row |= {"last_t_ms": span.last_t_ms, "ratings": span.ratings}
        values = {
            "ratings": table.c.ratings + span.ratings,
            "counter": counter,
            "last_t_ms": newer,
        }
        connection.execute(
            statement.values(row).on_conflict_do_update(
                index_elements=list(table.primary_key.columns), set_=values
            )
        )


def set_bounds(connection: Connection, centre_no: int, stream: int, found: Iterable[Span]) -> None:
    """Write between which instants boots began."""
    table = schema.boot_span
    for span in found:
        connection.execute(
            update(table)
            .where(table.c.centre == centre_no, table.c.stream == stream, table.c.boot == span.boot)
            .values(earliest_ms=span.earliest_ms, latest_ms=span.latest_ms)
        )


def between(connection: Connection, centre_no: int, counter: int) -> tuple[int | None, int | None]:
    """The instants (UTC ms) between which a counter's ratings of unknown time were made.

    None for an end that is not known of each of them.
    """
    table = schema.boot_span
    row = connection.execute(
        select(
            func.count(),
            func.count(table.c.earliest_ms),
            func.count(table.c.latest_ms),
            func.min(table.c.earliest_ms),
            func.max(table.c.latest_ms + table.c.last_t_ms),
        ).where(and_(table.c.centre == centre_no, table.c.counter == counter, table.c.ratings > 0))
    ).one()
    n, earliests, latests, earliest_ms, latest_ms = row
    return (
        earliest_ms if n and earliests == n else None,
        latest_ms if n and latests == n else None,
    )
