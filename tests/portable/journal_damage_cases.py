"""What the journal does when its files are damaged, missing or another device's."""

from journal_support import equal, opened, pressed, reached, refused, run, skipped, spoil, walked
from onedoor_device import records
from onedoor_device.journal import JournalGap
from onedoor_device.store import MemoryStore


def case_a_damaged_record_in_a_segment_costs_that_segment_at_most():
    store = MemoryStore(60000)
    journal = opened(store)
    pressed(journal, 700)
    spoil(store, "sealed/000000", records.HEADER_BYTES + 100 * 12 + 3)
    journal = opened(store)
    equal(len(reached(journal, 97)[2]), 4, "entries before it")
    equal(refused(JournalGap, journal.read, 101, 32).next_seq, 337, "next entry to read")
    equal(walked(journal, 337), 366, "entries after it")
    equal(len(journal.problems), 1, "problems noted")


def case_a_damaged_segment_header_costs_that_segment():
    store = MemoryStore(60000)
    pressed(opened(store), 1100)
    spoil(store, "sealed/000001", 20)
    journal = opened(store)
    equal(refused(JournalGap, journal.read, 337, 32).next_seq, 673, "next entry to read")
    equal(walked(journal, 673), 430, "entries after it")


def case_numbers_in_a_damaged_hot_file_are_never_given_again():
    store = MemoryStore(60000)
    journal = opened(store)
    incarnation = journal.incarnation
    last = pressed(journal, 350)
    first = (store.size("hot") - records.HEADER_BYTES) // 12
    spoil(store, "hot", records.HEADER_BYTES + 3 * 12 + 5)
    journal = opened(store)
    skipped(journal, incarnation, last)
    kept = last - first + 3
    seq = 1
    while seq <= kept:
        seq += len(reached(journal, seq)[2])
    equal(refused(JournalGap, journal.read, seq, 32).next_seq, journal.last_seq, "next to read")
    equal(walked(journal, journal.last_seq), 1, "entries after the gap")


def case_numbers_in_a_lost_hot_file_are_never_given_again():
    store = MemoryStore(60000)
    journal = opened(store)
    incarnation = journal.incarnation
    last = pressed(journal, 350)
    store.remove("hot")
    journal = opened(store)
    skipped(journal, incarnation, last)


def case_a_wiped_device_begins_a_new_incarnation():
    journal, other = opened(MemoryStore(4000)), opened(MemoryStore(4000))
    equal((journal.state_was_missing, journal.boot, journal.last_seq), (True, 1, 1), "begun anew")
    equal(journal.incarnation != other.incarnation, True, "incarnations differ")


def case_the_journal_of_another_device_is_set_aside():
    store = MemoryStore(60000)
    pressed(opened(store), 400)
    journal = opened(store, "box-2")
    equal((journal.state_was_missing, journal.first_seq, journal.last_seq), (True, 1, 1), "new")
    equal(sorted(store.names("sealed")), ["000000.bad", "000001.bad"], "kept files")


def case_erased_and_empty_flash_is_no_record():
    equal(records.crc16(b"123456789", 0, 9), 0x29B1, "CRC of the standard's check string")
    for byte in (0x00, 0xFF):
        equal(records.get(bytes([byte] * 12), 0, byte), None, "a record of one byte value")
        equal(records.get_header(bytes([byte] * 55), b"box-1"), None, "a header of it")


if __name__ == "__main__":
    run(globals())
