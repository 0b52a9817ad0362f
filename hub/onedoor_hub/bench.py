"""Rating boxes on this machine: the real firmware in MicroPython, its pins on a bench board.

The demo presses these, and so do the tests; how, stands in ``bench_pins.py``.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from onedoor_hub import firmware, interpreter
from onedoor_hub.bench_pins import LIGHT_PINS, STATUS_PIN, BenchError, BenchPins

HEAP = "190k"  # what a Pico W leaves to Python
_RESET_FILE = "bench-reset"


class BenchBox(BenchPins):
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
        buttons: int = config.get("buttons", 4)
        one_light = config.get("light") == "status"
        super().__init__(buttons, (STATUS_PIN,) if one_light else LIGHT_PINS[:buttons])
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False

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


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
