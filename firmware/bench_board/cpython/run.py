"""Runs the box's main.py on CPython, where a machine has no MicroPython.

Gives CPython the few names in which MicroPython differs, then runs the file named by the first
argument. The device code itself is the same; only the interpreter is not the Pico's.
"""

import binascii
import gc
import runpy
import socket
import struct
import sys
import time
import traceback


class Socket(socket.socket):
    """A socket that is a stream too, as on MicroPython."""

    def read(self, count):
        """``count`` bytes, fewer only at the end."""
        data = b""
        while len(data) < count:
            part = self.recv(count - len(data))
            if not part:
                break
            data += part
        return data

    def write(self, data):
        """All of ``data``, bytes or text; its length."""
        self.sendall(data.encode() if isinstance(data, str) else data)
        return len(data)


def disguise():
    """Make this interpreter look like MicroPython, as far as the firmware looks."""
    socket.socket = Socket
    sys.modules["usocket"] = socket
    sys.modules["ustruct"] = struct
    sys.modules["ubinascii"] = binascii
    time.ticks_ms = lambda: time.monotonic_ns() // 1_000_000
    time.ticks_us = lambda: time.monotonic_ns() // 1000
    time.ticks_diff = lambda left, right: left - right
    time.ticks_add = lambda left, right: left + right
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    sys.print_exception = traceback.print_exception
    gc.mem_free = lambda: sys.maxsize  # no fixed heap here


if __name__ == "__main__":
    disguise()
    runpy.run_path(sys.argv[1], run_name="__main__")
