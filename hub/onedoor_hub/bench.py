"""Rating boxes on this machine: the real firmware in MicroPython, its pins on a bench board.

The demo presses these, and so do the tests. What the bench board understands stands in
``firmware/bench_board/machine.py``.
"""

import collections
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onedoor_hub import firmware, interpreter
from onedoor_hub.errors import HubError

HEAP = "190k"  # what a Pico W leaves to Python
BUTTON_PINS = (2, 3, 4, 5, 6)
LIGHT_PINS = (10, 11, 12, 13, 14)
STATUS_PIN = 15
NAMES = {
    4: ("excellent", "good", "fair", "poor"),
    5: ("excellent", "good", "okay", "fair", "poor"),
}
_RESET_FILE = "bench-reset"
_REMEMBERED = 20000


class BenchError(HubError):
    """A box did not start or did not do what it should; the text says what, and its last words."""


class BenchBox:
    """One rating box. ``config`` is its config.json; ``state_dir`` is its flash.

    It runs on the machine's MicroPython, and on CPython where there is none or where ``cpython``
    says so. With ``image``, a file made by ``flash.write_image``, the box runs from that file
    system and from nothing else, as a Pico does; ``config`` must be the image's own.

    Use it as a context manager, or call ``start`` and ``stop``.
    """

    def __init__(
        self,
        config: dict[str, Any],
        state_dir: Path | str,
        cpython: bool = False,
        image: Path | None = None,
    ) -> None:
        self.config = config
        self.state_dir = Path(state_dir)
        self.micropython = None if cpython else interpreter.micropython()
        self.image = image
        self.buttons: int = config.get("buttons", 4)
        self.light_pins = (
            (STATUS_PIN,) if config.get("light") == "status" else LIGHT_PINS[: self.buttons]
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._levels: dict[int, int] = {}
        self._events: collections.deque[tuple[str, int, int, int]] = collections.deque(
            maxlen=_REMEMBERED
        )
        self._changed = threading.Condition()
        self._lit = False  # all lights, since the newest press began
        self._memory: int | None = None
        self._wanted = False
        self._bounces = random.Random(1)

    def __enter__(self) -> "BenchBox":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Life

    def start(self, timeout_s: float = 10) -> None:
        """Switch the box on; returns when its pins answer. Raises BenchError."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        file = self.state_dir / "config.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.config))
        self._wanted = True
        process = self._launch()
        threading.Thread(target=self._supervise, args=(process,), daemon=True).start()
        if not self._wait(self._ready, timeout_s, watch=True):
            last = self.console()[-500:]
            self.stop()
            raise BenchError(f"box {self.config.get('device')} did not start: {last}")

    def _ready(self) -> bool:
        return all(pin in self._levels for pin in self.light_pins)

    def _launch(self) -> subprocess.Popen[bytes]:
        found, environment = firmware.sources(), dict(os.environ)
        main = found.pico / "main.py"
        packages = [found.device.parent, found.protocol.parent, found.umqtt.parent]
        path = [found.pico, found.bench_board, *packages]
        if self.image:
            main = found.bench_board / "image.py"
            path = [found.bench_board]
            environment["ONEDOOR_BENCH_IMAGE"] = str(self.image)
        port = _free_port()
        environment |= {"ONEDOOR_BENCH_PORT": str(port), "ONEDOOR_BENCH_STDIN": "1"}
        if self.micropython:
            environment["MICROPYPATH"] = ":".join([*map(str, path), ".frozen"])
            command = [str(self.micropython), "-X", f"heapsize={HEAP}", str(main)]
        else:
            environment["PYTHONPATH"] = ":".join(map(str, path))
            run = found.bench_board / "cpython" / "run.py"
            command = [sys.executable, "-u", str(run), str(main)]
        with self._changed:
            self._levels.clear()
        self._listen(port)
        with (self.state_dir / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                command,
                cwd=self.state_dir,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=console,
                start_new_session=True,  # Ctrl-C in a terminal is for whoever started the boxes
            )
        return self._process

    def _supervise(self, process: subprocess.Popen[bytes]) -> None:
        """Start the box again after a reset, as a Pico starts again by itself."""
        while True:
            process.wait()
            if not self._wanted or not self._resetting():
                return
            process = self._launch()
            self._wait(self._ready, 10, watch=True)

    def _resetting(self) -> bool:
        return (self.state_dir / _RESET_FILE).exists()

    def kill(self) -> None:
        """Cut the power: SIGKILL, no goodbye."""
        self._wanted = False
        process = self._process
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # A Pico knows no other end than a power cut.
    stop = kill

    @property
    def alive(self) -> bool:
        """True while the box runs or is restarting."""
        up = self._process is not None and self._process.poll() is None
        return up or (self._wanted and self._resetting())

    @property
    def pid(self) -> int:
        """Process id of the running box."""
        if self._process is None:
            raise BenchError("the box was never started")
        return self._process.pid

    def console(self) -> str:
        """What the box has printed since it was first started here."""
        file = self.state_dir / "console.log"
        return file.read_text(errors="replace") if file.exists() else ""

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


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
