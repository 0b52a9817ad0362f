"""The life of one box between power cuts: presses, acknowledgements, reboots."""

import os

import vfs
from onedoor_device.journal import Journal, JournalError
from onedoor_device.store import Store
from onedoor_protocol import chain

DEVICE = "box-1"

# (what, how often). press: nobody acknowledges. served: each press acknowledged once the next is
# there. busy: as press, but the main loop never gets to tidy. ack: up to so many before the newest.
SHORT = (
    ("served", 15),
    ("press", 20),
    ("reboot", 1),
    ("press", 22),
    ("ack", 30),
    ("served", 8),
    ("busy", 40),
    ("reboot", 1),
    ("ack", 0),
    ("served", 14),
)
FULL = (
    ("served", 40),
    ("press", 60),
    ("reboot", 2),
    ("press", 45),
    ("ack", 70),
    ("fault", 3),
    ("press", 90),
    ("reboot", 1),
    ("busy", 80),
    ("ack", 200),
    ("press", 60),
    ("ack", 5),
    ("served", 30),
    ("reboot", 1),
    ("press", 60),
    ("ack", 0),
    ("served", 35),
)


def mount(flash):
    """Mount a flash at /flash, with littlefs as MicroPython sets it up on a Pico."""
    try:
        vfs.umount("/flash")
    except OSError:
        pass  # nothing was mounted there
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")


def open_journal(flash, swap):
    """A journal on a flash, mounted anew and opened."""
    mount(flash)
    journal = Journal(Store("/flash/state", swap), DEVICE, os.urandom)
    journal.open()
    return journal


class Box:
    """A box that writes to a journal and to the model of it at once.

    ``failures`` counts the JournalErrors it met and lived through.
    """

    def __init__(self, model, opened):
        self._model = model
        self._opened = opened
        self._now_ms = 0
        self.journal = None
        self.failures = 0

    def run(self, script):
        """Live through a script, after a first boot."""
        self.boot()
        for what, count in script:
            for _ in range(count):
                if what == "reboot":
                    self.boot()
                elif what == "fault":
                    self._append(chain.KIND_FAULT, chain.FAULT_STUCK, 2)
                elif what != "ack":
                    self._press(what)
            if what == "ack":
                self.acknowledge(self.journal.last_seq - count)

    def boot(self):
        """The power comes back."""
        model = self._model
        self._now_ms = 0
        self._begin_boot()
        self.journal = self._guard(self._opened)
        if self.journal is None:
            model.retract()
            self._begin_boot()
            self.journal = self._opened()
        if self.journal.last_seq > len(model.entries):
            model.restore()
            self._begin_boot()
        if model.genesis is None:
            model.opened(DEVICE, self.journal.incarnation)
        model.returned += 1

    def _begin_boot(self):
        boot = self._model.boots[-1] + 1 if self._model.boots else 1
        self._model.begin(chain.KIND_BOOT, 0, boot >> 16, boot & 0xFFFF)

    def acknowledge(self, seq):
        """The hub has committed everything up to ``seq``."""
        self._model.acked = max(self._model.acked, seq)
        self._guard(lambda: self.journal.acknowledge(seq))
        while self._guard(self.journal.tidy):
            pass

    def _press(self, what):
        self._append(chain.KIND_RATING, 0x41 + self._now_ms % 4, self._now_ms * 7 & 0xFFFF)
        if what == "busy":
            return
        if what == "served":
            self.journal.heard(self._now_ms, 1800000000000 + self._now_ms)
            self.acknowledge(self.journal.last_seq - 1)
        self._guard(self.journal.tidy)

    def _append(self, kind, a, b):
        self._now_ms += 1501
        self._model.begin(kind, self._now_ms, a, b)
        if self._guard(lambda: self.journal.append(kind, self._now_ms, a, b)):
            self._model.returned += 1
        else:
            self._model.retract()

    def _guard(self, work):
        try:
            return work()
        except JournalError:
            self.failures += 1
            return None
