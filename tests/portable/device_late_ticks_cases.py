"""Presses while no tick comes: an erase of flash stops all code; the pins' edges stay latched."""

from device_presses_cases import of_kind, rated
from device_support import Box
from journal_support import equal, run
from onedoor_device.debounce import LATE_MS, Debounce
from onedoor_protocol import chain


def case_a_press_that_is_over_when_the_tick_comes_back_counts_once():
    for gap_ms in (45, 60, 400):
        box = Box()
        box.run(50)
        box.stall(gap_ms, edges=0b0010)
        equal((rated(box), box.lit), ([], 0), "not before it is known to be one alone")
        box.run(30)
        equal((rated(box), box.lit), ([(3, 4, 0)], 15), "after " + str(gap_ms) + " ms")
        box.run(2000)
        equal(len(rated(box)), 1, "and no more")


def case_fifty_presses_each_inside_an_erase_are_fifty_ratings():
    box = Box()
    box.device.presses.lockout_ms = 0
    for number in range(50):
        box.stall(60 + 7 * number, edges=1 << number % 4)
        box.run(60)
        equal(box.lit, 15, "light of press " + str(number))
        equal(box.journal.last_seq, 2 + number, "entries after press " + str(number))
    equal(box.device.presses.totals, [0, 0, 0, 0], "suppressed")


def case_a_press_that_ends_just_after_the_erase_counts_once():
    box = Box()
    box.run(50)
    box.stall(400, edges=0b1000, closed=0b1000)
    box.run(60)
    equal(rated(box), [(1, 4, 0)], "ratings")


def case_a_press_that_goes_on_after_the_erase_counts_once():
    box = Box()
    box.run(50)
    box.stall(400, edges=0b1000, closed=0b1000)
    box.closed = 0b1000
    box.run(3000)
    box.closed = 0
    box.run(3000)
    equal(rated(box), [(1, 4, 0)], "ratings")


def case_a_press_that_began_just_before_the_erase_counts_once():
    """Its edge came with a tick in time, and one sample is not enough."""
    box = Box()
    box.run(50)
    box.closed = 0b0100
    box.edges = 0b0100
    box.run(5)
    box.closed = 0
    box.stall(100, edges=0)
    box.run(1600)
    equal(rated(box), [(2, 4, 0)], "ratings")


def case_bounces_of_a_press_known_already_are_no_second_one():
    """Held, let go in the erase, with the edges of a bad switch."""
    box = Box()
    box.device.presses.lockout_ms = 0
    box.closed = 1
    box.run(50)
    box.closed = 0
    box.stall(200, edges=1)
    box.run(500)
    equal(rated(box), [(4, 4, 0)], "ratings")


def case_bounces_on_release_after_the_erase_are_no_second_press():
    box = Box()
    box.device.presses.lockout_ms = 0
    box.run(50)
    box.stall(200, edges=1, closed=1)
    for level in (1, 1, 0, 1, 0, 0, 1, 0):
        box.closed = level
        box.edges = level
        box.run(5)
    box.closed = 0
    box.run(500)
    equal(rated(box), [(4, 4, 0)], "ratings")


def case_edges_in_time_are_no_presses():
    """In ticks that come in time a spike is what it was before: nothing."""
    debounce = Debounce(4)
    seen = now_ms = 0
    for tick in range(200):
        now_ms += 5 if tick % 2 else LATE_MS
        seen |= debounce.sample(now_ms, 0, 0b1111)
    equal((seen, debounce.pressed), (0, 0), "presses out of edges alone")


def case_a_late_tick_without_an_edge_is_no_press():
    box = Box()
    box.run(50)
    box.stall(400, edges=0)
    box.run(100)
    equal(rated(box), [], "ratings")


def case_several_edges_in_one_erase_are_several_at_once():
    """ENT-008: nobody knows which came first."""
    box = Box()
    box.run(50)
    box.stall(200, edges=0b0101)
    box.run(100)
    equal((rated(box), box.lit), ([], 0), "rating and light")
    box.press(1)
    equal(rated(box), [(3, 4, 0)], "the next press counts")
    equal(of_kind(box, chain.KIND_SUPPRESSED), [(chain.SUPPRESSED_SEVERAL, 2)], "suppressed")


def case_a_press_in_an_erase_in_the_lockout_is_counted():
    box = Box()
    box.press(0)
    box.stall(300, edges=0b0010)
    box.run(100)
    equal(rated(box), [(4, 4, 0)], "ratings")
    equal(box.device.presses.totals[chain.SUPPRESSED_LOCKOUT], 1, "suppressed")


if __name__ == "__main__":
    run(globals())
