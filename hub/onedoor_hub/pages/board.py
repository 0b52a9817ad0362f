"""A centre as its page shows it: one card a counter, and the sum of all."""

from collections import Counter
from collections.abc import Collection, Iterable
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
    """A centre: its cards and their sum. ``days`` and ``tallies`` are what they were made of."""

    centre: scoreboard.Centre
    clock: LocalTime
    days: int
    cards: list[Card]
    tallies: dict[int, scoreboard.Tally]  # by counter
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
    tallies, cards = _read(connection, centre, clock, days)
    return _board(centre, clock, days, cards, tallies)


def renew(connection: Connection, board: Board, numbers: Collection[int], now_ms: int) -> Board:
    """A board with the cards of some counters read anew, all where the day or a counter is new."""
    centre, days = board.centre, board.days
    clock = LocalTime(centre.time_zone, now_ms)
    if clock.today != board.clock.today or not {card.number for card in board.cards}.issuperset(
        numbers
    ):
        return load(connection, centre, now_ms, days)
    set_clock(clock)
    tallies, cards = _read(connection, centre, clock, days, numbers)
    fresh = {card.number: card for card in cards}
    cards = [fresh.get(card.number, card) for card in board.cards]
    return _board(centre, clock, days, cards, board.tallies | tallies)


def _read(
    connection: Connection, centre: scoreboard.Centre, clock: LocalTime, days: int, numbers=None
) -> tuple[dict[int, scoreboard.Tally], list[Card]]:
    first_day = clock.today - days + 1
    tallies = scoreboard.tallies(connection, centre.no, first_day, clock.today, numbers)
    standing: dict = {}
    for box in scoreboard.boxes(connection, centre.no, numbers):
        standing.setdefault(box.counter, []).append(box)
    cards = [
        _card(row, tallies.get(row.number), standing.get(row.number, []), centre.target)
        for row in scoreboard.counters(connection, centre.no, numbers)
    ]
    return tallies, cards


def _board(centre: scoreboard.Centre, clock: LocalTime, days: int, cards, tallies) -> Board:
    every_today, every_period = Counter(), Counter()
    for tally in tallies.values():
        every_today.update(tally.today)
        every_period.update(tally.period)
    return Board(
        centre=centre,
        clock=clock,
        days=days,
        cards=cards,
        tallies=tallies,
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
