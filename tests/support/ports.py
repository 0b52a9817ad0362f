"""Free ports, and waiting for something to come true."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(true: Callable[[], object], timeout_s: float = 20, what: str = ""):
    """The first true answer of ``true()``. Raises TimeoutError after ``timeout_s``."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not within {timeout_s} s: {what or true}")
        time.sleep(0.02)


def listening(port: int) -> bool:
    """True where something accepts connections on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
