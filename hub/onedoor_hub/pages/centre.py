"""The manager's page of a centre, and the stream that keeps it live."""

import time
from collections.abc import Collection, Iterator
from functools import lru_cache

from flask import Blueprint, Response, current_app, render_template, stream_with_context
from sqlalchemy.exc import DBAPIError

from onedoor_hub.context import Hub, hub
from onedoor_hub.pages import board as boards
from onedoor_hub.pages import failures, notices
from onedoor_hub.pages.language import locale_now
from onedoor_hub.store import scoreboard

blueprint = Blueprint("centre", __name__)

BEAT_S = 5  # the page calls itself stale after three missed beats
GAP_S = 0.2  # a card goes out at once; what stands around it, so much later
MAX_PAUSE_S = 0.5  # a press shows within a second, however many pages are open


@blueprint.app_context_processor
def _for_templates() -> dict:
    return {"card_html": card_html}


def card_html(card: boards.Card, board: boards.Board) -> str:
    """One counter's card. Most cards are as they were, so that forty cost little."""
    return _card_html(card, board.centre, board.clock.today, str(locale_now()))


@lru_cache(maxsize=2048)
def _card_html(card: boards.Card, centre: scoreboard.Centre, _today, _language) -> str:
    # The last two stand for what the template reads besides: times of day and words.
    return render_template("_card.html", card=card, centre=centre)


@blueprint.get("/")
def page():
    """The centre's counters, today and over the last 30 days."""
    running = hub()
    with running.engine.connect() as connection:
        centres = scoreboard.centres(connection)
        centre = boards.choose_centre(centres)
        if centre is None:
            return render_template("no_centre.html")
        shown = boards.load(connection, centre, running.clock_ms())
        return render_template(
            "centre.html",
            board=shown,
            centres=centres,
            notices=notices.collect(connection, shown, running.health),
        )


@blueprint.get("/events")
def events():
    """Server-sent events of one centre: each carries a piece of its page as HTML."""
    running = hub()
    with running.engine.connect() as connection:
        centre = boards.choose_centre(scoreboard.centres(connection))
    if centre is None:
        return failures.answer(404, "no centre")
    if len(running.live) >= current_app.config["MAX_STREAMS"]:
        return failures.answer(503, "too many live pages", [("Retry-After", "10")])
    return Response(
        stream_with_context(_stream(running, centre)),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _stream(running: Hub, centre: scoreboard.Centre) -> Iterator[str]:
    subscription = running.live.subscribe()
    try:
        # Whoever connects, again or late, first gets everything: nothing between is lost.
        yield "retry: 2000\n\n"
        sent = _Sent(running, centre)
        changed: set[int] = set()
        beat_due = rest_due = time.monotonic()
        while True:
            begun_s = time.thread_time()
            if time.monotonic() >= beat_due:
                yield from sent.everything(changed)
                beat_due = rest_due = time.monotonic() + BEAT_S
            elif changed:
                yield from sent.cards(changed)
                rest_due = min(rest_due, time.monotonic() + GAP_S)
            changed = set()
            if time.monotonic() >= rest_due:
                yield from sent.rest()
                rest_due = beat_due
            # All pages together leave half of the processor to who stores ratings; what
            # changes while one sleeps goes out at once afterwards, merged.
            share = 2 * len(running.live) - 1
            time.sleep(min(MAX_PAUSE_S, share * (time.thread_time() - begun_s)))
            wait_s = max(0.0, min(beat_due, rest_due) - time.monotonic())
            changed = {n for name, n in subscription.wait(wait_s) if name == centre.id}
    except DBAPIError:
        return  # the page sees the stream end, says so and tries again
    finally:
        running.live.unsubscribe(subscription)


class _Sent:
    """What one page holds already."""

    def __init__(self, running: Hub, centre: scoreboard.Centre):
        self._hub = running
        self._centre = centre
        self._board: boards.Board | None = None
        self._pieces: dict[str, str] = {}

    def everything(self, changed: Collection[int]) -> Iterator[str]:
        """What brings the page up to date, whatever was published or not, and a beat."""
        with self._hub.engine.connect() as connection:
            board = boards.load(connection, self._centre, self._hub.clock_ms())
        yield from self._counters(board, changed)
        yield from self.rest()

    def cards(self, changed: Collection[int]) -> Iterator[str]:
        """The cards of some counters, read anew, and nothing else: the shortest way to the eye."""
        before = self._board
        if before is None:
            return
        with self._hub.engine.connect() as connection:
            board = boards.renew(connection, before, changed, self._hub.clock_ms())
        yield from self._counters(board, changed)

    def _counters(self, board: boards.Board, changed: Collection[int]) -> Iterator[str]:
        before, self._board = self._board, board
        if before is None or _frame(before) != _frame(board):
            yield _event("counters", render_template("_cards.html", board=board))
            return
        for card in board.cards:
            if card.number in changed:
                yield _event(f"counter-{card.number}", card_html(card, board))

    def rest(self) -> Iterator[str]:
        """What stands around the cards, as far as it changed, and a beat."""
        board = self._board
        if board is None:
            return
        with self._hub.engine.connect() as connection:
            noticed = notices.collect(connection, board, self._hub.health)
        pieces = {
            "notices": render_template("_notices.html", notices=noticed),
            "summary": render_template("_summary.html", board=board),
        }
        for name, html in pieces.items():
            if self._pieces.get(name) != html:
                yield _event(name, html)
        self._pieces = pieces
        yield _event("beat", board.clock.clock(self._hub.clock_ms()))


def _frame(board: boards.Board) -> tuple:
    """The date and the counters; another one means the whole list anew."""
    return board.clock.today, [card.number for card in board.cards]


def _event(name: str, html: str) -> str:
    lines = [line for line in html.splitlines() if line.strip()] or [""]
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
