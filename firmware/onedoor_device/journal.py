"""The box's memory: numbered, chained entries on flash until the hub has committed them.

New entries go into the hot file (hot.py); what the hub has not acknowledged by the time that is
full moves into segments (segments.py). After a power cut each entry whose number ``append``
returned is there; one that was just being written may be there or not.

Acknowledged entries go with the next rewriting of the hot file, or with their whole segment.
What was acknowledged since the last entry is forgotten in a reboot: those entries are then
offered again, and the hub's first acknowledgement corrects it.
"""

from onedoor_protocol import chain

from onedoor_device import records
from onedoor_device.hot import HOT_RECORDS, HotFile
from onedoor_device.segments import DIRECTORY, Gap, Segments

_COMPACT_AT = 12  # header and 12 records fill one 256-byte program
_SPILL_AT = 30
# Kept for the boots and faults of a full journal: presses cannot take these.
_SPARE_RECORDS = 5
_RESERVE_BYTES = 3 * 4096
_PRESS_RESERVE_BYTES = 6 * 4096
_MAX_READ = 32
_ENOSPC = 28


class JournalError(Exception):
    """Flash could not be read or written. The entry in hand was not kept."""


class JournalFull(JournalError):
    """No room for another entry until the hub has acknowledged some."""


class JournalGap(JournalError):
    """The entries asked for are gone or damaged; the next that can be read is ``next_seq``."""

    def __init__(self, next_seq):
        super().__init__("nothing to read before entry " + str(next_seq))
        self.next_seq = next_seq


