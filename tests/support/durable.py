"""What of SQLite's files a power cut would leave: their contents when they were last flushed.

SQLite calls its operating system through a table of functions. Here ``xOpen`` of that table is
taken over so that each file's ``xSync`` is heard of (sqlite.org/vfs.html).
"""

import contextlib
import ctypes
import sqlite3
from collections.abc import Iterator
from pathlib import Path

# Where they stand in sqlite3_vfs (two numbers share a word) and in sqlite3_io_methods, version 3.
_XOPEN = 5
_XREAD, _XSYNC, _XFILESIZE, _WORDS_OF_METHODS = 2, 5, 6, 19
_Word = ctypes.c_void_p
_XOpen = ctypes.CFUNCTYPE(ctypes.c_int, _Word, _Word, ctypes.POINTER(_Word), ctypes.c_int, _Word)
_XSync = ctypes.CFUNCTYPE(ctypes.c_int, _Word, ctypes.c_int)
_XRead = ctypes.CFUNCTYPE(ctypes.c_int, _Word, _Word, ctypes.c_int, ctypes.c_int64)
_XFileSize = ctypes.CFUNCTYPE(ctypes.c_int, _Word, ctypes.POINTER(ctypes.c_int64))


def library():
    """The SQLite that the sqlite3 module uses. Raises OSError where it is not a library."""
    maps = Path("/proc/self/maps").read_text()
    found = {line.split()[-1] for line in maps.splitlines() if "/libsqlite3.so" in line}
    if len(found) != 1:
        raise OSError("this Python has its own SQLite inside")
    return ctypes.CDLL(found.pop())


class PowerCuts:
    """Keeps the durable contents of files in ``folder`` that are opened within ``watching``."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._durable: dict[Path, bytes] = {}
        self._tables: list[tuple] = []
        self.flushes = 0

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Hear of flushes of files that are opened in this block, while it lasts and after."""
        sqlite3.connect(":memory:").close()  # so that it is loaded
        sqlite = library()
        sqlite.sqlite3_vfs_find.restype = _Word
        table = (_Word * (_XOPEN + 1)).from_address(sqlite.sqlite3_vfs_find(None))
        original_word = table[_XOPEN]
        original = _XOpen(original_word)

        def opened(vfs, name, file, flags, out_flags):
            result = original(vfs, name, file, flags, out_flags)
            # SQLite keeps the pointer: it must be passed on, not a copy of the name.
            path = Path(ctypes.string_at(name).decode()) if name else None
            if result == 0 and path and file[0] and path.parent == self._folder:
                file[0] = self._heard(file[0], path)
            return result

        self._opened = _XOpen(opened)
        table[_XOPEN] = ctypes.cast(self._opened, _Word).value
        try:
            yield
        finally:
            table[_XOPEN] = original_word

    def _heard(self, methods: int, path: Path) -> int:
        """A table of methods like ``methods`` that notes each flush of one file."""
        words = (_Word * _WORDS_OF_METHODS)()
        ctypes.memmove(words, methods, ctypes.sizeof(words))
        flush = _XSync(words[_XSYNC])
        read, size = _XRead(words[_XREAD]), _XFileSize(words[_XFILESIZE])

        def content(file):
            # Not by opening it: closing it again would drop SQLite's locks on it.
            length = ctypes.c_int64()
            size(file, ctypes.byref(length))
            data = ctypes.create_string_buffer(length.value)
            read(file, ctypes.addressof(data), length.value, 0)
            return data.raw

        def flushed(file, flags):
            result = flush(file, flags)
            if result == 0:
                self._durable[path] = content(file)
                self.flushes += 1
            return result

        callback = _XSync(flushed)
        words[_XSYNC] = ctypes.cast(callback, _Word).value
        self._tables.append((words, callback, flush, read, size))  # as long as files may be open
        return ctypes.addressof(words)

    def left(self, folder: Path) -> None:
        """Write what a power cut now would leave into a folder."""
        folder.mkdir()
        for path, content in self._durable.items():
            if path.exists():
                (folder / path.name).write_bytes(content)
