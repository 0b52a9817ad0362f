"""A NOR flash in RAM, for MicroPython's own littlefs, that can be stopped in any operation.

Programming clears bits and never sets them, and an erase that is interrupted leaves part of the
block as it was, part erased and a stretch of noise between, as a flash chip does.
"""

BLOCK_BYTES = 4096
_ERASED = b"\xff" * BLOCK_BYTES


class PowerCut(Exception):
    """The flash has no power any more."""


class Flash:
    """A block device of ``blocks`` 4096-byte blocks; ``image`` is what the chip holds.

    Counts ``programs``, ``erases`` and the ``wear`` of each block. ``log``, where it is a list,
    takes every operation: (block, offset, bytes), offset -1 for an erase. ``fail_at`` is the
    number of operations left before one fails once with OSError EIO, None for never.
    """

    def __init__(self, blocks):
        self.image = bytearray(_ERASED * blocks)
        self.blocks = blocks
        self.wear = [0] * blocks
        self.programs = self.erases = 0
        self.log = None
        self.fail_at = None

    def readblocks(self, block, buffer, offset=0):
        """Read, as MicroPython's block protocol has it."""
        start = block * BLOCK_BYTES + offset
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        """Program, as MicroPython's block protocol has it."""
        self._operation(block, offset, buffer)
        self.programs += 1
        program(self.image, block, offset, buffer)

    def ioctl(self, operation, argument):
        """Block count, block size and erase, as MicroPython's block protocol has it."""
        if operation == 4:
            return self.blocks
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._operation(argument, -1, b"")
            self.erases += 1
            self.wear[argument] += 1
            erase(self.image, argument)
        return 0

    def _operation(self, block, offset, data):
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at < 0:
                self.fail_at = None
                raise OSError(5)
        if self.log is not None:
            self.log.append((block, offset, bytes(data)))


def program(image, block, offset, data):
    """Clear the bits of ``data`` that are 0."""
    start = block * BLOCK_BYTES + offset
    end = start + len(data)
    if image[start:end] == _ERASED[: len(data)]:
        image[start:end] = data
    else:
        for index in range(len(data)):
            image[start + index] &= data[index]


def erase(image, block):
    """Set all bits of a block."""
    image[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = _ERASED


def tear(image, operation, dice):
    """Do a part of a logged operation, as a power cut in its midst would. ``dice(n)``: 0 to n-1."""
    block, offset, data = operation
    start = block * BLOCK_BYTES
    if offset >= 0:
        done = dice(len(data))
        program(image, block, offset, data[:done])
        image[start + offset + done] &= data[done] | dice(256)
        return
    done = dice(BLOCK_BYTES - 128)
    image[start : start + done] = _ERASED[:done]
    for index in range(start + done, start + done + dice(128)):
        image[index] |= dice(256)


def redo(image, operation):
    """Do a logged operation completely."""
    block, offset, data = operation
    if offset >= 0:
        program(image, block, offset, data)
    else:
        erase(image, block)
