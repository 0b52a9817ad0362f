"""Set-up says in one line what is wrong, does nothing twice, and the wheel is whole."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.rules.source import ROOT


def run(script: Path, *arguments: str, path: str = os.environ["PATH"]):
    """One run of setup.sh; its output as text."""
    return subprocess.run(
        ["/bin/sh", script, *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_unknown_argument_is_answered_with_the_two_known_ones():
    answer = run(ROOT / "setup.sh", "demos")
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [
        "setup: unknown argument 'demos': say ./setup.sh demo or ./setup.sh test"
    ]


def test_without_apt_one_line_names_what_to_install(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "mkdir", "find", "head", "id", "flock", "python3"):
        (tools / name).symlink_to(shutil.which(name) or name)
    shutil.copy(ROOT / "setup.sh", tmp_path)
    answer = run(tmp_path / "setup.sh", "test", path=str(tools))
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert line.startswith("setup: this machine has no apt-get; install these yourself")
    assert " chromium" in line


def test_set_up_that_is_done_does_and_says_nothing():
    answer = run(ROOT / "setup.sh", "test")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_wheel_holds_packages_device_files_and_browser_files(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("onedoor-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "onedoor_protocol/codec.py",
        "onedoor_device/journal.py",
        "onedoor_hub/app.py",
        "onedoor_hub/_firmware/pico/main.py",
        "onedoor_hub/_firmware/bench_board/machine.py",
        "onedoor_hub/static/vendor/htmx.min.js",
    }
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "onedoor_protocol",
        "onedoor_device",
        "onedoor_hub",
    }
