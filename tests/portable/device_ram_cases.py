"""A box whose flash cannot be used, on the interpreter that runs this file."""

from device_presses_cases import of_kind
from device_support import UTC_MS, Box
from journal_support import equal, run
from onedoor_device.device import LATE_THANKS_MS
from onedoor_device.journal import JournalFull
from onedoor_device.store import RAM_BYTES, MemoryStore
from onedoor_protocol import chain


def ram_box():
    """A box that goes on in RAM, welcomed by the hub."""
    box = Box(MemoryStore(RAM_BYTES))
    box.device.without_flash("journal cannot be read")
    box.welcome()
    return box


def thanked(box):
    """Whether the thank-you light is on; the fault's two flashes are shorter."""
    lit = 0
    for _ in range(60):
        box.run(5)
        lit += box.lit != 0
    return lit == 60


def case_it_says_so_in_log_journal_state_and_light():
    """ENT-009 ENT-014."""
    box = ram_box()
    equal(len([line for line in box.said if "journal cannot be read" in line]), 1, "lines")
    equal(of_kind(box, chain.KIND_FAULT), [(chain.FAULT_FLASH, 0)], "entry")
    equal(box.bodies("state")[0]["faults"], [chain.FAULT_FLASH], "the birth")
    flashes = 0
    for _ in range(600):
        before = box.lit
        box.run(5)
        flashes += box.lit and not before
    equal(flashes, 2, "flashes in 3 s")


def case_a_press_is_sent_and_thanked_only_when_the_hub_has_it():
    """ENT-014: in RAM alone the next power cut would take it."""
    box = ram_box()
    box.press(0)
    equal(box.entries()[-1][1][0], chain.KIND_RATING, "sent")
    equal(thanked(box), False, "thanked before")
    box.ack(box.journal.last_seq - 1)
    box.run(40)
    equal(thanked(box), False, "thanked at an acknowledgement of older entries")
    box.ack(box.journal.last_seq)
    box.run(40)
    equal(thanked(box), True, "thanked after")


def case_thanks_that_come_late_are_left_out():
    """They would thank the next citizen."""
    box = ram_box()
    box.press(0)
    box.leap(LATE_THANKS_MS)
    body = box.head()
    body.update({"re": box.bodies("journal")[-1]["now"], "seq": box.journal.last_seq})
    body["utc"] = UTC_MS
    box.hear("ack", body)
    box.run(40)
    equal(box.journal.backlog, 0, "acknowledged")
    equal(thanked(box), False, "thanked")


def case_there_is_room_for_a_morning_and_a_full_journal_says_so():
    """The limit is above what the journal keeps back for boots and faults."""
    box = ram_box()
    taken = 0
    try:
        while taken < 5000:
            box.journal.append(chain.KIND_RATING, taken, 0x44, 0)
            taken += 1
    except JournalFull:
        pass
    equal(900 < taken < 5000, True, "ratings taken: " + str(taken))
    box.press(1)
    equal(box.device.state()["faults"], [chain.FAULT_FULL, chain.FAULT_FLASH], "faults")


if __name__ == "__main__":
    run(globals())
