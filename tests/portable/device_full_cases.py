"""A full journal and a lost one, on the interpreter that runs this file."""

import sys

from device_support import Box
from journal_support import equal, run
from onedoor_device import store
from onedoor_device.journal import JournalFull
from onedoor_protocol import chain


class SmallFlash(store.Store):
    """A folder in which there is room for ``room_bytes``, as a journal sees it."""

    room_bytes = 36000

    def room(self):
        """What is left of it."""
        used = 0
        for folder, names in (("", ["hot"]), ("sealed/", list(self.names("sealed")))):
            for name in names:
                try:
                    used += self.size(folder + name)
                except OSError:
                    pass  # not there yet
        return self.room_bytes - used


def filled():
    """A box whose journal takes no more ratings, and how many ratings it took."""
    box = Box(SmallFlash(sys.argv[3] + "/full"))
    store._sync = store._sync_directory_of = lambda file: None  # many writes, and no power cut
    box.wire.network = False
    taken = 0
    while True:
        try:
            box.journal.append(chain.KIND_RATING, 5, 0x43, 0)
            box.journal.tidy()
            taken += 1
        except JournalFull:
            return box, taken


def faults(box):
    """Fault codes in the newest entries of the journal."""
    found = []
    for seq in range(
        max(box.journal.first_seq, box.journal.last_seq - 5), box.journal.last_seq + 1
    ):
        _, _, entries = box.journal.read(seq, 1)
        found += [a for kind, _, a, _ in entries if kind == chain.KIND_FAULT]
    return found


def case_a_full_journal_refuses_visibly_counts_and_says_so():
    """ENT-009 ENT-011: nothing unacknowledged is overwritten; room again is told too."""
    box, taken = filled()
    equal(taken > 100, True, "ratings taken " + str(taken))
    refused = box.device.state()["refused"]
    lit = []
    box.closed = 1
    for _ in range(60):
        box.run(5)
        lit.append(box.lit != 0)
    box.closed = 0
    box.run(1500)
    changes = [before != after for before, after in zip(lit, lit[1:])]
    equal(sum(changes) >= 3, True, "blinks instead of thanks")
    state = box.device.state()
    equal((state["refused"], state["faults"]), (refused + 1, [chain.FAULT_FULL]), "state")
    equal(faults(box), [chain.FAULT_FULL], "entry")
    boot, _, entries = box.journal.read(1, 1)
    equal((boot, entries), (1, [(chain.KIND_BOOT, 0, 0, 1)]), "the oldest entry is still there")
    box.wire.network = True
    box.welcome(box.journal.last_seq)
    box.run(400)
    box.press(0)
    equal(box.device.state()["faults"], [], "no fault holds")
    equal(faults(box)[-1], chain.FAULT_ROOM, "entry")


def case_a_lost_journal_begins_a_new_incarnation():
    """ENT-012: fresh random bytes, seq 1, boot 1; numbers are never used again."""
    box = Box()
    box.press(0)
    again, other = Box(box.store), Box()
    equal(again.journal.incarnation, box.journal.incarnation, "kept with its files")
    equal(other.journal.incarnation != box.journal.incarnation, True, "new without them")
    other.welcome()
    other.run(100)
    equal((other.head()["boot"], other.entries()), (1, [(1, [chain.KIND_BOOT, 0, 0, 1])]), "begins")


def case_a_press_for_which_memory_is_short_is_kept_once_and_holds_nothing_up():
    """ENT-002 ENT-003: whatever fails, one press is one entry, and the lock is free again."""
    box = Box()
    newest = box.journal.last_seq
    box.device.presses._latch(chain.KIND_RATING, 100, 0x44, 0)
    real = chain.step

    def short(*_):
        chain.step = real
        raise MemoryError()

    chain.step = short
    try:
        box.device._locked(lambda: None)
    except MemoryError:
        pass
    equal(box.lock.held, False, "the lock is free")
    box.run(100)
    equal(box.journal.last_seq, newest + 1, "one entry for one press")


if __name__ == "__main__":
    run(globals())
