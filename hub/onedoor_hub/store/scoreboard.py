"""What the pages and the API read: tallies, counters, devices. Never a single rating.

The number of queries does not depend on the number of counters.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from sqlalchemy import Connection, and_, bindparam, case, func, select

from onedoor_hub.store import schema
from onedoor_hub.store.tallies import DAY_UNKNOWN

Counts = dict[tuple[int, int], int]  # (scale, value) -> how many

REVOKED, FROZEN = "revoked", "frozen"


@dataclass(frozen=True)
class Centre:
    """A centre as pages need it; ``target`` is a share in 0..1."""

    no: int
    id: str
    name: str
    time_zone: str
    target: float


@dataclass(frozen=True)
class Tally:
    """Counts of one counter: today's, a period's (today included), and those of unknown time."""

    today: Counts
    period: Counts
    undated: int


@dataclass(frozen=True)
class Box:
    """A device that stands at a counter, with what it last said of itself (None: never heard)."""

    id: str
    counter: int | None
    status: str
    reason: str
    online: bool | None
    last_seen_ms: int | None
    impl: str
    faults: tuple[int, ...]
    refused: int  # presses its full journal had to turn away
    received: int  # journal entries stored
    expected: int  # entries it is known to have made


@dataclass(frozen=True)
class Refusal:
    """Messages refused for one reason, ever, when the newest was, and the known senders."""

    code: str
    n: int
    last_ms: int
    devices: tuple[str, ...]


def centres(connection: Connection) -> list[Centre]:
    """Every centre, oldest first."""
    table = schema.centre
    rows = connection.execute(select(table).order_by(table.c.no))
    return [
        Centre(row.no, row.id, row.name, row.time_zone, row.target_permille / 1000) for row in rows
    ]


def counter_numbers(connection: Connection) -> dict[int, list[int]]:
    """Counter numbers of every centre, by the centre's number, ascending."""
    table = schema.counter
    rows = connection.execute(
        select(table.c.centre, table.c.number).order_by(table.c.centre, table.c.number)
    )
    numbers = defaultdict(list)
    for centre, number in rows:
        numbers[centre].append(number)
    return dict(numbers)


# Live pages ask these again with every rating, so statements are made once: to build one takes
# several times as long as to run it. ``numbers`` narrows them to some counters of the centre.
_CENTRE, _NUMBERS = bindparam("centre_no"), bindparam("numbers", expanding=True)


def _which(centre_no: int | None, numbers: Collection[int] | None) -> dict:
    return {"centre_no": centre_no} | ({} if numbers is None else {"numbers": list(numbers)})


def counters(
    connection: Connection, centre_no: int, numbers: Collection[int] | None = None
) -> Sequence:
    """Rows (number, name, last_rating_ms) of a centre's counters, all or some, by number."""
    return connection.execute(_counters(numbers is not None), _which(centre_no, numbers)).all()


@cache
def _counters(some: bool):
    table = schema.counter
    query = (
        select(table.c.number, table.c.name, table.c.last_rating_ms)
        .where(table.c.centre == _CENTRE)
        .order_by(table.c.number)
    )
    return query.where(table.c.number.in_(_NUMBERS)) if some else query


def tallies(
    connection: Connection,
    centre_no: int,
    first_day: int,
    today: int,
    numbers: Collection[int] | None = None,
) -> dict[int, Tally]:
    """Tallies by counter number, all or some, of the local days ``first_day``..``today``
    (ordinals)."""
    which = _which(centre_no, numbers)
    dated, undated = _tallies(numbers is not None)
    found: dict[int, Tally] = defaultdict(lambda: Tally({}, {}, 0))
    days = which | {"first_day": first_day, "today": today}
    for number, scale, value, period_n, today_n in connection.execute(dated, days):
        if scale is None:
            continue  # a counter without ratings
        found[number].period[scale, value] = int(period_n)
        if today_n:
            found[number].today[scale, value] = int(today_n)
    for number, n in connection.execute(undated, which):
        if n:
            found[number] = replace(found[number], undated=int(n))
    return dict(found)


@cache
def _tallies(some: bool):
    day = schema.tally_day
    is_today = case((day.c.day == bindparam("today"), day.c.n), else_=0)
    dated = _of_counters(
        some,
        day.c.day.between(bindparam("first_day"), bindparam("today")),
        day.c.scale,
        day.c.value,
    ).add_columns(func.sum(day.c.n), func.sum(is_today))
    undated = _of_counters(some, day.c.day == DAY_UNKNOWN).add_columns(func.sum(day.c.n))
    return dated, undated


