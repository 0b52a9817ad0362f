"""A real Mosquitto with the access list and passwords that the product writes for it."""

import os
import shutil
import subprocess
from pathlib import Path

from onedoor_hub.broker.accounts import HUB_USER
from onedoor_hub.broker.client import Address
from onedoor_hub.broker.mosquitto import write_files

from tests.support.ports import free_port, listening, wait_until

HUB_PASSWORD = "only for these tests"


def _program() -> str:
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise RuntimeError("Mosquitto is not installed: ./setup.sh test installs it")
    return found


class Mosquitto:
    """One broker on a free port of the loopback address; ``more`` are settings of its own.

    ``before``: words of a command that runs it, as ``ip netns exec NAME``; ``listen``: an address
    of its own to listen on.
    """

    def __init__(
        self,
        folder: Path,
        more: str = "",
        before: tuple[str, ...] = (),
        listen: str = "127.0.0.1",
    ):
        self._before = before
        self._listen = listen
        self._folder = folder
        self._more = more
        self.port = free_port()
        self._passwords = {HUB_USER: HUB_PASSWORD}
        self._process: subprocess.Popen | None = None

    @property
    def address(self) -> Address:
        """Where the hub's own account signs in."""
        return Address("127.0.0.1", self.port, HUB_USER, HUB_PASSWORD)

    @property
    def url(self) -> str:
        """The same as the hub's setting ``broker``."""
        return f"mqtt://{HUB_USER}:{HUB_PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"

    def allow(self, passwords: dict[str, str]) -> None:
        """Let users in, by user name and password."""
        self._passwords.update(passwords)

    def start(self) -> None:
        """Write its files and start it; returns once it takes connections."""
        path = write_files(self._folder, self._passwords, self._listen, self.port)
        more = self._more
        if os.geteuid() == 0:  # else Mosquitto becomes a user who may not read these files
            more += "user root\n"
        path.write_text(path.read_text() + more)
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._before, _program(), "-c", str(path)], stdout=log, stderr=log, cwd=self._folder
        )
        log.close()
        wait_until(self._listens, what="Mosquitto listens")

    def _listens(self) -> bool:
        if self._before:  # not to be reached from here
            return "listen socket on port" in (self._folder / "log").read_text()
        return listening(self.port)

    def kill(self) -> None:
        """SIGKILL it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
