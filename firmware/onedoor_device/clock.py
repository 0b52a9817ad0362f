"""Time on the box: a counter that does not wrap, and what the hub's acks say about UTC."""

# MicroPython's ticks_ms wraps at 2**30 or at a larger power of two, never below.
_WRAP_MASK = 0x3FFFFFFF
REMEMBERED = 64


class Ticks:
    """Milliseconds since boot from a counter that wraps (time.ticks_ms).

    ``extend`` has to be called at least once a wrap, that is every 12 days; the timer tick
    calls it every 5 ms.
    """

    def __init__(self, raw):
        self.now_ms = 0
        self._raw = raw

    def extend(self, raw):
        """The time in ms since boot for a new reading of the counter."""
        self.now_ms += (raw - self._raw) & _WRAP_MASK
        self._raw = raw
        return self.now_ms


class HubTime:
    """Which ``now`` values were sent, and the newest ack that echoed one of them.

    An old ack, recorded and sent again, must not set the clock: each sent ``now`` is good for
    the time of one ack, and only the newest ``REMEMBERED`` are known at all.
    """

    def __init__(self):
        self.heard = None  # [ms since boot, UTC ms], as the journal message carries it
        self._sent = []
        self._used = []

    def sent(self, now_ms):
        """Remember a ``now`` that went out in a message."""
        if now_ms not in self._sent:
            self._sent.append(now_ms)
            self._trim(self._sent)

    def known(self, re):
        """True where ``re`` is one of the ``now`` values remembered."""
        return re in self._sent

    def take(self, re, utc_ms, received_ms):
        """Note the hub's time from the first ack that echoes ``re``; False for later ones."""
        if not self.known(re) or re in self._used:
            return False
        self._used.append(re)
        self._trim(self._used)
        self.heard = [received_ms, utc_ms]
        return True

    def _trim(self, values):
        if len(values) > REMEMBERED:
            values.pop(0)
