"""Put firmware and configuration on a Pico W, or into an image of its file system."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from onedoor_protocol.mac import KEY_BYTES

from onedoor_hub.firmware import FirmwareError, compile_into

# MicroPython's RPI_PICO_W board: 848 KiB at the end of 2 MiB flash, in sectors of 4 KiB.
BLOCK_BYTES = 4096
IMAGE_BYTES = 848 * 1024
IMAGE_ADDRESS = 0x10000000 + 2 * 1024 * 1024 - IMAGE_BYTES
# What MicroPython's own _boot.py formats with.
_PROGRAM_BYTES = 256
_READ_BYTES = 32
_DISK_VERSION = 0x00020000
_CHECK_S = 20
_COPY_S = 120
_RESTART_S = 15
_ANEW = "plug it in anew"
_MQTT_PORT = 1883
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")  # a name or an IPv4 address
# Run on the board: nothing of another device may stay, least of all the revision of its desired
# configuration. Where there is no configuration, the journal itself knows whose it is.
_FORGET = """
import json, os

def remove(path):
    try:
        names = os.listdir(path)
    except OSError:
        return os.remove(path)
    for name in names:
        remove(path + "/" + name)
    os.rmdir(path)

try:
    with open("config.json") as file:
        former = json.load(file)["device"]
except (OSError, ValueError, KeyError, TypeError):
    former = "{device}"
if former != "{device}":
    if "state" in os.listdir():
        remove("state")
    print(former)
"""


class FlashError(FirmwareError):
    """The box was not flashed; the text says what failed, where, and what to do."""


def configuration(
    device_id: str,
    centre: str,
    key: bytes,
    broker_address: str,
    wifi_ssid: str = "",
    wifi_password: str = "",
    buttons: int | str = 4,
    light: str = "each",
) -> dict[str, Any]:
    """A box's config.json. ``broker_address`` is HOST or HOST:PORT as the box sees it, ``light``
    is "each" for a light per button or "status" for a single one.

    Raises FlashError where the address or the key is none.
    """
    if len(key) != KEY_BYTES:
        raise FlashError(f"the key of {device_id} has {len(key)} bytes, not {KEY_BYTES}")
    host, _, port = broker_address.partition(":")
    port = port or str(_MQTT_PORT)
    if not _HOST.fullmatch(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise FlashError(
            f"{broker_address!r} is no HOST[:PORT] of a broker, e.g. 192.168.1.10:1883"
        )
    config: dict[str, Any] = {
        "device": device_id,
        "centre": centre,
        "key": key.hex(),
        "broker": {"host": host, "port": int(port)},
        "buttons": int(buttons),
        "light": light,
    }
    if wifi_ssid:
        config["wifi"] = {"ssid": wifi_ssid, "password": wifi_password}
    return config


def build_tree(config: dict[str, Any], folder: Path) -> list[Path]:
    """Write all files of a box into a folder, compiled; main.py comes last in the list.

    Raises FirmwareError.
    """
    # _boot.py works only where it is frozen into MicroPython itself.
    made = [path for path in compile_into(folder) if path.stem != "_boot"]
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    made.append(file)
    # The board starts main.py: with it last, a flash that was cut short starts nothing.
    return sorted(made, key=lambda path: path.name == "main.py")


def write_image(config: dict[str, Any], path: Path) -> None:
    """Write the file system of a box as an image for a Pico W's flash at ``IMAGE_ADDRESS``.

    Raises FirmwareError where the files do not fit or the image cannot be written.
    """
    from littlefs import LittleFS, LittleFSError

    image = LittleFS(
        block_size=BLOCK_BYTES,
        block_count=IMAGE_BYTES // BLOCK_BYTES,
        read_size=_READ_BYTES,
        prog_size=_PROGRAM_BYTES,
        lookahead_size=32,
        disk_version=_DISK_VERSION,
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            for file in build_tree(config, root):
                name = file.relative_to(root)
                image.makedirs(str(name.parent), exist_ok=True)
                with image.open(str(name), "wb") as target:
                    target.write(file.read_bytes())
        except LittleFSError as error:
            raise FlashError(f"the files do not fit into the image: {error}") from error
    try:
        # The image holds the device's key.
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(image.context.buffer)
    except OSError as error:
        raise FlashError(f"cannot write {path}: {error.strerror}") from error


def flash_port(config: dict[str, Any], port: str) -> str:
    """Copy a box's files to the Pico on a serial port and restart it.

    Its journal stays, unless the board was another device before: then that one's journal and
    configuration go, and its id is returned, else "".

    Raises FirmwareError, one line, where there is no such port, no MicroPython on the board,
    or mpremote fails.
    """
    if not Path(port).exists():
        raise FlashError(f"no port {port}: plug the Pico in; 'mpremote connect list' shows ports")
    if not os.access(port, os.R_OK | os.W_OK):
        raise FlashError(f"no permission for {port}: add yourself to the group dialout")
    _check_board(port)
    _stop_program(port)
    former = _mpremote(port, "exec", _FORGET.format(device=config["device"])).strip()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = build_tree(config, root)
        folders = sorted({file.parent.name for file in files if file.parent != root})
        make = "import os\nfor name in {}:\n try: os.mkdir(name)\n except OSError: pass"
        _mpremote(port, "exec", make.format(folders))
        by_folder = [[file for file in files if file.parent.name == name] for name in folders]
        for name, inside in zip(folders, by_folder, strict=True):
            _mpremote(port, "fs", "cp", *map(str, inside), f":{name}/")
        _mpremote(port, "fs", "cp", *[str(file) for file in files if file.parent == root], ":")
    _mpremote(port, "reset")
    return former


def _check_board(port: str) -> None:
    command = "import sys; print(sys.implementation._mpy & 255)"
    answer = _mpremote(port, "exec", command, timeout_s=_CHECK_S).strip()
    if answer != "6":
        raise FlashError(
            f"the MicroPython on {port} reads .mpy files of version {answer or 'unknown'}, not 6:"
            " install MicroPython 1.23 or newer for RPI_PICO_W"
        )


def _stop_program(port: str) -> None:
    """Restart a board without its program, whose watchdog would cut the copying short."""
    command = "import os; found = 'main.py' in os.listdir(); print(found)"
    if _mpremote(port, "exec", command).strip() != "True":
        return
    _mpremote(port, "exec", "import os; os.remove('main.py')")
    _mpremote(port, "reset")
    until_s = time.monotonic() + _RESTART_S
    while True:  # the port goes and comes back
        time.sleep(1)
        try:
            if Path(port).exists():
                _check_board(port)
                return
        except FlashError:
            if time.monotonic() > until_s:
                raise
        if time.monotonic() > until_s:
            raise FlashError(f"the board on {port} did not come back after a restart: {_ANEW}")


def _mpremote(port: str, *arguments: str, timeout_s: int = _COPY_S) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", port, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise FlashError(_no_answer(port)) from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        if any("raw repl" in line for line in lines):
            raise FlashError(_no_answer(port))
        raise FlashError(f"mpremote failed on {port}: {lines[-1] if lines else 'no message'}")
    return done.stdout


def _no_answer(port: str) -> str:
    return (
        f"no MicroPython answers on {port}: {_ANEW}; if it has none yet, hold BOOTSEL"
        " meanwhile and copy MicroPython's RPI_PICO_W .uf2 file to the drive that appears"
    )
