"""Sealed segments: the part of the journal that no longer fits the hot file.

Segment k holds entries 336k+1 to 336k+336 and fills one flash block, so that an entry's file and
place follow from its number and nothing in RAM grows with the backlog. The first entry of a
segment may come later than 336k+1, where the hub had acknowledged those before it.
"""

from onedoor_protocol import chain

from onedoor_device import records

DIRECTORY = "sealed"
_CHUNK = 32  # records read at once
_WALK_CHUNKS = 2  # chunks one read may hash on its way to the entry it wants


class Gap(Exception):
    """The entries from the one asked for up to ``next_seq`` cannot be read."""

    def __init__(self, next_seq):
        super().__init__("entries before " + str(next_seq) + " cannot be read")
        self.next_seq = next_seq


def _index(seq):
    return (seq - 1) // records.SEGMENT_RECORDS


def _name(index):
    return "%s/%06x" % (DIRECTORY, index)


class Segments:
    """The segment files of one journal. ``first`` to ``last`` are the entries they hold.

    After a power cut between sealing entries and rewriting the hot file, both hold the newest.
    """

    def __init__(self, store, device):
        self._store = store
        self._device = device  # bytes
        self._buffer = bytearray(_CHUNK * records.RECORD_BYTES)
        self.problems = []
        self._forget()

    def _forget(self):
        self._oldest = self._newest = -1  # segment numbers
        self._newest_first = 0
        self._cursor = None
        self.first = self.last = 0

    @property
    def empty(self):
        """Whether no segment is left."""
        return self._newest < 0

    def scan(self, incarnation):
        """Find the segments on flash; the Header of the newest, None where there is none.

        ``incarnation`` is the journal's, or None where it is to be learnt from the newest segment.
        Files that are damaged or another device's are set aside as ``.bad``.
        """
        self._forget()
        newest = self._scan_end(incarnation, True)
        if newest is None:
            return None
        oldest = self._scan_end(newest.incarnation, False)
        self._oldest, self._newest = _index(oldest.first), _index(newest.first)
        self._newest_first = newest.first
        held = self._store.size(_name(self._newest)) - records.HEADER_BYTES
        end = newest.first + held // records.RECORD_BYTES - 1
        self.first = oldest.first
        self.last = min(end, (self._newest + 1) * records.SEGMENT_RECORDS)
        return newest

    def _scan_end(self, incarnation, newest):
        while True:
            best = -1
            for name in self._store.names(DIRECTORY):
                index = _parse(name)
                if index >= 0 and (best < 0 or (index > best) == newest):
                    best = index
            if best < 0:
                return None
            header = self._header(best)
            if header and (incarnation is None or header.incarnation == incarnation):
                return header
            if self._store.size(_name(best)):
                self._set_aside(best)
            else:
                # littlefs makes an empty file first: the power went before its contents came
                self._store.remove(_name(best))

    def tail(self, header):
        """(seq, chain value, boot) of the last sound record of the newest segment.

        ``header`` is what ``scan`` returned. Hashes a whole segment: 0.1 s on a Pico.
        """
        self._cursor = [self._newest, header.first, header.first, header.prev, header.boot]
        while self._cursor[2] <= self.last:
            try:
                self._walk(self.last + 1)
            except Gap:
                break
        self.last = self._cursor[2] - 1
        return self.last, self._cursor[3], self._cursor[4]

    def add(self, start, buffer, count, reserve_bytes):
        """Append up to ``count`` records from a hot file's buffer; how many its segment took.

        ``start`` is the Header in front of them. A new segment is begun only where the store has
        ``reserve_bytes`` free; 0 where it has not. Raises OSError.
        """
        index = _index(start.first)
        count = min(count, (index + 1) * records.SEGMENT_RECORDS - start.first + 1)
        end = records.HEADER_BYTES + count * records.RECORD_BYTES
        if index == self._newest and self._newest_first <= start.first <= self.last + 1:
            place = records.HEADER_BYTES
            place += (start.first - self._newest_first) * records.RECORD_BYTES
            new = memoryview(buffer)[records.HEADER_BYTES : end]
            self._store.write_at(_name(index), place, new)
        else:
            if self._store.room() < reserve_bytes:
                return 0
            if index == self._newest:
                self._set_aside(index)  # it ends too early: flash was damaged
            start.put(buffer, self._device)
            self._store.rewrite(_name(index), memoryview(buffer)[:end])
            if self.empty:
                self._oldest, self.first = index, start.first
            self._newest, self._newest_first = index, start.first
            self._cursor = None
        self.last = start.first + count - 1
        return count

    def drop(self, acked):
        """Delete the oldest segment where all of it is acknowledged; whether one went."""
        end = min((self._oldest + 1) * records.SEGMENT_RECORDS, self.last)
        if self.empty or end > acked:
            return False
        self._store.remove(_name(self._oldest))
        self._cursor = None
        while self._oldest < self._newest:
            self._oldest += 1
            header = self._header(self._oldest)
            if header:
                self.first = header.first
                return True
        self._forget()
        return True

    def read(self, first, count):
        """(boot, chain value before, entries) from ``first`` on, all of one boot.

        No entries where finding the place takes more hashing than one call should: call again.
        Raises Gap where ``first`` is damaged or missing, OSError where flash cannot be read.
        """
        index = _index(first)
        cursor = self._cursor
        if cursor is None or cursor[0] != index or cursor[2] > first:
            header = self._header(index)
            if header is None:
                raise Gap((index + 1) * records.SEGMENT_RECORDS + 1)
            if first < header.first:
                raise Gap(header.first)
            self._cursor = cursor = [index, header.first, header.first, header.prev, header.boot]
        for _ in range(_WALK_CHUNKS):
            if cursor[2] < first:
                self._walk(first)
        prev = cursor[3]
        entries = []
        if cursor[2] == first:
            entries = self._walk(first + min(count, _CHUNK), True)
        return cursor[4], prev, entries

    def _walk(self, end, one_boot=False):
        """Move the cursor on by a chunk at most, not past ``end``; the entries passed."""
        index, base, seq, prev, boot = self._cursor
        place = records.HEADER_BYTES + (seq - base) * records.RECORD_BYTES
        held = self._store.read(_name(index), place, self._buffer)
        end = min(end, seq + held // records.RECORD_BYTES)
        entries = []
        damaged = seq == end
        for offset in range(0, (end - seq) * records.RECORD_BYTES, records.RECORD_BYTES):
            entry = records.get(self._buffer, offset, seq)
            if entry is None:
                damaged = not entries
                break
            if one_boot and entries and entry[0] == chain.KIND_BOOT:
                break
            boot = records.boot_of(entry, boot)
            kind, t_ms, a, b = entry
            prev = chain.step(prev, chain.pack(seq, kind, t_ms, a, b))
            entries.append(entry)
            seq += 1
        self._cursor[2], self._cursor[3], self._cursor[4] = seq, prev, boot
        if damaged:
            self.problem("segment " + _name(index) + " is damaged at entry " + str(seq))
            raise Gap((index + 1) * records.SEGMENT_RECORDS + 1)
        return entries

    def _header(self, index):
        buffer = bytearray(records.HEADER_BYTES)
        try:
            self._store.read(_name(index), 0, buffer)
        except OSError:
            return None
        header = records.get_header(buffer, self._device)
        return header if header and _index(header.first) == index else None

    def _set_aside(self, index):
        self.problem("segment " + _name(index) + " is damaged or another device's")
        self._store.rename(_name(index), _name(index) + ".bad")

    def problem(self, text):
        """Note something found damaged."""
        if text not in self.problems and len(self.problems) < 8:
            self.problems.append(text)


def _parse(name):
    try:
        return int(name, 16) if len(name) == 6 else -1
    except ValueError:
        return -1
