"""The buttons and lights of a box on the bench: pressed and watched over the board's socket.

What the bench board understands stands in ``firmware/bench_board/machine.py``.
"""

import abc
import collections
import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

from onedoor_hub.errors import HubError

BUTTON_PINS = (2, 3, 4, 5, 6)
LIGHT_PINS = (10, 11, 12, 13, 14)
STATUS_PIN = 15
NAMES = {
    4: ("excellent", "good", "fair", "poor"),
    5: ("excellent", "good", "okay", "fair", "poor"),
}
_REMEMBERED = 20000


class BenchError(HubError):
    """A box did not start or did not do what it should; the text says what, and its last words."""


class BenchPins(abc.ABC):
    """The pins of one box with ``buttons`` buttons, once ``_listen`` knows the board's port."""

    def __init__(self, buttons: int, light_pins: tuple[int, ...]) -> None:
        self.buttons = buttons
        self.light_pins = light_pins
        self._socket: socket.socket | None = None
        self._levels: dict[int, int] = {}
        self._events: collections.deque[tuple[str, int, int, int]] = collections.deque(
            maxlen=_REMEMBERED
        )
        self._changed = threading.Condition()
        self._lit = False  # all lights, since the newest press began
        self._memory: int | None = None
        self._bounces = random.Random(1)

    @property
    @abc.abstractmethod
    def alive(self) -> bool:
        """True while it is of use to wait for the board."""

    def _ready(self) -> bool:
        return all(pin in self._levels for pin in self.light_pins)

    # Hands

    def press(self, button: int | str, ms: int = 80, bounce: bool = True) -> None:
        """Press a button for ``ms`` and let go. ``button``: place from the left from 0, or name."""
        pin = self.pin(button)
        self._lit = False
        self.set(pin, 0, bounce)
        # Held from when the box has it, whose process may be late on a busy machine.
        self._wait(lambda: self._levels.get(pin) == 0, 1)
        time.sleep(ms / 1000)
        self.set(pin, 1, bounce)

    def pin(self, button: int | str) -> int:
        """GPIO number of a button."""
        place = NAMES[self.buttons].index(button) if isinstance(button, str) else button
        return BUTTON_PINS[: self.buttons][place]

    def set(self, pin: int, level: int, bounce: bool = False) -> None:
        """Put a pin to a level (0: pressed), as a contact that bounces for about 4 ms, or clean."""
        if bounce:
            for _ in range(self._bounces.randint(1, 3)):
                self._send(f"in GP{pin} {level}")
                time.sleep(self._bounces.uniform(0.0002, 0.001))
                self._send(f"in GP{pin} {1 - level}")
                time.sleep(self._bounces.uniform(0.0002, 0.001))
        self._send(f"in GP{pin} {level}")

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Let the board's code stand still for the block, as an erase of flash does on a Pico."""
        self._lit = False
        self._send("stall 1")
        try:
            yield
        finally:
            self._send("stall 0")

    def wifi(self, there: bool) -> None:
        """Take the Wi-Fi away, or give it back."""
        self._send(f"wifi {int(there)}")

    # Eyes

    def lights(self) -> tuple[bool, ...]:
        """Which lights are lit, left to right (one, where the box has a status light)."""
        with self._changed:
            return tuple(bool(self._levels.get(pin)) for pin in self.light_pins)

    def wait_for_light(self, timeout_s: float = 2) -> bool:
        """Wait until all lights have been lit since the newest press began; False if too late."""
        return self._wait(lambda: self._lit, timeout_s)

    def wait_for_dark(self, timeout_s: float = 5) -> bool:
        """Wait until no light is lit; False where that does not happen in time."""
        return self._wait(lambda: not any(self.lights()), timeout_s)

    def events(self) -> list[tuple[str, int, int, int]]:
        """The newest pin changes: ("in" or "out", GPIO, level, microseconds on the box's clock)."""
        with self._changed:
            return list(self._events)

    def memory_free(self) -> int:
        """Bytes of the box's heap that are free now, garbage not counted. Raises BenchError."""
        self._memory = None
        self._send("memory")
        if not self._wait(lambda: self._memory is not None, 2):
            raise BenchError("the box does not answer")
        return self._memory or 0

    def forget_events(self) -> None:
        """Begin the list of pin changes anew."""
        with self._changed:
            self._events.clear()

    def _wait(self, condition: Callable[[], bool], timeout_s: float, watch: bool = False) -> bool:
        end = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                left = end - time.monotonic()
                if left <= 0 or not self.alive:
                    return False
                if watch:
                    self._send("watch")
                    left = min(left, 0.05)
                self._changed.wait(left)
            return True

    # Wire

    def _listen(self, port: int) -> None:
        old, self._socket = self._socket, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.5)
        self._socket.connect(("127.0.0.1", port))
        if old is not None:
            old.close()
        threading.Thread(target=self._receive, args=(self._socket,), daemon=True).start()

    def _send(self, line: str) -> None:
        # Nobody listens while the box starts or when it is off: a press on a dead box.
        with contextlib.suppress(OSError, AttributeError):
            self._socket.send(line.encode())  # type: ignore[union-attr]

    def _receive(self, listening: socket.socket) -> None:
        while listening.fileno() >= 0:
            try:
                words = listening.recv(64).decode().split()
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                time.sleep(0.01)  # the box is not up yet
                continue
            except OSError:
                return
            with self._changed:
                if words[0] == "memory":
                    self._memory = int(words[1])
                else:
                    pin, level, us = int(words[1][2:]), int(words[2]), int(words[3])
                    self._levels[pin] = level
                    self._lit = self._lit or all(self.lights())
                    self._events.append((words[0], pin, level, us))
                self._changed.notify_all()
