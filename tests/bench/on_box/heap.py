"""Run a box's main.py and tell what its heap holds, after a collection, every two seconds.

Usage: micropython heap.py MAIN

Prints ``bench heap USED FREE`` in bytes. main asks gc how much is free in each of its rounds;
this answers in gc's place and leaves the firmware as it is.
"""

import gc
import sys
import time

EVERY_MS = 2000


class Watched:
    """gc, with a look at the heap now and then."""

    def __init__(self):
        self._due_ms = time.ticks_ms()
        self.collect = gc.collect

    def mem_free(self):
        """Bytes free, as gc says."""
        now_ms = time.ticks_ms()
        if time.ticks_diff(now_ms, self._due_ms) >= 0:
            self._due_ms = time.ticks_add(now_ms, EVERY_MS)
            gc.collect()
            print("bench heap %d %d" % (gc.mem_alloc(), gc.mem_free()))
        return gc.mem_free()


sys.modules["gc"] = Watched()
sys.path.insert(0, sys.argv[1].rsplit("/", 1)[0])
import main  # noqa: E402, F401
