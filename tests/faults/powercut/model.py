"""What the journal must hold: the entries made so far, kept outside of it, and the checks."""

from onedoor_protocol import chain


class Wrong(Exception):
    """The journal does not hold what it must."""


def expect(true, text):
    """Raise Wrong with a text where something is not as it must be."""
    if not true:
        raise Wrong(text)


class Model:
    """Entries begun, how many of them came back as kept, and what the hub acknowledged."""

    def __init__(self):
        self.entries = []
        self.boots = []  # boot of each entry
        self.values = []  # chain value after each entry
        self.genesis = None
        self.incarnation = None
        self.returned = 0
        self.acked = 0
        self._refused = None

    def begin(self, kind, t_ms, a, b):
        """An entry is about to be written."""
        if self.genesis is not None:
            before = self.values[-1] if self.values else self.genesis
            seq = len(self.entries) + 1
            self.values.append(chain.step(before, chain.pack(seq, kind, t_ms, a, b)))
        boot = a << 16 | b if kind == chain.KIND_BOOT else self.boots[-1]
        self.entries.append((kind, t_ms, a, b))
        self.boots.append(boot)

    def retract(self):
        """The entry begun last was refused: the next one takes its number."""
        self._refused = self._take_back()

    def restore(self):
        """A reboot shows that the refused entry was kept after all, before the boot entry."""
        self._take_back()
        self.begin(*self._refused)
        self.returned += 1

    def _take_back(self):
        self.boots.pop()
        if self.values:
            self.values.pop()
        return self.entries.pop()

    def opened(self, device, incarnation):
        """The first boot is through: from now on the incarnation may not change."""
        self.incarnation = incarnation
        self.genesis = chain.genesis(device, incarnation)
        entries, self.entries, self.boots = self.entries, [], []
        for entry in entries:
            self.begin(*entry)

    def state(self):
        """(begun, returned, acked): what a power cut now must respect."""
        return len(self.entries), self.returned, self.acked

    def check(self, journal, state):
        """Check a journal opened again after a cut at ``state``. Raises Wrong."""
        begun, returned, acked = state
        if returned == 0:
            return
        last = journal.last_seq - 1  # the newest is the boot entry of this open
        expect(not journal.state_was_missing, "a new incarnation was begun")
        expect(journal.incarnation == self.incarnation, "the incarnation changed")
        expect(not journal.problems, "found damaged: " + "; ".join(journal.problems))
        expect(returned <= last <= begun, "%d kept of %d to %d" % (last, returned, begun))
        expect(journal.first_seq <= acked + 1, "entries before their acknowledgement deleted")
        expect(journal.acked_seq <= acked, "more acknowledged than the hub did")
        expect(journal.boot == self.boots[last - 1] + 1, "boot counter is wrong")
        before = self.values[last - 1]
        newest = (chain.KIND_BOOT, 0, journal.boot >> 16, journal.boot & 0xFFFF)
        head = chain.step(before, chain.pack(last + 1, *newest))
        expect(journal.head == head, "the chain's head is wrong")
        seq = journal.first_seq
        while seq <= last + 1:
            boot, prev, entries = read(journal, seq)
            wanted = self.values[seq - 2] if seq > 1 else self.genesis
            expect(prev == wanted, "chain value before %d is wrong" % seq)
            for entry in entries:
                made = newest if seq == last + 1 else self.entries[seq - 1]
                its_boot = journal.boot if seq == last + 1 else self.boots[seq - 1]
                expect(entry == made, "entry %d is %s, not %s" % (seq, entry, made))
                expect(boot == its_boot, "entry %d is of boot %d" % (seq, its_boot))
                seq += 1


def read(journal, seq):
    """The entries from ``seq`` on; a far place may take the journal several calls."""
    for _ in range(8):
        found = journal.read(seq, 32)
        if found[2]:
            return found
    raise Wrong("entry %d cannot be reached" % seq)
