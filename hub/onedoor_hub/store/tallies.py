"""Counts that pages read, kept in the same transaction as the entries they count."""

import datetime
import zoneinfo
from collections import Counter
from functools import lru_cache

from sqlalchemy import Connection, bindparam, or_, update

from onedoor_hub.store import schema
from onedoor_hub.store.many import Many
from onedoor_hub.store.upsert import upsert_of

HOUR_MS = 3_600_000
_LAST_S = 253402128000  # 9999-12-30T00:00:00Z
DAY_UNKNOWN = 0  # tally_day.day of ratings whose time is not known well enough


@lru_cache(maxsize=4096)
def _day_of_quarter(quarter: int, time_zone: str) -> int:
    # The last day of the calendar has no local time east of Greenwich: a mad clock stops before.
    utc = datetime.datetime.fromtimestamp(min(quarter * 900, _LAST_S), datetime.UTC)
    return utc.astimezone(zoneinfo.ZoneInfo(time_zone)).toordinal()


def local_day(utc_ms: int, time_zone: str) -> int:
    """Ordinal of the date (``date.toordinal()``) at a centre at an instant.

    Cached by quarter of an hour: every zone's offset is a whole number of them since 1972.
    """
    return _day_of_quarter(utc_ms // 900_000, time_zone)


class Tallies:
    """Counted ratings of one transaction, summed up and then written at once."""

    def __init__(self) -> None:
        self._hours: Counter = Counter()
        self._days: Counter = Counter()
        self._last: dict[tuple[int, int], int] = {}

    def count(
        self, centre: int, counter: int, time_zone: str, utc_ms: int | None, scale: int, value: int
    ) -> None:
        """Count a rating at a counter; ``utc_ms`` is None where its time is not known."""
        if utc_ms is None:
            self._days[centre, counter, DAY_UNKNOWN, scale, value] += 1
            return
        self._hours[centre, counter, utc_ms // HOUR_MS, scale, value] += 1
        self._days[centre, counter, local_day(utc_ms, time_zone), scale, value] += 1
        key = centre, counter
        self._last[key] = max(utc_ms, self._last.get(key, utc_ms))

    def write(self, connection: Connection) -> None:
        """Add what was counted to the database."""
        _add(connection, schema.tally_hour, "hour", self._hours)
        _add(connection, schema.tally_day, "day", self._days)
        _LAST_RATING.execute(
            connection,
            [
                {"of_centre": centre, "of_counter": counter, "at_ms": utc_ms}
                for (centre, counter), utc_ms in self._last.items()
            ],
        )


_LAST_RATING = Many(
    lambda _: (
        update(schema.counter)
        .where(
            schema.counter.c.centre == bindparam("of_centre"),
            schema.counter.c.number == bindparam("of_counter"),
            or_(
                schema.counter.c.last_rating_ms.is_(None),
                schema.counter.c.last_rating_ms < bindparam("at_ms"),
            ),
        )
        .values(last_rating_ms=bindparam("at_ms"))
    )
)


def _adding(table) -> Many:
    def make(dialect: str):
        statement = upsert_of(dialect, table)
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"n": table.c.n + statement.excluded.n},
        )

    return Many(make)


_ADDING = {table: _adding(table) for table in (schema.tally_hour, schema.tally_day)}


def _add(connection: Connection, table, period: str, counts: Counter) -> None:
    names = ("centre", "counter", period, "scale", "value")
    rows = [dict(zip(names, key, strict=True), n=n) for key, n in counts.items()]
    _ADDING[table].execute(connection, rows)
