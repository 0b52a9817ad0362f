"""The golden vectors hold on CPython and, with the heap of a Pico W, on MicroPython."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from onedoor_hub.interpreter import micropython

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("protocol_vectors.py")
VECTORS = sorted(path.stem for path in (ROOT / "protocol" / "vectors").glob("*.json"))

INTERPRETERS = {"CPython": [sys.executable]}
if micropython() is not None:
    INTERPRETERS["MicroPython"] = [str(micropython()), "-X", "heapsize=190k"]


def run_vectors(interpreter: list[str], protocol: Path, names: list[str]):
    command = [*interpreter, str(RUNNER), str(protocol), *names]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_micropython_is_there_where_the_registry_has_it():
    published = sys.platform == "linux" and platform.machine() == "x86_64"
    assert "MicroPython" in INTERPRETERS or not published


@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
@pytest.mark.parametrize("name", VECTORS)
def test_every_vector_holds(interpreter, name):
    done = run_vectors(interpreter, ROOT / "protocol", [name])
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(done.stdout.split(" passed")[0].splitlines()[-1])
    assert passed >= 4


@pytest.mark.parametrize("interpreter", INTERPRETERS.values(), ids=INTERPRETERS)
def test_the_runner_sees_a_wrong_vector(interpreter, tmp_path):
    (tmp_path / "vectors").mkdir()
    (tmp_path / "onedoor_protocol").symlink_to(ROOT / "protocol" / "onedoor_protocol")
    good = (ROOT / "protocol" / "vectors" / "passwords.json").read_text()
    password = good.split('"password":"')[1][:32]
    spoilt = good.replace(password, password[::-1])
    (tmp_path / "vectors" / "passwords.json").write_text(spoilt)
    done = run_vectors(interpreter, tmp_path, ["passwords"])
    assert done.returncode == 1
    assert "3 passed, 1 failed" in done.stdout
