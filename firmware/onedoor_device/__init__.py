"""The portable core of a rating box: debounce, presses, lights, journal, session.

Runs unchanged on MicroPython and CPython. Time comes in as ``now_ms`` (milliseconds since
boot); nothing here reads a clock, a pin or a socket.
"""

VERSION = "0.1.0"
