"""A centre as its page shows it: one card a counter, and the sum of all."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flask import abort, request
from sqlalchemy import Connection

from onedoor_hub import scores
from onedoor_hub.pages.language import LocalTime, set_clock
from onedoor_hub.pages.words import SMILEYS
from onedoor_hub.store import scoreboard

DAYS = 30  # the longer period beside today, today included
# The state a manager must see first, where several boxes stand at one counter.
_WORST_FIRST = ("frozen", "offline", "never", "online")


@dataclass(frozen=True)
class Card:
    """One counter: today's and the period's score, and its boxes."""

    number: int
    name: str
    today: scores.Score
    period: scores.Score
    smileys: tuple[tuple[str, int], ...]  # today's ratings by button name, best first
    undated: int
    last_rating_ms: int | None
    state: str
    boxes: tuple[scoreboard.Box, ...]


@dataclass(frozen=True)
class Board:
    """A centre: its cards and their sum."""

    centre: scoreboard.Centre
    clock: LocalTime
    cards: list[Card]
    today: scores.Score
    period: scores.Score

    @property
    def verdicts(self) -> Counter:
        """How many counters have which verdict over the period."""
        return Counter(card.period.verdict for card in self.cards)

    @property
    def states(self) -> Counter:
        """How many counters have their box in which state."""
        return Counter(card.state for card in self.cards)


def choose_centre(centres: list[scoreboard.Centre]) -> scoreboard.Centre | None:
    """The centre that ``?centre=`` names, else the first; 404 for an unknown one."""
    wish = request.args.get("centre")
    if wish is None:
        return centres[0] if centres else None
    return find_centre(centres, wish) or abort(404)


def find_centre(centres: list[scoreboard.Centre], centre_id: str) -> scoreboard.Centre | None:
    """The centre of that id, if there is one."""
    return next((centre for centre in centres if centre.id == centre_id), None)


def box_state(box: scoreboard.Box) -> str:
    """frozen, online, offline, or never (seen)."""
    if box.status == scoreboard.FROZEN:
        return "frozen"
    if box.online is None:
        return "never"
    return "online" if box.online else "offline"


def counter_state(boxes: Iterable[scoreboard.Box]) -> str:
    """The worst state among a counter's boxes; none where there is no box."""
    states = {box_state(box) for box in boxes}
    return next((state for state in _WORST_FIRST if state in states), "none")


def smileys(counts: scores.Counts) -> tuple[tuple[str, int], ...]:
    """Counts by button name, best first; the four usual buttons where nothing is counted."""
    scales = {scale for scale, _ in counts} or {4}
    names = SMILEYS[5] if 5 in scales else SMILEYS[4]
    sums = Counter()
    for (scale, value), n in counts.items():
        sums[SMILEYS[scale][value]] += n
    return tuple((name, sums[name]) for name in names.values())


def load(connection: Connection, centre: scoreboard.Centre, now_ms: int, days: int = DAYS) -> Board:
    """Read a centre's board at an instant, with a period of ``days`` local days."""
    clock = LocalTime(centre.time_zone, now_ms)
    set_clock(clock)
    tallies = scoreboard.tallies(connection, centre.no, clock.today - days + 1, clock.today)
    standing: dict = {}
    for box in scoreboard.boxes(connection, centre.no):
        standing.setdefault(box.counter, []).append(box)
    cards = [
        _card(row, tallies.get(row.number), standing.get(row.number, []), centre.target)
        for row in scoreboard.counters(connection, centre.no)
    ]
    every_today, every_period = Counter(), Counter()
    for tally in tallies.values():
        every_today.update(tally.today)
        every_period.update(tally.period)
    return Board(
        centre=centre,
        clock=clock,
        cards=cards,
        today=scores.summarise(every_today, centre.target),
        period=scores.summarise(every_period, centre.target),
    )


def _card(row, tally: scoreboard.Tally | None, boxes: list, target: float) -> Card:
    tally = tally or scoreboard.Tally({}, {}, 0)
    return Card(
        number=row.number,
        name=row.name,
        today=scores.summarise(tally.today, target),
        period=scores.summarise(tally.period, target),
        smileys=smileys(tally.today),
        undated=tally.undated,
        last_rating_ms=row.last_rating_ms,
        state=counter_state(boxes),
        boxes=tuple(boxes),
    )
