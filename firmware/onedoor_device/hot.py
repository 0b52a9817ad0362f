"""The hot file: the newest records, rewritten together at each entry.

littlefs keeps a file of up to 512 bytes inside its directory's log, so that an entry costs one
256-byte program (two past 12 records), and an erase every 16th time. A plain append would copy
and erase a block each time. Its header holds the place of its first record in the chain.
"""

from onedoor_protocol import chain

from onedoor_device import records

HOT_RECORDS = 37  # the most that stay within 512 bytes
_NAME = "hot"


class HotFile:
    """The hot file of one journal: ``start`` is its Header, ``count`` the records behind it."""

    def __init__(self, store, device):
        self._store = store
        self._device = device  # bytes
        self.buffer = bytearray(records.HEADER_BYTES + HOT_RECORDS * records.RECORD_BYTES)
        self.start = None
        self.count = 0

    @property
    def last(self):
        """Number of the newest record; one before ``start.first`` where there is none."""
        return self.start.first + self.count - 1

    def load(self):
        """Read the file; True where all of it is sound, and where it holds nothing at all.

        ``start`` stays None where its header is missing or damaged.
        """
        try:
            held = self._store.read(_NAME, 0, self.buffer)
        except OSError:
            return False
        self.start = records.get_header(self.buffer, self._device)
        if self.start is None:
            return False
        there = (held - records.HEADER_BYTES) // records.RECORD_BYTES
        self.count = 0
        while self.count < there and self.entry(self.count) is not None:
            self.count += 1
        return self.count == there

    def begin(self, start):
        """Make it empty, in RAM: the next record comes right after ``start``."""
        self.start = start
        self.count = 0

    def add(self, kind, t_ms, a, b):
        """Write the file with one more record. Where that raises OSError, nothing is changed."""
        place = records.HEADER_BYTES + self.count * records.RECORD_BYTES
        records.put(self.buffer, place, self.last + 1, kind, t_ms, a, b)
        self.start.put(self.buffer, self._device)
        self._store.rewrite(_NAME, memoryview(self.buffer)[: place + records.RECORD_BYTES])
        self.count += 1

    def drop(self, count):
        """Take the first records away, in RAM: from flash they go at the next ``add``."""
        boot, prev = self.walk(count)
        place = records.HEADER_BYTES + count * records.RECORD_BYTES
        end = records.HEADER_BYTES + self.count * records.RECORD_BYTES
        rest = self.buffer[place:end]
        self.buffer[records.HEADER_BYTES : records.HEADER_BYTES + len(rest)] = rest
        self.start.first += count
        self.start.boot = boot
        self.start.prev = prev
        self.count -= count

    def entry(self, index):
        """(kind, t_ms, a, b) of a record, counted from 0; None where it is damaged."""
        place = records.HEADER_BYTES + index * records.RECORD_BYTES
        return records.get(self.buffer, place, self.start.first + index)

    def walk(self, count):
        """(boot, chain value) after the first ``count`` records."""
        boot, prev = self.start.boot, self.start.prev
        for index in range(count):
            kind, t_ms, a, b = entry = self.entry(index)
            boot = records.boot_of(entry, boot)
            prev = chain.step(prev, chain.pack(self.start.first + index, kind, t_ms, a, b))
        return boot, prev

    def read(self, first, count):
        """(boot, chain value before, entries) from entry ``first`` on, all of one boot."""
        index = first - self.start.first
        boot, prev = self.walk(index)
        entries = []
        while len(entries) < count and index < self.count:
            entry = self.entry(index)
            if entries and entry[0] == chain.KIND_BOOT:
                break
            boot = records.boot_of(entry, boot)
            entries.append(entry)
            index += 1
        return boot, prev, entries
