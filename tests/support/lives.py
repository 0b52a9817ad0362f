"""A program with many short lives: imported once and forked for each, so that a life costs
milliseconds and 300 kills a minute.

The program is a module with ``live(arguments, fate, ready)``, which calls ``ready()`` when it
works and does not return. ``fate`` is a text that may tell it when to end itself.
"""

import contextlib
import ctypes
import importlib
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


class Lives:
    """The lives of a module, one after the other. Its output goes to the file ``log``."""

    def __init__(self, module: str, arguments: list[str], log: Path, before: tuple[str, ...] = ()):
        """``before``: words of a command that runs the program, as ``ip netns exec NAME``."""
        self.log = log
        self.pid = 0
        self._words: queue.Queue[list[str]] = queue.Queue()
        command = [*before, sys.executable, "-m", __name__, module, *arguments]
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._words.put(line.decode().split())
        self._words.put(["ended", "program"])

    def _next(self, timeout_s: float) -> list[str]:
        return self._words.get(timeout=timeout_s)

    def start(self, fate: str = "", timeout_s: float = 20) -> bool:
        """Begin a life; True once it is ready, False where it met its fate before that.

        Raises RuntimeError where it ended otherwise.
        """
        self._process.stdin.write(fate.encode() + b"\n")
        self._process.stdin.flush()
        self.pid = int(self._next(timeout_s)[1])
        word, *rest = self._next(timeout_s)
        if word == "ready":
            return True
        self._check_end(rest)
        return False

    def kill(self) -> None:
        """SIGKILL, unless it met its fate; returns when it is gone."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.ended(20)

    def ended(self, timeout_s: float) -> bool:
        """Wait for the end of this life; False where it goes on. Raises RuntimeError where it
        ended by anything but SIGKILL."""
        if not self.pid:
            return True
        try:
            _, *rest = self._next(timeout_s)
        except queue.Empty:
            return False
        self._check_end(rest)
        return True

    def _check_end(self, rest: list[str]) -> None:
        self.pid = 0
        if rest != [str(signal.SIGKILL.value)]:
            raise RuntimeError(f"a life ended by {rest}: {self.log.read_text()[-2000:]}")

    def close(self) -> None:
        """End the program and, with it, its life."""
        self._process.kill()
        self._process.wait(10)
        self._process.stdin.close()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main(module: str, *arguments: str) -> None:
    """Fork a life for each line of standard input; say ``pid``, ``ready`` and ``ended``."""
    _end_with_parent()
    words = os.dup(1)
    os.dup2(2, 1)  # the program's own output goes to the log
    program = importlib.import_module(module)
    while line := sys.stdin.buffer.readline():
        pid = os.fork()
        if not pid:
            _end_with_parent()
            os.write(words, b"pid %d\n" % os.getpid())
            try:
                program.live(arguments, line.decode().strip(), lambda: os.write(words, b"ready\n"))
            finally:
                sys.stderr.flush()
        status = os.waitpid(pid, 0)[1]
        how = os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"status {status}"
        os.write(words, f"ended {how}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
