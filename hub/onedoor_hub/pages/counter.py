"""The page of one counter: today and the last 30 days in figures and pictures."""

from flask import Blueprint, abort, render_template

from onedoor_hub import scores
from onedoor_hub.context import hub
from onedoor_hub.pages import board as boards
from onedoor_hub.pages import pictures
from onedoor_hub.store import gaps, scoreboard, spans

blueprint = Blueprint("counter", __name__)


@blueprint.get("/counters/<int(max=9999):number>")
def page(number: int):
    """A counter of the chosen centre; 404 where it has none of that number."""
    running = hub()
    with running.engine.connect() as connection:
        centres = scoreboard.centres(connection)
        centre = boards.choose_centre(centres)
        if centre is None:
            abort(404)
        board = boards.load(connection, centre, running.clock_ms())
        card = next((card for card in board.cards if card.number == number), None)
        if card is None:
            abort(404)
        clock = board.clock
        by_day = scoreboard.days(
            connection, centre.no, number, clock.today - boards.DAYS + 1, clock.today
        )
        today = clock.hours_of_today()
        by_hour = scoreboard.hours(connection, centre.no, number, today.start, today.stop - 1)
        ever, undated = scoreboard.all_ratings(connection, centre.no, number)
        earliest_ms = latest_ms = None
        if undated:
            earliest_ms, latest_ms = spans.between(connection, centre.no, number)
        lacking = gaps.by_device(connection, centre.no)
    period: dict = {}
    for counts in by_day.values():
        for key, n in counts.items():
            period[key] = period.get(key, 0) + n
    numbers = [other.number for other in board.cards]
    place = numbers.index(number)
    return render_template(
        "counter.html",
        board=board,
        card=card,
        centres=centres,
        before=numbers[place - 1] if place else None,
        after=numbers[place + 1] if place + 1 < len(numbers) else None,
        scales=[_distribution(scale, by_day.get(clock.today, {}), period) for scale in (5, 4)],
        hours=pictures.hours(clock, by_hour, centre.target),
        trend=pictures.trend(clock, by_day, boards.DAYS, centre.target),
        ever=ever,
        undated=undated,
        earliest_ms=earliest_ms,
        latest_ms=latest_ms,
        missing={box: one.missing for box, one in lacking.items()},
    )


def _distribution(scale: int, today: scores.Counts, period: scores.Counts) -> list[dict]:
    """Rows of one scale's buttons, best first, with counts and shares; empty if never pressed.

    The two scales stand apart, because a "good" of four is not a "good" of five.
    """
    totals = [sum(n for (of, _), n in counts.items() if of == scale) for counts in (today, period)]
    if not totals[1]:
        return []
    rows = []
    for value, name in boards.SMILEYS[scale].items():
        counts = [counts.get((scale, value), 0) for counts in (today, period)]
        shares = [n / total if total else None for n, total in zip(counts, totals, strict=True)]
        rows.append({"name": name, "counts": counts, "shares": shares})
    return rows
