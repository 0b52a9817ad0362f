"""The journal keeps its promises on CPython and, with the heap of a Pico W, on MicroPython."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from onedoor_hub.interpreter import micropython

ROOT = Path(__file__).parents[2]
PROGRAMS = ("journal_cases.py", "journal_damage_cases.py")

INTERPRETERS = {"CPython": [sys.executable]}
if micropython() is not None:
    INTERPRETERS["MicroPython"] = [str(micropython()), "-X", "heapsize=190k"]


def cases_of(program):
    """The names of a program's cases."""
    return re.findall(
        r"^def case_(\w+)", Path(__file__).with_name(program).read_text(), re.MULTILINE
    )


CASES = [(program, name) for program in PROGRAMS for name in cases_of(program)]


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize(("program", "name"), CASES, ids=[name for _, name in CASES])
def test_the_journal_keeps_this_promise(program, name, interpreter, tmp_path):
    folders = [str(ROOT / "protocol"), str(ROOT / "firmware"), str(tmp_path)]
    done = subprocess.run(
        [*INTERPRETERS[interpreter], str(Path(__file__).with_name(program)), *folders, name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
