"""Fill the journal of a box that never meets a hub, or open it with the heap of a Pico W.

Usage: micropython capacity.py PROTOCOL_DIR FIRMWARE_DIR fill|open IMAGE COUNT

The flash is a Pico's 848 KiB file system with 150 KiB of other files in it. "fill" makes up to
COUNT ratings, saves the image and prints how many were kept. "open" opens the journal from the
image file, reads every entry and prints one line of JSON: entries, ms of open(), heap bytes used
by the open journal and at most while reading.
"""

import gc
import json
import os
import sys
import time

sys.path[:0] = [sys.argv[1], sys.argv[2], __file__.rsplit("/", 1)[0]]

import vfs  # noqa: E402
from onedoor_device.journal import Journal, JournalFull  # noqa: E402
from onedoor_device.store import Store  # noqa: E402
from onedoor_protocol import chain  # noqa: E402

BLOCKS = 212
FIRMWARE_FILES, FIRMWARE_FILE_BYTES = 19, 8084


class FlashFile:
    """A block device in a file of the host, so that the heap holds the journal alone."""

    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115 - open as long as it is mounted

    def readblocks(self, block, buffer, offset=0):
        """Read, as MicroPython's block protocol has it."""
        self._file.seek(block * 4096 + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        """Program, as MicroPython's block protocol has it."""
        self._file.seek(block * 4096 + offset)
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        """Block count, block size and erase, as MicroPython's block protocol has it."""
        if operation == 6:
            self.writeblocks(argument, b"\xff" * 4096)
        return {4: BLOCKS, 5: 4096}.get(operation, 0)


def journal_of(device):
    """The journal on a block device, mounted, not opened."""
    vfs.mount(vfs.VfsLfs2(device, progsize=256), "/flash")
    return Journal(Store("/flash/state", True), "box-1", os.urandom)


def fill(path, count):
    """Make a flash image with as many ratings as fit, at most ``count``; how many did."""
    from flash import Flash

    flash = Flash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    journal = journal_of(flash)
    for number in range(FIRMWARE_FILES):
        with open("/flash/%d.mpy" % number, "wb") as file:
            file.write(bytes(FIRMWARE_FILE_BYTES))
    journal.open()
    made = 0
    try:
        while made < count:
            journal.append(2, made * 1000, 0x44, made & 0xFFFF)
            made += 1
            journal.tidy()
    except JournalFull:
        pass
    with open(path, "wb") as file:
        file.write(flash.image)
    return made


def reopen(path):
    """Open the journal in an image file and read all of it; the figures."""
    journal = journal_of(FlashFile(path))
    gc.collect()
    before = gc.mem_alloc()
    start = time.ticks_ms()
    journal.open()
    open_ms = time.ticks_diff(time.ticks_ms(), start)
    gc.collect()
    held = most = gc.mem_alloc() - before
    seq, prev = 1, chain.genesis("box-1", journal.incarnation)
    while seq <= journal.last_seq:
        _, value, entries = journal.read(seq, 32)
        if value != prev:
            raise ValueError("chain broken before entry " + str(seq))
        for kind, t_ms, a, b in entries:
            prev = chain.step(prev, chain.pack(seq, kind, t_ms, a, b))
            seq += 1
        entries = None
        gc.collect()
        most = max(most, gc.mem_alloc() - before)
    if prev != journal.head:
        raise ValueError("chain broken at the end")
    return {"entries": seq - 1, "open_ms": open_ms, "held_bytes": held, "most_bytes": most}


if sys.argv[3] == "fill":
    print(fill(sys.argv[4], int(sys.argv[5])))
else:
    print(json.dumps(reopen(sys.argv[4])))
