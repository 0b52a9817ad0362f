"""What the journal promises, on the interpreter that runs this file, CPython or MicroPython."""

import os
import sys

from journal_support import DEVICE, equal, opened, pressed, reached, refused, run, settle, walked
from onedoor_device import records
from onedoor_device.journal import JournalError, JournalFull, JournalGap
from onedoor_device.store import MemoryStore, Store
from onedoor_protocol import chain


def case_entries_come_back_in_order_with_their_chain():
    store = MemoryStore(60000)
    journal = opened(store)
    first = chain.genesis(DEVICE, journal.incarnation)
    pressed(journal, 700)
    equal(walked(journal, 1, first), 701, "entries")
    again = opened(store)
    equal(walked(again, 1, first), 702, "entries after a reboot")
    equal(again.incarnation, journal.incarnation, "incarnation")


def case_one_reading_never_mixes_boots():
    store = MemoryStore(60000)
    for boot in range(1, 60):
        journal = opened(store)
        equal(journal.boot, boot, "boot")
        pressed(journal, 7)
    equal(walked(journal, 1), 59 * 8, "entries, each with its boot")
    equal((journal.read(9, 32)[0], len(journal.read(9, 32)[2])), (2, 8), "a boot and its entries")
    equal((journal.read(470, 32)[0], len(journal.read(470, 32)[2])), (59, 3), "in the hot file")


def case_what_is_acknowledged_goes_and_nothing_else():
    store = MemoryStore(60000)
    journal = opened(store)
    pressed(journal, 1000)
    settle(journal, 671)
    equal(journal.first_seq, 337, "first entry while one of segment 1 waits")
    settle(journal, 672)
    equal((journal.first_seq, journal.backlog), (673, 329), "after the last of segment 1")
    equal(refused(JournalGap, journal.read, 672, 1).next_seq, 673, "next entry to read")
    equal(walked(journal, 673), 329, "entries")
    settle(journal, journal.last_seq)
    equal((journal.backlog, list(store.names("sealed"))), (0, []), "all acknowledged")


def case_acknowledged_entries_leave_the_hot_file_at_the_next_press():
    store = MemoryStore(4000)
    journal = opened(store)
    for _ in range(200):
        journal.acknowledge(pressed(journal, 1) - 1)
    equal(
        (list(store.names("sealed")), store.size("hot") <= 199), ([], True), "one program's worth"
    )


def case_a_reboot_remembers_what_was_acknowledged_before_the_last_press():
    store = MemoryStore(4000)
    journal = opened(store)
    journal.acknowledge(pressed(journal, 9))
    pressed(journal, 1)
    equal(opened(store).acked_seq, 10, "acknowledged")


def case_an_acknowledgement_of_entries_never_made_is_refused():
    journal = opened(MemoryStore(4000))
    refused(JournalError, journal.acknowledge, 2)
    equal(journal.acked_seq, 0, "acknowledged")


def case_a_full_journal_refuses_counts_and_takes_again():
    store = MemoryStore(44000)
    journal = opened(store)
    try:
        pressed(journal, 5000)
    except JournalFull:
        pass
    last = journal.last_seq
    equal(336 < last < 5000, True, "some were kept")
    refused(JournalFull, journal.append, 2, 0, 0x44, 0)
    refused(JournalFull, journal.append, 3, 0, 1, 9)
    equal((journal.refused, journal.last_seq), (2, last), "ratings refused and last number")
    equal(journal.append(4, 0, 3, 0), last + 1, "a fault has room")
    again = opened(store)
    equal((again.last_seq, again.backlog), (last + 2, last + 2), "a boot has room")
    refused(JournalFull, again.append, 2, 0, 0x44, 0)
    settle(again, 336)
    equal(again.append(2, 0, 0x44, 0), last + 3, "room again")


def case_the_way_to_a_far_entry_is_made_in_steps():
    store = MemoryStore(60000)
    pressed(opened(store), 400)
    journal = opened(store)
    _, _, entries, calls = reached(journal, 330)
    equal(entries[0], (2, 330000, 0x44, 330), "the entry")
    equal(calls, 6, "calls")
    equal(reached(journal, 330 + len(entries))[3], 1, "calls to go on from there")


def case_values_out_of_range_are_refused():
    journal = opened(MemoryStore(4000))
    most = (255, (1 << 40) - 1, 255, 65535)
    for place, least in enumerate((1, 0, 0, 0)):
        for wrong in (least - 1, most[place] + 1):
            entry = list(most)
            entry[place] = wrong
            refused(ValueError, journal.append, *entry)
    equal(journal.append(*most), 2, "the largest")
    equal(journal.read(2, 1)[2], [most], "the largest read")


def case_the_time_anchor_lies_in_the_header():
    store = MemoryStore(4000)
    journal = opened(store)
    journal.heard(123456, 1800000123456)
    pressed(journal, 1)
    buffer = bytearray(store.size("hot"))
    store.read("hot", 0, buffer)
    anchor = records.get_header(buffer, b"box-1").anchor
    equal(anchor, (123456, 1800000123456), "anchor")


def case_a_directory_keeps_the_journal():
    path = sys.argv[3] + "/deep/state"
    for number in range(1, 4):
        journal = opened(Store(path))
        equal(journal.boot, number, "boot")
        pressed(journal, 150)
    equal(sorted(os.listdir(path)), ["hot", "sealed"], "files")
    equal(walked(opened(Store(path)), 1), 454, "entries")
    equal(Store(path).room() > 0, True, "room")


if __name__ == "__main__":
    run(globals())
