"""Power cuts and flash errors under MicroPython's own littlefs lose no entry that was kept.

ONEDOOR_FAULTS=full takes every operation of a script of 500 presses, otherwise a short script.
"""

import os
import subprocess
from pathlib import Path

import pytest
from onedoor_hub.interpreter import micropython

ROOT = Path(__file__).parents[2]
POWERCUT = Path(__file__).with_name("powercut")
FULL = os.environ.get("ONEDOOR_FAULTS") == "full"


def on_micropython(program, *arguments, firmware=ROOT / "firmware", heap="48m"):
    """Run a program of tests/faults/powercut; the finished process."""
    command = [str(micropython()), "-X", f"heapsize={heap}", str(POWERCUT / program)]
    folders = [str(ROOT / "protocol"), str(firmware)]
    return subprocess.run(
        [*command, *folders, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def count_of(done):
    """The count that a finished program reports; fails with what it found wrong."""
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[0])


@pytest.mark.parametrize(("way", "least"), [("swap", (400, 1800)), ("rename", (400, 3000))])
def test_no_power_cut_loses_a_kept_entry_or_breaks_the_chain(way, least):
    every = 1 if way == "swap" else 2 if FULL else 3
    script = "full" if FULL else "short"
    assert count_of(on_micropython("cuts.py", script, every, way)) >= least[FULL]


def test_no_failing_flash_operation_loses_a_kept_entry():
    assert count_of(on_micropython("errors.py", 1 if FULL else 3)) >= (140 if FULL else 45)
