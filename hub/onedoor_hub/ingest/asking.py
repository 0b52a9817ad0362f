"""When to ask a device again for entries that the hub lacks (RSN-001). Pure: times come in.

A device that loses a message notices by itself after 3 to 20 seconds of silence (JRN-007), so a
hole that is young, or that is being filled, is left alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

AFTER_S = 2  # a hole has to stand still as long before it is asked for
PAUSE_S = 10  # RSN-001: not more often; doubles with each time in vain
MAX_PAUSE_S = 600


@dataclass(frozen=True)
class Hole:
    """The lowest entries that the hub lacks of a device that is online now."""

    device: str
    incarnation: str
    boot: int
    first: int
    last: int


@dataclass
class _Wait:
    hole: Hole
    due_s: float
    pause_s: float = PAUSE_S


class Asking:
    """Remembers what was asked for and when; one hole a device at a time."""

    def __init__(self) -> None:
        self._waits: dict[str, _Wait] = {}
        self._asked_s: dict[str, float] = {}

    def due(self, holes: Iterable[Hole], now_s: float) -> list[Hole]:
        """Those of the present holes, one a device, to ask for at ``now_s`` of a steady clock."""
        waits: dict[str, _Wait] = {}
        found = []
        for hole in holes:
            wait = self._waits.get(hole.device)
            if wait is None or wait.hole != hole:  # new, or it shrank: entries are on their way
                asked_s = self._asked_s.get(hole.device, float("-inf"))
                wait = _Wait(hole, max(now_s + AFTER_S, asked_s + PAUSE_S))
            if now_s >= wait.due_s:
                found.append(hole)
                self._asked_s[hole.device] = now_s
                wait.due_s = now_s + wait.pause_s
                wait.pause_s = min(2 * wait.pause_s, MAX_PAUSE_S)
            waits[hole.device] = wait
        self._waits = waits
        self._asked_s = {
            device: at_s for device, at_s in self._asked_s.items() if now_s - at_s < PAUSE_S
        }
        return found
