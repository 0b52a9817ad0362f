"""Mount the Pico's flash, and never format one that holds something.

MicroPython's own _boot.py formats the flash when it cannot be mounted, and so destroys a journal
that could still be read. This one takes its place when it is frozen into the firmware, as
ports/rp2/modules/_boot.py; MicroPython does not run a copy of it from the flash.

Flash that cannot be mounted is left as it is. The board goes on with a small file system in RAM,
in which the file ``boot_fault`` says why, in one line.
"""

import rp2
import vfs

FAULT_FILE = "/boot_fault"
_PROGRAM_BYTES = 256
_RAM_BLOCK_BYTES = 512
_RAM_BLOCKS = 64


class RamDisk:
    """A block device in RAM: empty at each start."""

    def __init__(self):
        self._data = bytearray(_RAM_BLOCK_BYTES * _RAM_BLOCKS)

    def readblocks(self, block, buffer, offset=0):
        """Fill the buffer from a place in a block."""
        start = block * _RAM_BLOCK_BYTES + offset
        buffer[:] = memoryview(self._data)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        """Write the buffer to a place in a block."""
        start = block * _RAM_BLOCK_BYTES + offset
        self._data[start : start + len(buffer)] = buffer

    def ioctl(self, request, argument):
        """Number of blocks (4), bytes a block (5); erasing (6) needs nothing."""
        return {4: _RAM_BLOCKS, 5: _RAM_BLOCK_BYTES}.get(request, 0)


def nothing_to_lose(flash):
    """True where all blocks but the first two are blank.

    Formatting writes these two only, and a directory such as the journal's lies in others: so this
    is a new chip, or one whose first format was cut short.
    """
    size = flash.ioctl(5, 0)
    block = bytearray(size)
    blank = b"\xff" * size
    for number in range(2, flash.ioctl(4, 0)):
        flash.readblocks(number, block)
        if block != blank:
            return False
    return True


def mount_flash():
    """Mount the flash at /, formatted first where it is new. Raises OSError."""
    flash = rp2.Flash()
    try:
        found = vfs.VfsLfs2(flash, progsize=_PROGRAM_BYTES)
    except OSError:
        if not nothing_to_lose(flash):
            raise
        vfs.VfsLfs2.mkfs(flash, progsize=_PROGRAM_BYTES)
        found = vfs.VfsLfs2(flash, progsize=_PROGRAM_BYTES)
    vfs.mount(found, "/")


def mount_ram(fault):
    """Mount a file system in RAM at /, with the fault in it."""
    disk = RamDisk()
    vfs.VfsLfs2.mkfs(disk)
    vfs.mount(vfs.VfsLfs2(disk), "/")
    with open(FAULT_FILE, "w") as file:
        file.write(fault + "\n")
    print("onedoor: " + fault)


try:
    mount_flash()
except OSError as error:
    mount_ram(
        "flash cannot be mounted (" + str(error) + ") and was left as it is: "
        "save it, then run 'onedoor flash' with a new image"
    )
