"""Set-up says in one line what is wrong, does nothing twice, and the wheel is whole."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built here and now."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("onedoor-*.whl")
    return wheel


def test_the_wheel_holds_packages_device_files_and_browser_files(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= {
        "onedoor_protocol/codec.py",
        "onedoor_device/journal.py",
        "onedoor_hub/app.py",
        "onedoor_hub/_firmware/pico/main.py",
        "onedoor_hub/_firmware/bench_board/machine.py",
        "onedoor_hub/_firmware/umqtt/simple.py",
        "onedoor-0.1.0.dist-info/licenses/firmware/umqtt.LICENSE",
        "onedoor_hub/static/vendor/htmx.min.js",
    }
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "onedoor_protocol",
        "onedoor_device",
        "onedoor_hub",
    }


def compiled(installed: Path, folder: Path):
    """What compiling the device files of an installed wheel says."""
    program = """
import sys
from pathlib import Path
from onedoor_hub import firmware
try:
    print(len(firmware.compile_into(Path(sys.argv[1]))), "from", firmware.__file__)
except firmware.FirmwareError as error:
    sys.exit(str(error))
"""
    return subprocess.run(
        [sys.executable, "-c", program, folder],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_box_can_be_flashed_from_the_wheel_alone(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    done = compiled(tmp_path / "installed", tmp_path / "files")
    assert done.stderr == ""
    assert str(tmp_path) in done.stdout, "not the checkout's"
    assert (tmp_path / "files" / "umqtt" / "simple.mpy").is_file()
    assert (tmp_path / "files" / "main.py").is_file()


def test_a_wheel_built_without_umqtt_says_so_in_one_line(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    shutil.rmtree(tmp_path / "onedoor_hub" / "_firmware" / "umqtt")
    done = compiled(tmp_path, tmp_path / "files")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("umqtt.simple is not in ")
    assert line.endswith("this wheel was built before ./setup.sh fetched it; build it again")
