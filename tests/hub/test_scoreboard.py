"""What pages read from the tallies, on SQLite and on PostgreSQL."""

from onedoor_hub.pages.language import LocalTime
from onedoor_hub.store import refusals, scoreboard
from sqlalchemy import event

from tests.support.board import DAY_MS, NOW_MS, ZONE, Centre

CLOCK = LocalTime(ZONE, NOW_MS)
HOUR_MS = 3_600_000


def tallies(centre, days=30):
    with centre.engine.connect() as connection:
        return scoreboard.tallies(connection, centre.no, CLOCK.today - days + 1, CLOCK.today)


def test_today_and_the_period_are_summed_by_counter(engine):
    centre = Centre(engine)
    for number in (1, 2):
        centre.add_counter(number)
    centre.rate(1, 4, 4, 1)
    centre.rate(1, 3, ago_ms=2 * DAY_MS)
    centre.rate(1, 2, ago_ms=31 * DAY_MS)
    centre.rate(2, 5, 5, scale=5)
    found = tallies(centre)
    assert found[1].today == {(4, 4): 2, (4, 1): 1}
    assert found[1].period == {(4, 4): 2, (4, 1): 1, (4, 3): 1}
    assert found[2].today == {(5, 5): 2}
    assert type(found[1].period[4, 4]) is int


def test_the_period_holds_exactly_its_days(engine):
    centre = Centre(engine)
    centre.add_counter(1)
    for days_ago in range(5):
        centre.rate(1, 4, ago_ms=days_ago * DAY_MS)
    assert [sum(tallies(centre, days)[1].period.values()) for days in (1, 3, 5, 30)] == [1, 3, 5, 5]


def test_ratings_of_unknown_time_stand_in_no_day(engine):
    centre = Centre(engine)
    centre.add_counter(1)
    centre.rate(1, 4)
    centre.rate(1, 4, 3, 1, ago_ms=None)
    found = tallies(centre)[1]
    assert (found.undated, found.period) == (3, {(4, 4): 1})
    with engine.connect() as connection:
        assert scoreboard.all_ratings(connection, centre.no, 1) == (4, 3)


def test_centres_do_not_mix(engine):
    one, other = Centre(engine), Centre(engine, id="pakse", name="Pakse")
    one.add_counter(1)
    other.add_counter(1, box="box-1-other")
    one.rate(1, 4)
    other.rate(1, 1, 1)
    assert tallies(one)[1].today == {(4, 4): 1}
    with engine.connect() as connection:
        assert scoreboard.counter_numbers(connection) == {one.no: [1], other.no: [1]}
        assert [box.id for box in scoreboard.boxes(connection, other.no)] == ["box-1-other"]
        assert len(scoreboard.boxes(connection)) == 2


def test_hours_and_days_of_one_counter(engine):
    centre = Centre(engine)
    centre.add_counter(1)
    centre.add_counter(2)
    centre.rate(1, 4, 2, ago_ms=HOUR_MS)
    centre.rate(1, 3, ago_ms=DAY_MS)
    centre.rate(2, 1)
    hour = NOW_MS // HOUR_MS
    with engine.connect() as connection:
        hours = scoreboard.hours(connection, centre.no, 1, hour - 5, hour)
        days = scoreboard.days(connection, centre.no, 1, CLOCK.today - 1, CLOCK.today)
    assert hours == {hour - 1: {(4, 4): 1, (4, 2): 1}}
    assert days == {CLOCK.today: {(4, 4): 1, (4, 2): 1}, CLOCK.today - 1: {(4, 3): 1}}


def test_a_box_says_what_it_said_last_and_what_is_still_to_come(engine):
    centre = Centre(engine)
    box = centre.add_counter(3, online=1, seq=120, faults="1,3", refused=7, impl="micropython 1.28")
    centre.arrived(box, received=90, highest=100)
    centre.add_counter(4)
    with engine.connect() as connection:
        heard, silent = scoreboard.boxes(connection, centre.no)
    assert (heard.online, heard.faults, heard.refused) == (True, (1, 3), 7)
    assert (heard.received, heard.expected) == (90, 120)
    assert (silent.online, silent.last_seen_ms, silent.expected) == (None, None, 0)


def test_refusals_count_for_the_centre_and_for_unknown_senders(engine):
    one, other = Centre(engine), Centre(engine, id="pakse", name="Pakse")
    mine, theirs = one.add_counter(1), other.add_counter(1, box="box-1-other")
    rows = [("mac", mine, "", "t", b""), ("mac", "", "", "t", b""), ("json", theirs, "", "t", b"")]
    with engine.begin() as connection:
        refusals.record(connection, rows, NOW_MS)
    with engine.connect() as connection:
        found = scoreboard.refusals(connection, one.no, NOW_MS - 1)
        later = scoreboard.refusals(connection, one.no, NOW_MS + 1)
    assert [(one.code, one.n, one.devices) for one in found] == [("mac", 2, (mine,))]
    assert later == []


def test_years_of_older_days_are_never_read(sqlite_engine):
    plans = []

    @event.listens_for(sqlite_engine, "before_cursor_execute")
    def _explain(connection, cursor, statement, parameters, *_):
        if statement.startswith("SELECT") and "tally_day" in statement:
            rows = connection.connection.cursor().execute(
                "EXPLAIN QUERY PLAN " + statement, parameters
            )
            plans.append(" / ".join(row[3] for row in rows))

    centre = Centre(sqlite_engine)
    centre.add_counter(1)
    tallies(centre)
    assert len(plans) == 2
    assert (
        "SEARCH tally_day USING PRIMARY KEY (centre=? AND counter=? AND day>? AND day<?)"
        in plans[0]
    )
    assert "SEARCH tally_day USING PRIMARY KEY (centre=? AND counter=? AND day=?)" in plans[1]


def test_a_day_of_the_centre_begins_at_its_own_midnight(engine):
    centre = Centre(engine)
    centre.add_counter(1)
    since_midnight_ms = NOW_MS - CLOCK.midnight_ms()
    centre.rate(1, 4, ago_ms=since_midnight_ms)
    centre.rate(1, 1, ago_ms=since_midnight_ms + 1)
    assert since_midnight_ms == 13.5 * HOUR_MS
    assert tallies(centre)[1].today == {(4, 4): 1}


def test_days_of_23_and_25_hours_end_where_they_end():
    spring = LocalTime("Europe/Paris", 1_774_785_600_000)  # 29 March 2026, 12:00 UTC
    autumn = LocalTime("Europe/Paris", 1_792_929_600_000)  # 25 October 2026, 12:00 UTC
    assert [len(clock.hours_of_today()) for clock in (spring, autumn, CLOCK)] == [23, 25, 24]
    assert spring.at(spring.midnight_ms()).hour == 0
    assert spring.at(spring.midnight_ms(1)).hour == 0


def test_a_zone_half_an_hour_aside_shows_every_hour_that_touches_its_day():
    kolkata = LocalTime("Asia/Kolkata", NOW_MS)
    assert len(kolkata.hours_of_today()) == 25
