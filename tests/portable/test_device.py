"""The device core does what it should on CPython and, with a Pico W's heap, on MicroPython."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from onedoor_hub.interpreter import micropython

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = sorted(HERE.glob("device_*_cases.py"))
CASES = [
    (program, name)
    for program in PROGRAMS
    for name in re.findall(r"^def case_(\w+)", program.read_text(), re.MULTILINE)
]
INTERPRETERS = {"CPython": [sys.executable]}
if micropython() is not None:
    INTERPRETERS["MicroPython"] = [str(micropython()), "-X", "heapsize=190k"]


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize(("program", "name"), CASES, ids=[name for _, name in CASES])
def test_the_device_does_this(program, name, interpreter, tmp_path):
    folders = [str(ROOT / "protocol"), str(ROOT / "firmware"), str(tmp_path)]
    done = subprocess.run(
        [*INTERPRETERS[interpreter], str(program), *folders, name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
