"""Where the device's files are: in a checkout, or in an installed package."""

import importlib.util
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
        raise FirmwareError(f"umqtt.simple is not in {umqtt}: run ./setup.sh")
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
