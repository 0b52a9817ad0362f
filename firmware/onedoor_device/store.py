"""Where the journal keeps its files: a directory, or RAM where there is no usable flash.

A store rewrites a whole file at once: after a power cut the file holds either the old bytes or
the new ones. Every write is durable when the call returns. Errors are OSError.
"""

import os

# For a journal in RAM: what it keeps back for boots and faults (24 KiB), and 1,000 ratings.
RAM_BYTES = 40000
_PIECE_BYTES = 256

_ENOENT = 2
_ENOSPC = 28


class Store:
    """Files below a directory.

    ``copy_on_write`` says that the file system itself swaps a rewritten file for the old one when
    it is closed, as littlefs does. Elsewhere the new bytes go to a second file, which then takes
    the name of the first; that costs littlefs eight times the erases.
    """

    def __init__(self, path, copy_on_write=False):
        self._path = path.rstrip("/")
        self._copy_on_write = copy_on_write

    def make_dir(self, name):
        """Make a directory and those above it, where they are missing. "" is the store's own."""
        path = self._path + "/" + name if name else self._path
        at = path.find("/", 1)
        while at > 0:
            _mkdir(path[:at])
            at = path.find("/", at + 1)
        _mkdir(path)

    def names(self, directory):
        """The file names in a directory, one by one, in no order."""
        return _scan(self._path + "/" + directory)

    def read(self, name, offset, buffer):
        """Fill a buffer from an offset; the number of bytes read, fewer at the file's end."""
        with open(self._path + "/" + name, "rb") as file:
            if offset:
                file.seek(offset)
            return file.readinto(buffer)

    def size(self, name):
        """Length of a file in bytes."""
        return os.stat(self._path + "/" + name)[6]

    def rewrite(self, name, data):
        """Give a file new contents, all or nothing. Makes it where it is missing."""
        path = self._path + "/" + name
        target = path if self._copy_on_write else path + ".new"
        with open(target, "wb") as file:
            file.write(data)
            _sync(file)
        if target != path:
            os.rename(target, path)
            _sync_directory_of(path)

    def write_at(self, name, offset, data):
        """Write into a file that is there. A power cut may leave a part of the data."""
        with open(self._path + "/" + name, "r+b") as file:
            file.seek(offset)
            file.write(data)
            _sync(file)

    def remove(self, name):
        """Delete a file."""
        os.remove(self._path + "/" + name)

    def rename(self, old, new):
        """Give a file another name; one that has it is replaced."""
        os.rename(self._path + "/" + old, self._path + "/" + new)

    def room(self):
        """Free bytes in the file system."""
        stat = os.statvfs(self._path)
        return stat[0] * stat[4]


class MemoryStore:
    """Files in RAM, for a device whose flash cannot be used: lost at the next power cut.

    Where the heap has no room for data within the limit, that is ENOSPC too.
    """

    def __init__(self, limit_bytes):
        self._limit_bytes = limit_bytes
        self._files = {}

    def make_dir(self, name):
        """Nothing: names are flat."""

    def names(self, directory):
        """The file names in a directory, one by one, in no order."""
        start = directory + "/"
        for name in list(self._files):
            if name.startswith(start):
                yield name[len(start) :]

    def read(self, name, offset, buffer):
        """Fill a buffer from an offset; the number of bytes read, fewer at the file's end."""
        return self._get(name).read(offset, buffer)

    def size(self, name):
        """Length of a file in bytes."""
        return self._get(name).size

    def rewrite(self, name, data):
        """Give a file new contents. Raises OSError ENOSPC past the limit."""
        held = self._files.get(name)
        if self.room() + (held.size if held else 0) < len(data):
            raise OSError(_ENOSPC)
        file = _RamFile()
        file.write(0, data)
        self._files[name] = file

    def write_at(self, name, offset, data):
        """Write into a file that is there. Raises OSError ENOSPC past the limit."""
        held = self._get(name)
        if self.room() < offset + len(data) - held.size:
            raise OSError(_ENOSPC)
        held.write(offset, data)

    def remove(self, name):
        """Delete a file."""
        self._get(name)
        del self._files[name]

    def rename(self, old, new):
        """Give a file another name; one that has it is replaced."""
        self._files[new] = self._get(old)
        del self._files[old]

    def room(self):
        """Free bytes."""
        return self._limit_bytes - sum(file.size for file in self._files.values())

    def _get(self, name):
        if name not in self._files:
            raise OSError(_ENOENT)
        return self._files[name]


class _RamFile:
    """A file in pieces of 256 bytes: the heap of a box has no long stretches free."""

    def __init__(self):
        self.size = 0
        self._pieces = []

    def read(self, offset, buffer):
        count = max(0, min(len(buffer), self.size - offset))
        target = memoryview(buffer)
        for at, piece, end in self._places(offset, count):
            target[at:end] = piece
        return count

    def write(self, offset, data):
        try:
            while len(self._pieces) * _PIECE_BYTES < offset + len(data):
                self._pieces.append(bytearray(_PIECE_BYTES))
        except MemoryError:
            raise OSError(_ENOSPC) from None
        source = memoryview(data)
        for at, piece, end in self._places(offset, len(data)):
            piece[:] = source[at:end]
        self.size = max(self.size, offset + len(data))

    def _places(self, offset, count):
        """(index in the data, stretch of a piece that holds it, end in the data), one by one."""
        at = 0
        while at < count:
            number, start = divmod(offset + at, _PIECE_BYTES)
            end = min(count, at + _PIECE_BYTES - start)
            yield at, memoryview(self._pieces[number])[start : start + end - at], end
            at = end


def _mkdir(path):
    try:
        os.stat(path)
    except OSError:
        os.mkdir(path)


def _scan(path):
    if hasattr(os, "ilistdir"):  # MicroPython: no list in RAM
        for entry in os.ilistdir(path):
            yield entry[0]
    else:
        for name in os.listdir(path):
            yield name


def _sync(file):
    # MicroPython's flush syncs littlefs files and calls fsync on POSIX; CPython's does neither.
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


def _sync_directory_of(path):
    # A rename lasts only when the directory is synced. MicroPython for Linux cannot: it is the
    # bench, where processes are killed and the power is not cut.
    if hasattr(os, "fsync"):
        handle = os.open(path[: path.rfind("/")] or "/", 0)  # 0: for reading
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