def _of_counters(some: bool, when, *columns):
    """Groups of ``tally_day`` by counter, each counter one range of its key.

    The outer join keeps ``counter`` in the lead: led by ``tally_day``, SQLite would read a
    centre's years of older days too.
    """
    counter, day = schema.counter, schema.tally_day
    same = and_(day.c.centre == counter.c.centre, day.c.counter == counter.c.number)
    query = (
        select(counter.c.number, *columns)
        .select_from(counter)
        .outerjoin(day, and_(same, when))
        .where(counter.c.centre == _CENTRE)
        .group_by(counter.c.number, *columns)
    )
    return query.where(counter.c.number.in_(_NUMBERS)) if some else query


def days(
    connection: Connection, centre_no: int, number: int, first_day: int, today: int
) -> dict[int, Counts]:
    """Counts of one counter by local day."""
    table = schema.tally_day
    return _by_time(connection, table, table.c.day, centre_no, number, first_day, today)


def hours(
    connection: Connection, centre_no: int, number: int, first_hour: int, last_hour: int
) -> dict[int, Counts]:
    """Counts of one counter by whole hours since 1970 UTC."""
    table = schema.tally_hour
    return _by_time(connection, table, table.c.hour, centre_no, number, first_hour, last_hour)


def all_ratings(connection: Connection, centre_no: int, number: int) -> tuple[int, int]:
    """(all ratings a counter ever counted, those among them whose time is not known)."""
    day = schema.tally_day
    undated = case((day.c.day == DAY_UNKNOWN, day.c.n), else_=0)
    row = connection.execute(
        select(func.sum(day.c.n), func.sum(undated)).where(
            day.c.centre == centre_no, day.c.counter == number
        )
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def boxes(
    connection: Connection, centre_no: int | None = None, numbers: Collection[int] | None = None
) -> list[Box]:
    """The devices of a centre (or of all), but for revoked ones, by counter and id."""
    query = _boxes(centre_no is None, numbers is not None)
    return [
        Box(
            id=row.id,
            counter=row.counter,
            status=row.status,
            reason=row.reason,
            online=None if row.online is None else bool(row.online),
            last_seen_ms=row.last_seen_ms,
            impl=row.impl or "",
            faults=tuple(int(code) for code in (row.faults or "").split(",") if code),
            refused=row.refused or 0,
            received=int(row.received or 0),
            expected=int(row.expected or 0),
        )
        for row in connection.execute(query, _which(centre_no, numbers))
    ]


@cache
def _boxes(everywhere: bool, some: bool):
    device, state, stream = schema.device, schema.device_state, schema.stream
    arrived = (
        select(
            stream.c.device,
            func.sum(stream.c.received).label("received"),
            func.sum(
                # What the box said of its newest entry counts too, not only what has arrived.
                case(
                    (stream.c.announced_seq > stream.c.highest_seq, stream.c.announced_seq),
                    else_=stream.c.highest_seq,
                )
            ).label("expected"),
        )
        .join(device, device.c.id == stream.c.device)
        .group_by(stream.c.device)
    )
    query = (
        select(device, state)
        .outerjoin(state, state.c.device == device.c.id)
        .where(device.c.status != REVOKED)
        .order_by(device.c.counter, device.c.id)
    )
    if not everywhere:
        arrived = arrived.where(device.c.centre == _CENTRE)
        query = query.where(device.c.centre == _CENTRE)
    if some:
        arrived = arrived.where(device.c.counter.in_(_NUMBERS))
        query = query.where(device.c.counter.in_(_NUMBERS))
    arrived = arrived.subquery()
    return query.outerjoin(arrived, arrived.c.device == device.c.id).add_columns(
        arrived.c.received, arrived.c.expected
    )


def refusals(connection: Connection, centre_no: int, since_ms: int) -> list[Refusal]:
    """Reasons for which messages were refused since an instant, of a centre's own devices and
    of senders the hub does not know; the counts are from the beginning."""
    table, device = schema.refusal_tally, schema.device
    own = select(device.c.id).where(device.c.centre == centre_no)
    rows = connection.execute(
        select(table.c.code, table.c.device, table.c.n, table.c.last_ms)
        .where(table.c.last_ms >= since_ms, (table.c.device == "") | table.c.device.in_(own))
        .order_by(table.c.code, table.c.device)
    )
    found = []
    for code, of_code in groupby(rows, key=lambda row: row.code):
        tally = list(of_code)
        n, last_ms = sum(row.n for row in tally), max(row.last_ms for row in tally)
        found.append(Refusal(code, n, last_ms, tuple(row.device for row in tally if row.device)))
    return found


def _by_time(connection, table, when, centre_no, number, first, last) -> dict[int, Counts]:
    rows = connection.execute(
        select(when, table.c.scale, table.c.value, table.c.n).where(
            table.c.centre == centre_no,
            table.c.counter == number,
            when >= first,
            when <= last,
        )
    )
    found: dict[int, Counts] = defaultdict(dict)
    for moment, scale, value, n in rows:
        found[moment][scale, value] = n
    return dict(found)
