"""What needs a manager's attention now, in plain words, worst first."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Connection

from onedoor_hub.health import Health
from onedoor_hub.pages import words
from onedoor_hub.pages.board import Board
from onedoor_hub.pages.language import number
from onedoor_hub.store import gaps, scoreboard

ALARM, WARNING, NOTE = "alarm", "warning", "note"
NAMED_BOXES = 3


@dataclass(frozen=True)
class Notice:
    """One line; ``detail`` is the technician's text, shown small and untranslated."""

    level: str
    text: str
    detail: str = ""


def collect(connection: Connection, board: Board, health: Health) -> list[Notice]:
    """Every notice for a centre's page, alarms first."""
    notices = [
        Notice(ALARM, words.trouble(part), text) for part, text in sorted(health.troubles().items())
    ]
    notices += [
        Notice(WARNING, words.remark(part), text) for part, text in sorted(health.remarks().items())
    ]
    lacking = gaps.by_device(connection, board.centre.no)
    for card in board.cards:
        notices += _of_boxes(card)
        for box in card.boxes:
            notices += _lacking(card, box, lacking.get(box.id, gaps.NOTHING))
    notices += _offline(board)
    notices += _refusals(connection, board)
    if any("cpython" in box.impl.lower() for card in board.cards for box in card.boxes):
        notices.append(
            Notice(
                NOTE,
                _(
                    "The boxes run on CPython, because no MicroPython interpreter was found on "
                    "this machine; real boxes run MicroPython."
                ),
            )
        )
    return sorted(notices, key=lambda notice: (ALARM, WARNING, NOTE).index(notice.level))


def _of_boxes(card) -> list[Notice]:
    notices = []
    for box in card.boxes:
        if box.status == scoreboard.FROZEN:
            text = _(
                "Counter %(counter)s: box %(box)s is frozen for review; it keeps its new ratings "
                "until that is done.",
                counter=number(card.number),
                box=box.id,
            )
            notices.append(Notice(ALARM, text, box.reason))
        for code in box.faults:
            text = _(
                "Counter %(counter)s: box %(box)s reports: %(fault)s.",
                counter=number(card.number),
                box=box.id,
                fault=words.fault(code),
            )
            notices.append(Notice(WARNING, text))
        if box.refused:
            text = ngettext(
                "Counter %(counter)s: %(count)s press could not be kept because the box's memory "
                "was full.",
                "Counter %(counter)s: %(count)s presses could not be kept because the box's "
                "memory was full.",
                box.refused,
                counter=number(card.number),
                count=number(box.refused),
            )
            notices.append(Notice(WARNING, text))
    return notices


def _lacking(card, box: scoreboard.Box, lacking: gaps.Lacking) -> list[Notice]:
    notices = []
    if lacking.missing:
        text = ngettext(
            "Counter %(counter)s: %(count)s entry of box %(box)s is missing for good; its "
            "certificate names it.",
            "Counter %(counter)s: %(count)s entries of box %(box)s are missing for good; its "
            "certificate names them.",
            lacking.missing,
            counter=number(card.number),
            count=number(lacking.missing),
            box=box.id,
        )
        notices.append(Notice(WARNING, text))
    if lacking.asked:
        text = ngettext(
            "Counter %(counter)s: %(count)s entry of box %(box)s did not arrive; the hub asks "
            "for it again.",
            "Counter %(counter)s: %(count)s entries of box %(box)s did not arrive; the hub asks "
            "for them again.",
            lacking.asked,
            counter=number(card.number),
            count=number(lacking.asked),
            box=box.id,
        )
        notices.append(Notice(NOTE, text))
    return notices


def _offline(board: Board) -> list[Notice]:
    away = [number(card.number) for card in board.cards if card.state == "offline"]
    if not away:
        return []
    text = ngettext(
        "The box at counter %(counters)s is offline; it keeps its ratings and sends them later.",
        "The boxes at counters %(counters)s are offline; they keep their ratings and send them "
        "later.",
        len(away),
        counters=", ".join(away),
    )
    return [Notice(WARNING, text)]


def _refusals(connection: Connection, board: Board) -> list[Notice]:
    return [
        Notice(
            WARNING,
            ngettext(
                "%(count)s message refused so far: %(reason)s. The last came at %(time)s.",
                "%(count)s messages refused so far: %(reason)s. The last came at %(time)s.",
                refusal.n,
                count=number(refusal.n),
                reason=words.refusal(refusal.code),
                time=board.clock.clock(refusal.last_ms),
            ),
            _whose(refusal),
        )
        for refusal in scoreboard.refusals(connection, board.centre.no, board.clock.midnight_ms())
    ]


def _whose(refusal: scoreboard.Refusal) -> str:
    """The reason's name and the boxes to look at, as far as they fit on a line."""
    boxes = list(refusal.devices[:NAMED_BOXES])
    if len(refusal.devices) > NAMED_BOXES:
        boxes.append("…")
    return f"{refusal.code} · {', '.join(boxes)}" if boxes else refusal.code
