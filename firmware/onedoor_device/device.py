"""The rating box put together: a tick that takes presses, a step that talks to the hub.

``tick`` runs every 5 ms from a timer and never waits; ``step`` runs in the main loop and may
wait for the network. Both use the journal, under one lock: the tick tries it, and where main
holds it for its short journal work, main takes over what the tick has latched.
"""

from onedoor_protocol import chain

from onedoor_device import VERSION
from onedoor_device.journal import JournalError, JournalFull
from onedoor_device.lights import REFUSED_MS, Lights
from onedoor_device.presses import Presses
from onedoor_device.session import Session

# Suppressed presses are written with the next rating, or after this time (ENT-008).
SUPPRESSED_MS = 45000
# A thank-you that comes later than this would thank somebody else.
LATE_THANKS_MS = 3000


class Device:
    """A box with an opened ``journal``.

    ``lock`` has acquire(wait) and release(); ``jitter(n)`` gives 0 to n - 1 at random; ``log``
    takes one line of text; ``implementation`` names interpreter and board.
    """

    def __init__(self, config, journal, desired, lock, jitter, log, implementation):
        self.journal = journal
        self.log = log
        self.reboot = False
        self.now_ms = 0
        self.presses = Presses(config.buttons)
        self.lights = Lights(1 if config.one_light else config.buttons)
        self._desired = desired
        self._lock = lock
        self._buttons = config.buttons
        self._implementation = implementation
        self._faults = []
        self._hub_refuses = False
        self._in_ram = False
        self._unthanked_seq = self._unthanked_ms = 0  # newest rating that waits for its thanks
        self._lost = 0  # presses that the flash would not take
        self._suppressed = [0, 0, 0, 0]  # totals already in the journal, by reason
        self._suppressed_since_ms = None
        self._rated = False
        self._apply_desired()
        self.session = Session(self, config, jitter)

    # From the timer

    def tick(self, now_ms, closed, edges):
        """Take one sample of the buttons; returns the mask of lights that are lit.

        ``closed``: contacts closed now, ``edges``: those that have closed since the last tick.
        """
        self.now_ms = now_ms
        self.presses.sample(now_ms, closed, edges)
        if self.presses.waiting() and self._lock.acquire(False):
            try:
                self._drain()
            finally:
                self._lock.release()
        return self.lights.mask(now_ms, self.presses.window_open(now_ms))

    def _drain(self):
        """Journal what is latched. The caller holds the lock."""
        while self.presses.waiting():
            kind, t_ms, a, b = self.presses.peek()
            rating = kind == chain.KIND_RATING
            kept = self._append(kind, t_ms, a, b)
            self.presses.take()  # before anything else can fail: it is in the journal once
            if rating and kept:
                self._kept()
            elif rating:
                self.lights.refused_until_ms = self.now_ms + REFUSED_MS

    def _kept(self):
        """A rating is in the journal: thank for it where no power cut can take it any more."""
        self._rated = True
        if self._in_ram:
            self._unthanked_seq, self._unthanked_ms = self.journal.last_seq, self.now_ms
        else:
            self._thank()

    def _thank(self):
        self.lights.thanks_until_ms = self.now_ms + self._desired.thanks_ms

    def _append(self, kind, t_ms, a, b):
        """True where the entry is in the journal. The caller holds the lock."""
        rating = kind == chain.KIND_RATING
        try:
            self.journal.append(kind, t_ms, a, b)
        except JournalFull:
            if self._set_fault(chain.FAULT_FULL):
                self._append(chain.KIND_FAULT, self.now_ms, chain.FAULT_FULL, 0)
            return False
        except (JournalError, OSError) as error:
            self._lost += rating
            self._flash_failed(str(error))
            return False
        if rating and self._clear_fault(chain.FAULT_FULL):
            self._append(chain.KIND_FAULT, self.now_ms, chain.FAULT_ROOM, 0)
        return True

    # From the main loop

    def without_flash(self, reason):
        """The journal is in RAM because flash cannot be used: say so, thank only for what is safe.

        A press is safe then once the hub has acknowledged it (ENT-014).
        """
        self._in_ram = True
        self._flash_failed(reason + "; ratings are kept in RAM, look at the box's flash")
        self._append(chain.KIND_FAULT, self.now_ms, chain.FAULT_FLASH, 0)

    def step(self, now_ms, link):
        """Talk to the hub once; never raises for what the network does."""
        self._write_suppressed(now_ms)
        self._watch_stuck()
        self._guarded(self.journal.tidy)
        try:
            self.session.step(now_ms, link)
        except OSError as error:
            self.log(("connection lost: " if link.connected else "no connection: ") + str(error))
            link.close()
            self.session.lost(self.now_ms)

    def _locked(self, work):
        """Run ``work()`` under the lock, then journal the presses that had to wait for it."""
        self._lock.acquire(True)
        try:
            return work()
        finally:
            try:
                self._drain()
            finally:
                self._lock.release()

    def _guarded(self, work):
        """``_locked`` for work that writes to flash: its failure is a fault, not an end."""
        try:
            return self._locked(work)
        except (JournalError, OSError) as error:
            self._flash_failed(str(error))
            return None

    def _flash_failed(self, reason):
        if self._set_fault(chain.FAULT_FLASH):
            self.log(reason)

    def _write_suppressed(self, now_ms):
        if self.presses.totals == self._suppressed:
            return
        if self._suppressed_since_ms is None:
            self._suppressed_since_ms = now_ms
            self._rated = False
        if self._rated or now_ms - self._suppressed_since_ms >= SUPPRESSED_MS:
            self._suppressed_since_ms = None
            self._locked(self._append_suppressed)

    def _append_suppressed(self):
        for reason, total in enumerate(self.presses.totals):
            count = min(total - self._suppressed[reason], 65535)
            if count and self._append(chain.KIND_SUPPRESSED, self.now_ms, reason, count):
                self._suppressed[reason] += count

    def _watch_stuck(self):
        if self.presses.stuck:
            self._set_fault(chain.FAULT_STUCK)
        else:
            self._clear_fault(chain.FAULT_STUCK)

    def _set_fault(self, code):
        """List a fault among those that hold; False where it is listed already."""
        if code in self._faults:
            return False
        self._faults = sorted(self._faults + [code])
        self._show_fault()
        return True

    def _clear_fault(self, code):
        """Take a fault off the list; False where it is not on it."""
        if code not in self._faults:
            return False
        self._faults = [fault for fault in self._faults if fault != code]
        self._show_fault()
        return True

    def _show_fault(self):
        self.lights.fault = bool(self._faults) or self._hub_refuses

    # For the session

    def condition(self):
        """(faults that hold, presses refused): what a state message must not be late with."""
        return self._faults, self._refused()

    def _refused(self):
        return self.journal.refused + self._lost + self.presses.overflowed

    def state(self):
        """The fields of a state message that are the device's own."""
        return {
            "fw": VERSION,
            "impl": self._implementation,
            "seq": self.journal.last_seq,
            "acked": self.journal.acked_seq,
            "buttons": self._buttons,
            "refused": self._refused(),
            "faults": self._faults,
        }

    def read(self, first, count):
        """``Journal.read`` under the lock."""
        return self._locked(lambda: self.journal.read(first, count))

    def acknowledge(self, seq):
        """``Journal.acknowledge`` under the lock."""
        self._guarded(lambda: self.journal.acknowledge(seq))
        if 0 < self._unthanked_seq <= seq:
            self._unthanked_seq = 0
            if self.now_ms - self._unthanked_ms <= LATE_THANKS_MS:
                self._thank()

    def heard(self, now_ms, utc_ms):
        """Note the hub's time in the journal's headers."""
        self._locked(lambda: self.journal.heard(now_ms, utc_ms))

    def configure(self, body):
        """Take a ``desired`` body, unless its revision is too old."""
        if self._guarded(lambda: self._desired.take(body)):
            self._apply_desired()

    def _apply_desired(self):
        self.presses.lockout_ms = self._desired.lockout_ms

    def open_window(self, tag, until_ms):
        """The next rating before ``until_ms`` answers ``tag`` (CMD-004)."""
        self.presses.window = (tag, until_ms)

    def identify(self, until_ms):
        """Blink until ``until_ms``, so that a technician finds this box (CMD-005)."""
        self.lights.identify_until_ms = until_ms

    def hub_refuses(self, refuses):
        """Note whether the hub refused our newest message: the lights show it (ACK-008)."""
        if refuses != self._hub_refuses:
            self._hub_refuses = refuses
            self._show_fault()
