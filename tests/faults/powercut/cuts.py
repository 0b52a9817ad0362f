"""Cut the power in every flash operation of a script and check the journal after each cut.

Usage: micropython cuts.py PROTOCOL_DIR FIRMWARE_DIR short|full EVERY swap|rename

The script runs once on a recording flash. Then each operation k is cut: the chip as it was after
k - 1 operations, and with a part of operation k done. littlefs is mounted from that, the journal
opened and compared with the model; then it must go on working. A part is done twice, at
two random places. Every 16th cut is followed by cuts
in each operation of the recovery. EVERY 8 takes each 8th operation only. "swap" lets littlefs
replace the hot file, "rename" uses a second file and a rename.
"""

import sys

sys.path[:0] = [sys.argv[1], sys.argv[2], __file__.rsplit("/", 1)[0]]

import vfs  # noqa: E402
from flash import Flash, redo, tear  # noqa: E402
from model import Model, Wrong, expect  # noqa: E402
from onedoor_device.journal import JournalError  # noqa: E402
from script import FULL, SHORT, Box, open_journal  # noqa: E402

BLOCKS = 40


class Dice:
    """A small fixed random sequence, so that a failure can be repeated."""

    def __init__(self, seed):
        self._state = seed

    def __call__(self, sides):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % sides


def record(script):
    """(flash image before, [(operation, state of the model)], model) of a script."""
    flash = Flash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    before = bytes(flash.image)
    model = Model()
    log = []

    class Log:
        def append(self, operation):
            log.append((operation, model.state()))

    flash.log = Log()
    Box(model, lambda: open_journal(flash, SWAP)).run(script)
    return before, log, model


def check(image, model, state):
    """Open the journal on a copy of an image and check it; the operations of its recovery."""
    flash = Flash(BLOCKS)
    flash.image[:] = image
    flash.log = []
    journal = open_journal(flash, SWAP)
    recovery = flash.log
    flash.log = None
    model.check(journal, state)
    return journal, recovery


def go_on(journal):
    """The journal works after a cut: ratings are kept, acknowledged and deleted."""
    for number in range(3):
        seq = journal.append(2, number, 0x44, number)
    expect(journal.read(seq, 1)[2] == [(2, 2, 0x44, 2)], "a new entry reads wrong")
    journal.acknowledge(seq)
    while journal.tidy():
        pass
    expect(journal.backlog == 0, "acknowledged entries wait")
    journal.append(2, 9, 0x44, 9)


def run(script, every):
    """Cut everywhere; the number of cuts. Raises Wrong with the place."""
    image, log, model = record(script)
    image = bytearray(image)
    dice = Dice(7)
    cuts = 0
    scratch = bytearray(len(image))
    for number, (operation, state) in enumerate(log):
        if number % every == 0:
            for torn in range(3):
                scratch[:] = image
                if torn:
                    tear(scratch, operation, dice)
                at = "%s operation %d of %d" % ("in" if torn else "before", number, len(log))
                cuts += cut(scratch, model, state, dice, at, number % (16 * every) == 0)
        redo(image, operation)
    check(image, model, model.state())
    return cuts


def cut(image, model, state, dice, at, deep):
    """Check one cut and, where ``deep``, each cut in its recovery; how many cuts that made."""
    try:
        journal, recovery = check(image, model, state)
        go_on(journal)
        if not deep:
            return 1
        first = at
        for number, operation in enumerate(recovery):
            at = first + ", then in its recovery at " + str(number)
            torn = bytearray(image)
            tear(torn, operation, dice)
            # A boot entry of the recovery may be there already.
            check_recovered(torn, model, state)
            redo(image, operation)
        return 1 + len(recovery)
    except (Wrong, JournalError, OSError) as error:
        raise Wrong(str(error) + " (power cut at " + at + ")") from None


def check_recovered(image, model, state):
    """As ``check``, where the boot entry of a first recovery may have been kept."""
    flash = Flash(BLOCKS)
    flash.image[:] = image
    journal = open_journal(flash, SWAP)
    if state[1] == 0:
        return
    expect(journal.incarnation == model.incarnation, "the incarnation changed")
    expect(state[1] <= journal.last_seq - 1 <= state[0] + 1, "recovered entries are wrong")
    expect(not journal.problems, "found damaged: " + "; ".join(journal.problems))


SWAP = sys.argv[5] == "swap"
try:
    print(run(FULL if sys.argv[3] == "full" else SHORT, int(sys.argv[4])), "cuts, nothing lost")
except Wrong as error:
    print("wrong:", error)
    sys.exit(1)
