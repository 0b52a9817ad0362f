"""The JSON interface, version 1. Failures are problem documents (RFC 9457)."""

from flask import Blueprint, abort, jsonify, request
from onedoor_protocol import topics

from onedoor_hub.context import hub
from onedoor_hub.pages import board as boards
from onedoor_hub.pages import openapi
from onedoor_hub.pages.language import iso
from onedoor_hub.store import completeness, scoreboard
from onedoor_hub.store.devices import StoreError

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

MAX_DAYS = 366


@blueprint.get("/centres")
def centres():
    """Every centre with the numbers of its counters."""
    with hub().engine.connect() as connection:
        numbers = scoreboard.counter_numbers(connection)
        found = scoreboard.centres(connection)
    return jsonify(
        [
            {
                "id": centre.id,
                "name": centre.name,
                "counters": numbers.get(centre.no, []),
                "time_zone": centre.time_zone,
                "target": centre.target,
            }
            for centre in found
        ]
    )


@blueprint.get("/centres/<centre_id>/counters")
def counters(centre_id: str):
    """The score of every counter of a centre over the last ``?days=`` local days."""
    days = _days()
    running = hub()
    with running.engine.connect() as connection:
        centre = boards.find_centre(scoreboard.centres(connection), centre_id)
        if centre is None:
            abort(404, "no such centre: GET /api/v1/centres lists those there are")
        board = boards.load(connection, centre, running.clock_ms(), days)
    return jsonify([_counter(card) for card in board.cards])


@blueprint.get("/certificate/<device_id>")
def certificate(device_id: str):
    """How complete a device's journal has arrived."""
    if not topics.is_id(device_id):
        abort(404, f"{device_id!r} is not a device id")
    with hub().engine.connect() as connection:
        try:
            return jsonify(completeness.certificate(connection, device_id))
        except StoreError as error:
            abort(404, str(error))


@blueprint.get("/openapi.json")
def document():
    """This interface, described for programs."""
    return jsonify(openapi.document())


def _days() -> int:
    text = request.args.get("days", str(boards.DAYS))
    # isdecimal() also takes other scripts' digits, which int() reads as well.
    if not (text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MAX_DAYS):
        abort(400, f"days must be a whole number from 1 to {MAX_DAYS}")
    return int(text)


def _counter(card: boards.Card) -> dict:
    score = card.period
    return {
        "counter": card.number,
        "name": card.name,
        "ratings": score.ratings,
        "satisfied": score.satisfied,
        "score": _rounded(score.share, 6),
        "low": _rounded(score.low, 6),
        "high": _rounded(score.high, 6),
        "verdict": score.verdict,
        "happy_index": _rounded(score.happy_index, 2),
        "undated_ratings": card.undated,
        "last_rating_at": None if card.last_rating_ms is None else iso(card.last_rating_ms),
        "device_state": card.state,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
