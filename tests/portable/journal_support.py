"""Helpers of the journal's cases, for CPython and MicroPython.

The programs that import this are called as: PROTOCOL_DIR FIRMWARE_DIR EMPTY_DIR CASE…
"""

import os
import sys

sys.path[:0] = [sys.argv[1], sys.argv[2]]

from onedoor_device.journal import Journal  # noqa: E402
from onedoor_protocol import chain  # noqa: E402

DEVICE = "box-1"


def equal(got, wanted, what):
    """Fail where two values differ."""
    if got != wanted:
        raise AssertionError(what + ": got " + repr(got) + ", wanted " + repr(wanted))


def refused(kind, work, *arguments):
    """The error of a kind that work must raise."""
    try:
        work(*arguments)
    except kind as error:
        return error
    raise AssertionError("nothing was refused")


def opened(store, device=DEVICE):
    """A journal after power on."""
    journal = Journal(store, device, os.urandom)
    journal.open()
    return journal


def pressed(journal, count):
    """Append ratings that tell their own number; the number of the last."""
    for _ in range(count):
        seq = journal.last_seq + 1
        equal(journal.append(2, seq * 1000, 0x44, seq & 0xFFFF), seq, "number of the entry")
        journal.tidy()
    return journal.last_seq


def walked(journal, seq, prev=None):
    """Read from ``seq`` to the end and check chain and boots; how many entries there are."""
    count = boot_now = 0
    while seq <= journal.last_seq:
        boot, before, entries, _ = reached(journal, seq)
        equal(before, before if prev is None else prev, "chain before " + str(seq))
        prev = before
        for kind, t_ms, a, b in entries:
            if kind == chain.KIND_BOOT:
                boot_now = a << 16 | b
            else:
                equal((t_ms, b), (seq * 1000, seq & 0xFFFF), "entry " + str(seq))
            equal(boot, boot_now or boot, "boot of entry " + str(seq))
            prev = chain.step(prev, chain.pack(seq, kind, t_ms, a, b))
            seq += 1
            count += 1
    equal(prev, journal.head, "head of the chain")
    return count


def reached(journal, seq):
    """What reading from ``seq`` on gives, and how many calls it took to get there."""
    for calls in range(1, 9):
        boot, before, entries = journal.read(seq, 32)
        if entries:
            return boot, before, entries, calls
    raise AssertionError("entry " + str(seq) + " is never reached")


def spoil(store, name, offset):
    """Change one byte of a file."""
    data = bytearray(store.size(name))
    store.read(name, 0, data)
    data[offset] ^= 0x10
    store.rewrite(name, data)


def skipped(journal, incarnation, last):
    """Numbers and boots that were lost are left out, and it is told."""
    equal((journal.incarnation, journal.state_was_missing), (incarnation, False), "incarnation")
    equal(journal.last_seq > last + 1 and journal.boot > 1, True, "number and boot after the lost")
    equal(len(journal.problems) > 0, True, "problems noted")


def settle(journal, seq):
    """Acknowledge, and do all upkeep."""
    journal.acknowledge(seq)
    while journal.tidy():
        pass


def run(cases):
    """Run the cases named on the command line, ``case_…`` in a module; exit 1 where one fails."""
    failed = 0
    for name in sys.argv[4:]:
        try:
            cases["case_" + name]()
        except Exception as error:
            failed += 1
            print(name, repr(error))
    sys.exit(1 if failed else 0)