class Journal:
    """The journal of one device, kept in a store (store.py).

    ``device_id`` goes into the chain; ``random_bytes(n)`` gives n random bytes, as
    ``os.urandom`` does. Call ``open`` before anything else. Not for two threads at once: the
    caller holds its lock around each call.

    Fields: ``boot``, ``acked_seq``, ``head`` (chain value after the newest entry), ``refused``
    (ratings refused since boot because the journal was full), ``state_was_missing`` (``open``
    began a new incarnation).
    """

    def __init__(self, store, device_id, random_bytes):
        self._store = store
        self._device_id = device_id
        self._random_bytes = random_bytes
        self._hot = HotFile(store, device_id.encode())
        self._segments = Segments(store, device_id.encode())
        self._full = False
        self.head = b""
        self.boot = self.acked_seq = self.refused = 0
        self.state_was_missing = False

    @property
    def incarnation(self):
        """8 random bytes, made anew where the journal's files are missing."""
        return self._hot.start.incarnation

    @property
    def last_seq(self):
        """Number of the newest entry."""
        return self._hot.last

    @property
    def first_seq(self):
        """Number of the oldest entry that can still be read."""
        return self._hot.start.first if self._segments.empty else self._segments.first

    @property
    def backlog(self):
        """How many entries wait for the hub's acknowledgement."""
        return self.last_seq - self.acked_seq

    @property
    def problems(self):
        """What was found damaged: at most 8 short texts for the log."""
        return self._segments.problems

    def open(self):
        """Recover what flash holds and start a new boot with its boot entry.

        Raises JournalFull or JournalError; the journal is of no use then.
        """
        try:
            self._store.make_dir("")
            self._store.make_dir(DIRECTORY)
            self._recover()
        except OSError as error:
            raise JournalError("journal cannot be read: " + str(error)) from None
        self.boot, self.head = self._hot.walk(self._hot.count)
        self.acked_seq = min(max(self._hot.start.acked, self.first_seq - 1), self.last_seq)
        self.boot += 1
        self.append(chain.KIND_BOOT, 0, self.boot >> 16, self.boot & 0xFFFF)

    def append(self, kind, t_ms, a, b):
        """Keep one entry; its number. When this returns, no power cut can take the entry.

        Ranges: kind 1 to 255, t_ms (ms since boot) 40 bits, a 8 bits, b 16 bits; ValueError
        outside them. Raises JournalFull, or JournalError where flash fails: the number then
        goes to the next entry.
        """
        if not 0 < kind < 256 or not 0 <= t_ms <= chain.MAX_T_MS:
            raise ValueError("journal: kind or time out of range")
        if not 0 <= a < 256 or not 0 <= b < 65536:
            raise ValueError("journal: a or b out of range")
        # All that may find no memory comes before the write: else a press would be kept twice.
        seq = self.last_seq + 1
        head = chain.step(self.head, chain.pack(seq, kind, t_ms, a, b))
        try:
            self._make_room(kind)
            self._hot.start.acked = self.acked_seq
            self._hot.add(kind, t_ms, a, b)
        except OSError as error:
            if error.errno == _ENOSPC:
                self._refuse(kind)
            raise JournalError("flash write failed: " + str(error)) from None
        self.head = head
        return seq

    def acknowledge(self, seq):
        """Let go of every entry up to ``seq``, which the hub has committed.

        Raises JournalError where no such entry was ever made: the hub means another journal.
        """
        if seq > self.last_seq:
            raise JournalError("entry " + str(seq) + " was acknowledged but never made")
        if seq > self.acked_seq:
            self.acked_seq = seq
            self.tidy()

    def heard(self, t_ms, utc_ms):
        """Note the hub's time at a moment of this boot: the next headers carry it."""
        self._hot.start.anchor = (t_ms, utc_ms)

    def tidy(self):
        """One short piece of upkeep, an erase or two; True while there is more.

        Call it while nobody waits: after a thank-you, between messages. Where it is never
        called, ``append`` does what it must, and is slower once in 32 entries.
        """
        try:
            if self._segments.drop(self.acked_seq):
                self._full = False
                return True
            if self._hot.count < _SPILL_AT or self._droppable() >= _COMPACT_AT:
                return False
            return self._spill(_PRESS_RESERVE_BYTES) and self._hot.count >= _SPILL_AT
        except OSError as error:
            raise JournalError("flash write failed: " + str(error)) from None

    def read(self, first, count):
        """(boot, chain value before ``first``, [(kind, t_ms, a, b), ...]) from ``first`` on.

        At most ``count`` and at most 32 entries, all made in ``boot``. No entries past the
        newest one, and none where one call would take too long to get there: call again.
        Raises JournalGap where ``first`` is gone, JournalError where flash cannot be read.
        """
        if first > self.last_seq:
            return self.boot, self.head, []
        if first < self.first_seq:
            raise JournalGap(self.first_seq)
        hot_first = self._hot.start.first
        if first >= hot_first:
            return self._hot.read(first, min(count, _MAX_READ))
        if first > self._segments.last:
            raise JournalGap(hot_first)
        try:
            return self._segments.read(first, min(count, hot_first - first))
        except Gap as gap:
            raise JournalGap(min(gap.next_seq, hot_first)) from None
        except OSError as error:
            raise JournalError("flash cannot be read: " + str(error)) from None

    def _recover(self):
        hot, segments = self._hot, self._segments
        sound = hot.load()
        newest = segments.scan(hot.start.incarnation if hot.start else None)
        if hot.start is not None:
            if not sound:
                self._skip_lost()
        elif newest is not None:
            segments.problem("hot file was lost")
            seq, prev, boot = segments.tail(newest)
            hot.begin(records.Header(newest.incarnation, boot, seq + 1, 0, prev))
            self._skip_lost()
        else:
            self.state_was_missing = True
            incarnation = self._random_bytes(chain.INCARNATION_BYTES)
            prev = chain.genesis(self._device_id, incarnation)
            hot.begin(records.Header(incarnation, 0, 1, 0, prev))

    def _skip_lost(self):
        """Leave out the numbers and boots of hot records that were lost: they may be known."""
        hot = self._hot
        self._segments.problem("records after entry " + str(hot.last) + " were lost")
        while hot.count and self._spill(_RESERVE_BYTES):
            pass
        boot, prev = hot.walk(hot.count)
        start = hot.start
        after = start.first + HOT_RECORDS
        hot.begin(records.Header(start.incarnation, boot + HOT_RECORDS, after, start.acked, prev))

    def _make_room(self, kind):
        hot = self._hot
        droppable = self._droppable()
        if hot.count >= _COMPACT_AT and 2 * droppable >= hot.count:
            hot.drop(droppable)
        press = kind != chain.KIND_BOOT and kind != chain.KIND_FAULT
        limit = HOT_RECORDS - _SPARE_RECORDS if press else HOT_RECORDS
        while hot.count >= limit:
            if press and self._full and self._segments.first > self.acked_seq:
                self._refuse(kind)
            if not self._spill(_PRESS_RESERVE_BYTES if press else _RESERVE_BYTES):
                self._refuse(kind)

    def _droppable(self):
        """How many records at the hot file's start are acknowledged and may be forgotten.

        Not while there are segments, so that these and the hot file stay one row of numbers.
        """
        if not self._segments.empty:
            return 0
        return max(0, self.acked_seq - self._hot.start.first + 1)

    def _spill(self, reserve_bytes):
        """Move records from the hot file to their segment; whether there was room."""
        hot = self._hot
        droppable = self._droppable()
        if droppable:
            hot.drop(droppable)
            return True
        while self._segments.drop(self.acked_seq):
            self._full = False
        moved = self._segments.add(hot.start, hot.buffer, hot.count, reserve_bytes)
        if moved:
            hot.drop(moved)
        return moved > 0

    def _refuse(self, kind):
        self._full = True
        self.refused += kind == chain.KIND_RATING
        raise JournalFull("the journal is full: " + str(self.backlog) + " entries wait")
