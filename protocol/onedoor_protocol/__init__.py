"""OneDoor protocol, version 1: what devices and hub say to each other.

Pure code that runs unchanged on CPython and MicroPython: no clock, no socket, no file.
The words are defined in ``protocol/SPEC.md``; clause ids in comments refer to it.
"""

VERSION = 1
