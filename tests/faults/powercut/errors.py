"""Let every flash operation of a script fail once, with the box living on, and check the journal.

Usage: micropython errors.py PROTOCOL_DIR FIRMWARE_DIR EVERY

No power is cut here: operation k raises an input/output error and the ones after it work again.
Each entry that was kept must be there at the end, and no refused one.
"""

import sys

sys.path[:0] = [sys.argv[1], sys.argv[2], __file__.rsplit("/", 1)[0]]

import vfs  # noqa: E402
from flash import Flash  # noqa: E402
from model import Model, Wrong, expect  # noqa: E402
from script import SHORT, Box, open_journal  # noqa: E402


def live(fail_at):
    """Run the script with one failing operation; the number of operations it made."""
    flash = Flash(40)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    flash.programs = flash.erases = 0
    model = Model()
    box = Box(model, lambda: open_journal(flash, True))
    flash.fail_at = fail_at
    box.run(SHORT)
    flash.fail_at = None
    operations = flash.programs + flash.erases
    box.boot()  # a refused last entry may have been kept: only a reboot tells
    model.check(open_journal(flash, True), model.state())
    expect(fail_at is None or box.failures > 0, "the failure went unnoticed")
    return operations


try:
    operations = live(None)
    every = int(sys.argv[3])
    for number in range(0, operations, every):
        try:
            live(number)
        except (Wrong, OSError) as error:
            raise Wrong(str(error) + " (failure in operation %d of %d)" % (number, operations))
    print(len(range(0, operations, every)), "failures, nothing lost")
except Wrong as error:
    print("wrong:", error)
    sys.exit(1)
