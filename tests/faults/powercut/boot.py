"""Start a board with _boot.py from flash in several states; print what comes of each, as JSON.

Usage: micropython boot.py PROTOCOL_DIR FIRMWARE_DIR blank|cut|journal|foreign|spoilt
"""

import json
import os
import sys

sys.path[:0] = [sys.argv[1], sys.argv[2], __file__.rsplit("/", 1)[0]]

import vfs  # noqa: E402
from flash import Flash, erase  # noqa: E402
from script import open_journal  # noqa: E402


def prepared(state):
    """A chip in one of the states."""
    flash = Flash(40)
    if state == "cut":  # the first format was cut short in its first program
        flash.image[:40] = bytes(range(40))
    if state in ("journal", "spoilt"):
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        open_journal(flash, True).append(2, 1, 0x44, 7)
        vfs.umount("/flash")
    if state == "spoilt":  # both copies of the file system's root are gone
        erase(flash.image, 0)
        flash.image[4096:4196] = bytes(100)
    if state == "foreign":
        flash.image[5 * 4096 : 5 * 4096 + 9] = b"something"
    return flash


def exists(path):
    """Whether there is a file or directory."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


class Rp2:
    """The part of MicroPython's rp2 module that _boot.py uses."""

    def __init__(self, flash):
        self._flash = flash

    def Flash(self):
        """The board's flash."""
        return self._flash


with open(sys.argv[2] + "/pico/_boot.py") as file:
    boot = file.read()
flash = prepared(sys.argv[3])
before = bytes(flash.image)
vfs.umount("/")  # as on a board that has just started
sys.modules["rp2"] = Rp2(flash)
exec(boot, {"__name__": "_boot"})
fault = None
if exists("/boot_fault"):
    with open("/boot_fault") as file:
        fault = file.read().strip()
with open("/written", "w") as file:
    file.write("works")
found = {
    "fault": fault,
    "journal": exists("/state/hot"),
    "touched": bytes(flash.image) != before,
    "writes": os.stat("/written")[6],
}
print(json.dumps(found))
