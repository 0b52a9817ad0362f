"""Which entries to send next: cursors over the journal, without any input or output.

Three things go out, in this order: entries made since the connection began, at once; ranges
that the hub asked for; and the backlog in full messages, a few of them under way at a time.
An entry is forgotten only when the hub acknowledges it. Where acknowledgements stop, sending
starts again after the last acknowledged entry (JRN-006 to JRN-009, RSN-002).
"""

from onedoor_protocol.messages import MAX_ENTRIES

WINDOW = 4  # backlog messages under way
MAX_UNDER_WAY = 8  # with those of new presses
PACE_MS = 50
SILENCE_MS = 5000
# With its jitter of up to half as much again this stays below the 20 s of JRN-007.
MAX_SILENCE_MS = 13000
REFUSED_MS = 30000
SPREAD_MS = 3000

_LIVE, _ASKED, _BACKLOG = 1, 2, 3


class Outbox:
    """Cursors over entries ``acked + 1`` to the newest. ``jitter(n)`` gives 0 to n - 1."""

    def __init__(self, jitter):
        self._jitter = jitter
        self._refused_until_ms = 0
        self.restart(0, 0, 0)

    def restart(self, acked, newest, now_ms):
        """Begin again after entry ``acked``: on a new connection, or when the hub came back."""
        self._acked = acked
        self._rewind(newest)
        self._window = WINDOW
        self._silence_ms = SILENCE_MS
        self._not_before_ms = max(now_ms, self._refused_until_ms)
        if newest - acked > MAX_ENTRIES:
            self._not_before_ms += self._jitter(SPREAD_MS)

    def _rewind(self, newest):
        self._cursor = self._acked + 1  # the backlog is cursor up to, without, tail
        self._tail = newest + 1
        self._live = newest + 1  # next entry not sent yet; tail to live were sent ahead
        self._asked = None  # (first, last) that the hub asked for
        self._under_way = []  # (last seq, now) of each message without an answer
        self._deadline_ms = None  # when to go back, unless acked rises before
        self._answered = False
        self._lane = 0

    def next(self, newest, now_ms):
        """(first, count) of the message to send now, or None."""
        if self._deadline_ms is not None and now_ms >= self._deadline_ms:
            self._again(newest)
        under_way = len(self._under_way)
        if newest >= self._live and under_way < MAX_UNDER_WAY and now_ms >= self._refused_until_ms:
            return self._range(_LIVE, self._live, newest)
        if under_way >= self._window or now_ms < self._not_before_ms:
            return None
        if self._asked is not None:
            return self._range(_ASKED, self._asked[0], self._asked[1])
        if self._cursor < self._tail:
            return self._range(_BACKLOG, self._cursor, self._tail - 1)
        return None

    def _again(self, newest):
        """Start again after acked: all of it, or where the hub answers, what it may be lacking.

        A hole that cannot be read any more holds acked back; behind it the backlog goes on.
        """
        if self._answered:
            self._under_way = []
            self._deadline_ms = None
            if self._asked is None:
                self._asked = (self._acked + 1, min(newest, self._acked + WINDOW * MAX_ENTRIES))
        else:
            self._rewind(newest)
            self._window = 1  # one message is enough to find out whether the hub is there
        self._silence_ms = min(2 * self._silence_ms, MAX_SILENCE_MS)

    def _range(self, lane, first, last):
        self._lane = lane
        return first, min(MAX_ENTRIES, last - first + 1)

    def sent(self, first, count, now_ms):
        """Note that ``count`` entries from ``first`` on, as ``next`` gave them, were sent."""
        after = first + count
        self.skip(after)
        self._not_before_ms = now_ms + PACE_MS + self._jitter(PACE_MS // 4)
        self._under_way.append((after - 1, now_ms))
        if self._deadline_ms is None and after - 1 > self._acked:
            self._wait(now_ms)

    def answered(self, seq, re, now_ms):
        """The hub answered the message made at ``re``; it holds every entry up to ``seq``."""
        self._under_way = [one for one in self._under_way if one[0] > seq and one[1] > re]
        self._answered = True
        self._window = WINDOW
        if seq <= self._acked:
            return
        self._acked = seq
        self._cursor = max(self._cursor, seq + 1)
        self._live = max(self._live, seq + 1)
        self._close_gap()
        if self._asked is not None and self._asked[0] <= seq:
            self._asked = (seq + 1, self._asked[1]) if seq < self._asked[1] else None
        self._silence_ms = SILENCE_MS
        self._deadline_ms = None
        if self._live > seq + 1:
            self._wait(now_ms)

    def ask(self, first, last, newest):
        """The hub asked for ``first`` to ``last``. False where none of them is held any more."""
        first = max(first, self._acked + 1)
        last = min(last, newest)
        if first > last:
            return False
        self._asked = (first, last)
        return True

    def skip(self, seq):
        """Of what ``next`` wanted, go on at ``seq``: what is before is sent, or cannot be read."""
        if self._lane == _LIVE:
            self._live = seq
        elif self._lane == _BACKLOG:
            self._cursor = seq
        else:
            self._asked = (seq, self._asked[1]) if seq <= self._asked[1] else None
        self._close_gap()

    def refused(self, now_ms):
        """The hub refused a message: send no entries for 30 s and a little (ACK-008)."""
        self._refused_until_ms = now_ms + REFUSED_MS + self._jitter(REFUSED_MS // 2)
        self._not_before_ms = self._deadline_ms = self._refused_until_ms

    def _close_gap(self):
        if self._cursor >= self._tail:
            self._cursor = self._tail = self._live

    def _wait(self, now_ms):
        self._answered = False  # whether the hub answered anything since
        self._deadline_ms = now_ms + self._silence_ms + self._jitter(self._silence_ms // 2)
