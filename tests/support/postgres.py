"""A PostgreSQL server for one test session."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


def _programs() -> Path:
    """Folder of initdb and pg_ctl, which Debian keeps off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise RuntimeError("PostgreSQL is not installed: ./setup.sh test installs it")
    return (found[-1] if found else Path(str(on_path))).parent


class Postgres:
    """A server on a Unix socket in its own folder; speed over safety, as it holds tests only."""

    def __init__(self):
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="onedoor-pg-"))
        # PostgreSQL refuses to run as root; Debian's package brings a user for it.
        self._user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self._databases = 0

    def _run(self, *command: str) -> None:
        if os.geteuid() == 0:
            command = ("runuser", "-u", self._user, "--", *command)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        data = str(self._folder / "data")
        self._run(str(self._programs / "initdb"), "-D", data, "-A", "trust", "-N", "-E", "UTF8")
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off"
        log = str(self._folder / "log")
        self._run(
            str(self._programs / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start"
        )

    def new_database(self) -> str:
        """Make an empty database; returns its SQLAlchemy URL."""
        self._databases += 1
        name = f"onedoor{self._databases}"
        self._run(str(self._programs / "createdb"), "-h", str(self._folder), "-U", self._user, name)
        return f"postgresql+psycopg://{self._user}@/{name}?host={self._folder}"

    def stop(self) -> None:
        data = str(self._folder / "data")
        self._run(str(self._programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)
