"""``onedoor hub`` as its users run it: a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from onedoor_hub.store.engine import migrate, open_engine

from tests.support.ports import free_port, wait_until


class HubProcess:
    """A hub on free ports, with its data in ``folder``; ``broker`` as in the settings."""

    def __init__(self, folder: Path, broker: str = "embedded"):
        self.folder = folder
        self.port = free_port()
        self.broker_port = free_port()
        self.broker = broker
        self.database_url = f"sqlite:///{folder / 'hub.db'}"
        self.engine = open_engine(self.database_url)
        migrate(self.engine)
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running hub; what serves the pages is its child."""
        if self._process is None:
            raise RuntimeError("the hub does not run")
        return self._process.pid

    def start(self, *flags: str) -> None:
        """Start it; returns once it answers and has its broker."""
        self.begin(*flags)
        wait_until(self.healthy, 60, "the hub answers")

    def begin(self, *flags: str) -> None:
        """Start it; returns at once."""
        command = [sys.executable, "-m", "onedoor_hub", "hub", "--data-dir", str(self.folder)]
        command += ["--port", str(self.port), "--broker", self.broker]
        command += ["--broker-port", str(self.broker_port), *flags]
        with (self.folder / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)

    def wait(self, timeout_s: float) -> int:
        """Its exit status. Raises TimeoutExpired where it has not ended by then."""
        if self._process is None:
            raise RuntimeError("the hub does not run")
        return self._process.wait(timeout_s)

    def healthy(self) -> bool:
        try:
            return self.get("/healthz")["status"] == "ok"
        except OSError:
            return False

    def get(self, path: str):
        """A JSON answer of the hub."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def kill(self) -> None:
        """SIGKILL to all of it at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> int | None:
        """Ask it to end; returns its exit status."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(20)
        finally:
            self.kill()
            self.engine.dispose()

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text()
