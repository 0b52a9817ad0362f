"""What the pages and the API read: tallies, counters, devices. Never a single rating.

The number of queries does not depend on the number of counters.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, case, func, select

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
    """Messages refused for one reason, ever, and when the newest was."""

    code: str
    n: int
    last_ms: int


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


def counters(connection: Connection, centre_no: int) -> Sequence:
    """Rows (number, name, last_rating_ms) of a centre's counters, by number."""
    table = schema.counter
    return connection.execute(
        select(table.c.number, table.c.name, table.c.last_rating_ms)
        .where(table.c.centre == centre_no)
        .order_by(table.c.number)
    ).all()


def tallies(connection: Connection, centre_no: int, first_day: int, today: int) -> dict[int, Tally]:
    """Tallies by counter number, of the local days ``first_day``..``today`` (ordinals)."""
    day = schema.tally_day
    is_today = case((day.c.day == today, day.c.n), else_=0)
    found: dict[int, Tally] = defaultdict(lambda: Tally({}, {}, 0))
    dated = _of_counters(
        centre_no,
        and_(day.c.day >= first_day, day.c.day <= today),
        day.c.scale,
        day.c.value,
    ).add_columns(func.sum(day.c.n), func.sum(is_today))
    for number, scale, value, period_n, today_n in connection.execute(dated):
        if scale is None:
            continue  # a counter without ratings
        found[number].period[scale, value] = int(period_n)
        if today_n:
            found[number].today[scale, value] = int(today_n)
    undated = _of_counters(centre_no, day.c.day == DAY_UNKNOWN).add_columns(func.sum(day.c.n))
    for number, n in connection.execute(undated):
        if n:
            found[number] = replace(found[number], undated=int(n))
    return dict(found)


def _of_counters(centre_no: int, when, *columns):
    """Groups of ``tally_day`` by counter, each counter one range of its key.

    The outer join keeps ``counter`` in the lead: led by ``tally_day``, SQLite would read a
    centre's years of older days too.
    """
    counter, day = schema.counter, schema.tally_day
    same = and_(day.c.centre == counter.c.centre, day.c.counter == counter.c.number)
    return (
        select(counter.c.number, *columns)
        .select_from(counter)
        .outerjoin(day, and_(same, when))
        .where(counter.c.centre == centre_no)
        .group_by(counter.c.number, *columns)
    )


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


def boxes(connection: Connection, centre_no: int | None = None) -> list[Box]:
    """The devices of a centre (or of all), but for revoked ones, by counter and id."""
    device, state, stream = schema.device, schema.device_state, schema.stream
    arrived = (
        select(
            stream.c.device,
            func.sum(stream.c.received).label("received"),
            func.sum(
                # What the box said of its newest entry counts too, not only what has arrived.
                case(
                    (
                        and_(
                            state.c.incarnation == stream.c.incarnation,
                            state.c.seq > stream.c.highest_seq,
                        ),
                        state.c.seq,
                    ),
                    else_=stream.c.highest_seq,
                )
            ).label("expected"),
        )
        .join(device, device.c.id == stream.c.device)
        .outerjoin(state, state.c.device == stream.c.device)
        .group_by(stream.c.device)
    )
    query = (
        select(device, state)
        .outerjoin(state, state.c.device == device.c.id)
        .where(device.c.status != REVOKED)
        .order_by(device.c.counter, device.c.id)
    )
    if centre_no is not None:
        arrived = arrived.where(device.c.centre == centre_no)
        query = query.where(device.c.centre == centre_no)
    arrived = arrived.subquery()
    query = query.outerjoin(arrived, arrived.c.device == device.c.id).add_columns(
        arrived.c.received, arrived.c.expected
    )
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
        for row in connection.execute(query)
    ]


def refusals(connection: Connection, centre_no: int, since_ms: int) -> list[Refusal]:
    """Reasons for which messages were refused since an instant, of a centre's own devices and
    of senders the hub does not know; the counts are from the beginning."""
    table, device = schema.refusal_tally, schema.device
    own = select(device.c.id).where(device.c.centre == centre_no)
    rows = connection.execute(
        select(table.c.code, func.sum(table.c.n), func.max(table.c.last_ms))
        .where(table.c.last_ms >= since_ms, (table.c.device == "") | table.c.device.in_(own))
        .group_by(table.c.code)
        .order_by(table.c.code)
    )
    return [Refusal(code, int(n), last_ms) for code, n, last_ms in rows]


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
