"""Ways to let a running hub's disk be full, and to give it room again."""

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.hub import HubProcess

BLOCK_BYTES = 4096


class Disk:
    """A file system of 16 MB, filled by a file of ours. Needs root."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(folder)], check=True)
        self._ballast = folder / "ballast"

    @staticmethod
    def possible() -> bool:
        """True where this process may mount."""
        with tempfile.TemporaryDirectory() as folder:
            command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder]
            if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
                return False
            subprocess.run(["umount", folder], check=True)
        return True

    def fill(self, _hub: HubProcess) -> None:
        """Leave no block free."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(BLOCK_BYTES))

    def free(self, _hub: HubProcess) -> None:
        """Give the room back."""
        self._ballast.unlink()

    def close(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", str(self.folder)], check=True)


class Quota:
    """The hub's files may not grow: its processes' own limit."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()

    @staticmethod
    def _limit(hub: HubProcess, most_bytes: int) -> None:
        children = Path(f"/proc/{hub.pid}/task/{hub.pid}/children").read_text().split()
        for pid in (hub.pid, *map(int, children)):
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, hard))

    def fill(self, hub: HubProcess) -> None:
        """Let no file grow by more than a block."""
        self._limit(hub, (self.folder / "hub.db-wal").stat().st_size + BLOCK_BYTES)

    def free(self, hub: HubProcess) -> None:
        """Let files grow again."""
        self._limit(hub, resource.RLIM_INFINITY)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)
