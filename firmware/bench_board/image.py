"""Starts a box from a littlefs image in a file, as a Pico starts from its flash.

ONEDOOR_BENCH_IMAGE names the file. Only MicroPython can mount it.
"""

import os
import sys

import machine  # noqa: F401  the bench board notes its folder before the box changes to /flash

_BLOCK_BYTES = 4096


class Flash:
    """A block device over a file: what rp2.Flash is on a Pico."""

    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115  as long as the process

    def readblocks(self, number, buffer, offset=0):
        """Fill the buffer from a place in a block."""
        self._file.seek(number * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        """Write the buffer to a place in a block."""
        self._file.seek(number * _BLOCK_BYTES + offset)
        self._file.write(buffer)

    def ioctl(self, request, argument):
        """Sync (3), number of blocks (4), bytes a block (5), erase (6)."""
        if request == 3:
            self._file.flush()
        if request == 4:
            return self._file.seek(0, 2) // _BLOCK_BYTES
        if request == 5:
            return _BLOCK_BYTES
        return 0


os.mount(os.VfsLfs2(Flash(os.getenv("ONEDOOR_BENCH_IMAGE"))), "/flash")
os.chdir("/flash")
sys.path.insert(0, "/flash")
import main  # noqa: E402, F401
