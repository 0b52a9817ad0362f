"""What the lights show: a pure function of what happened and of the time.

Every pattern lights all lights alike. The thank-you in particular must not tell which button
was pressed: an officer who sees the light must not learn the answer.
"""

THANKS_MS = 1000
REFUSED_MS = 1000


class Lights:
    """Moments that the lights answer to, each a time in ms since boot until which it holds."""

    def __init__(self, lights):
        self.thanks_until_ms = 0
        self.refused_until_ms = 0
        self.identify_until_ms = 0
        self.fault = False
        self._all = (1 << lights) - 1

    def mask(self, now_ms, invite):
        """The lights lit at a time, bit 0 leftmost; ``invite`` is true while a window is open."""
        return self._all if self._lit(now_ms, invite) else 0

    def _lit(self, now_ms, invite):
        if now_ms < self.thanks_until_ms:
            return True
        if now_ms < self.refused_until_ms:
            return now_ms % 200 < 100
        if now_ms < self.identify_until_ms:
            return now_ms % 500 < 250
        if self.fault:
            return fault_lit(now_ms)
        return invite and now_ms % 2000 < 1000


def fault_lit(now_ms):
    """Two short flashes every 3 s: something is wrong, see the console or the hub."""
    phase_ms = now_ms % 3000
    return phase_ms < 60 or 200 <= phase_ms < 260
