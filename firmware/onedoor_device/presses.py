"""From debounced buttons to journal entries: lock-out, several at once, stuck buttons.

Only the timer tick calls ``sample``; whoever holds the device's lock takes entries out. Each
number is therefore written by one side only, and no lock is needed between the two.
"""

from onedoor_protocol import chain

from onedoor_device.debounce import Debounce

LOCKOUT_MS = 1500
# Buttons pressed within this time of each other were pressed by one hand, not by one choice.
SEVERAL_MS = 10
STUCK_MS = 30000
# A stuck button must stay open this long before it is trusted again.
FREE_MS = 5000
RING = 64


class Presses:
    """Turns samples of ``buttons`` (4 or 5) contacts into latched entries (kind, t_ms, a, b)."""

    def __init__(self, buttons):
        self.lockout_ms = LOCKOUT_MS
        self.window = (0, 0)  # (tag, until_ms), replaced as a whole by the session
        self.stuck = 0
        self.overflowed = 0  # presses that found the ring full
        self.totals = [0, 0, 0, 0]  # suppressed presses since boot, by reason
        self._buttons = buttons
        self._debounce = Debounce(buttons)
        self._answered = None
        self._candidates = 0
        self._candidate_ms = 0
        self._lockout_until_ms = 0
        self._held_since_ms = [0] * buttons
        self._open_since_ms = [0] * buttons
        self._ring = [None] * RING
        self._head = 0  # written by sample only
        self._tail = 0  # written by take only

    def sample(self, now_ms, closed, edges):
        """Take one sample of the contacts, a mask in which 1 is closed and bit 0 leftmost.

        ``edges`` is the mask of contacts that have closed since the last sample.
        """
        new = self._debounce.sample(now_ms, closed, edges)
        if new or self._debounce.pressed or self.stuck:
            new = self._watch_stuck(now_ms, new)
        if new:
            if not self._candidates:
                self._candidate_ms = now_ms
            self._candidates |= new
        if self._candidates and now_ms - self._candidate_ms >= SEVERAL_MS:
            self._decide(self._candidates | self._debounce.closing & ~self.stuck)
            self._candidates = 0

    def _watch_stuck(self, now_ms, new):
        held = self._debounce.pressed
        for index in range(self._buttons):
            bit = 1 << index
            if new & bit:
                self._held_since_ms[index] = now_ms
                if self.stuck & bit:
                    self.totals[chain.SUPPRESSED_STUCK] += 1
            if held & bit:
                self._open_since_ms[index] = now_ms
                if not self.stuck & bit and now_ms - self._held_since_ms[index] >= STUCK_MS:
                    self.stuck |= bit
                    self._latch(chain.KIND_FAULT, now_ms, chain.FAULT_STUCK, index + 1)
            elif self.stuck & bit and now_ms - self._open_since_ms[index] >= FREE_MS:
                self.stuck &= ~bit
                self._latch(chain.KIND_FAULT, now_ms, chain.FAULT_FREE, index + 1)
        return new & ~self.stuck

    def _decide(self, together):
        count = 0
        best = 0
        for index in range(self._buttons):
            if together & 1 << index:
                count += 1
                best = index
        now_ms = self._candidate_ms
        if now_ms < self._lockout_until_ms:
            self.totals[chain.SUPPRESSED_LOCKOUT] += count
        elif count > 1:
            self.totals[chain.SUPPRESSED_SEVERAL] += count
        else:
            a = chain.rating(self._buttons - best, self._buttons)
            if self._latch(chain.KIND_RATING, now_ms, a, self._tag(now_ms)):
                self._lockout_until_ms = now_ms + self.lockout_ms

    def _tag(self, now_ms):
        window = self.window
        if window is self._answered or now_ms >= window[1]:
            return 0
        self._answered = window
        return window[0]

    def window_open(self, now_ms):
        """True while a rating window waits for its one answer."""
        window = self.window
        return window is not self._answered and now_ms < window[1]

    def _latch(self, kind, t_ms, a, b):
        if self._head - self._tail >= RING:
            self.overflowed += 1
            return False
        self._ring[self._head % RING] = (kind, t_ms, a, b)
        self._head += 1
        return True

    def waiting(self):
        """True where an entry is latched and not yet taken."""
        return self._head != self._tail

    def peek(self):
        """The oldest latched entry (kind, t_ms, a, b). Call only while ``waiting()``."""
        return self._ring[self._tail % RING]

    def take(self):
        """Drop the oldest latched entry, once it is safe elsewhere."""
        self._tail += 1
