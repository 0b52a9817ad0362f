"""Debounce, lock-out, lights and stuck buttons, on the interpreter that runs this file."""

from device_support import Box
from journal_support import equal, run
from onedoor_device.clock import Ticks
from onedoor_device.debounce import Debounce
from onedoor_device.lights import Lights
from onedoor_protocol import chain


def rated(box):
    """(value, scale, b) of the ratings in the journal."""
    _, _, entries = box.journal.read(1, 32)
    return [chain.rating_of(a) + (b,) for kind, _, a, b in entries if kind == chain.KIND_RATING]


def of_kind(box, wanted):
    """(a, b) of the journal's entries of a kind."""
    _, _, entries = box.journal.read(1, 32)
    return [(a, b) for kind, _, a, b in entries if kind == wanted]


def case_a_contact_that_bounces_is_one_press():
    debounce = Debounce(4)
    now_ms = presses = 0
    # Closing, 1 ms apart, as a bad switch does it; then held; then opening the same way.
    for levels in ("1010110111", "1" * 60, "0101001000", "0" * 60):
        for level in levels:
            now_ms += 1
            presses += debounce.sample(now_ms, int(level)) != 0
    equal((presses, debounce.pressed), (1, 0), "presses and what is held")


def case_a_spike_of_one_sample_is_no_press():
    debounce = Debounce(4)
    seen = 0
    for tick in range(1, 400):
        seen |= debounce.sample(5 * tick, 1 if tick % 4 == 0 else 0)
    equal(seen, 0, "presses out of spikes 20 ms apart")


def case_one_late_sample_is_no_press():
    debounce = Debounce(4)
    debounce.sample(5, 0)
    equal(debounce.sample(505, 2), 0, "first sample of a closed contact after half a second")
    equal(debounce.sample(510, 2), 2, "second sample")


def case_the_light_comes_within_30_ms_of_the_contact():
    box = Box()
    box.run(50)
    box.closed = 1
    waited_ms = 0
    while not box.lit:
        box.run(5)
        waited_ms += 5
        equal(waited_ms <= 30, True, "light in time")
    equal(rated(box), [(4, 4, 0)], "and the rating is in the journal")


def case_each_button_has_its_value():
    for buttons in (4, 5):
        for place in range(buttons):
            box = Box(buttons=buttons)
            box.press(place)
            equal(rated(box), [(buttons - place, buttons, 0)], "button " + str(place))


def case_holding_a_button_is_one_press():
    box = Box()
    box.press(1, ms=9000)
    equal(rated(box), [(3, 4, 0)], "ratings")


def case_presses_in_the_lockout_are_counted_once_each():
    """ENT-008: with the next rating."""
    box = Box()
    for _ in range(4):
        box.press(2)
    box.run(1500)
    equal(of_kind(box, chain.KIND_SUPPRESSED), [], "not yet")
    box.press(0)
    equal(rated(box), [(2, 4, 0), (4, 4, 0)], "ratings")
    equal(of_kind(box, chain.KIND_SUPPRESSED), [(chain.SUPPRESSED_LOCKOUT, 3)], "suppressed")


def case_suppressed_presses_are_written_within_a_minute():
    """ENT-008: although nobody rates again."""
    box = Box()
    box.press(2)
    box.press(2)
    box.leap(46000)
    equal(of_kind(box, chain.KIND_SUPPRESSED), [(chain.SUPPRESSED_LOCKOUT, 1)], "suppressed")
    box.leap(120000)
    equal(len(of_kind(box, chain.KIND_SUPPRESSED)), 1, "and not again")


def case_several_at_once_are_no_rating_even_5_ms_apart():
    box = Box()
    box.closed = 1
    box.run(5)
    box.closed = 0b101
    box.run(60)
    box.closed = 0
    box.run(60)
    equal((rated(box), box.lit), ([], 0), "rating and light")
    box.press(1)
    equal(rated(box), [(3, 4, 0)], "the next press counts")
    equal(of_kind(box, chain.KIND_SUPPRESSED), [(chain.SUPPRESSED_SEVERAL, 2)], "suppressed")


def case_a_stuck_button_is_a_fault_and_the_others_go_on():
    """ENT-009: entries when the fault begins and when it ends; listed while it holds."""
    box = Box()
    box.closed = 0b0010
    box.leap(31000)
    equal(of_kind(box, chain.KIND_FAULT), [(chain.FAULT_STUCK, 2)], "fault entry")
    equal(box.device.state()["faults"], [chain.FAULT_STUCK], "faults that hold")
    before = len(rated(box))
    box.closed = 0b1010
    box.run(80)
    box.closed = 0b0010
    box.run(80)
    equal(rated(box)[before:], [(1, 4, 0)], "another button")
    box.closed = 0
    box.leap(6000)
    faults = of_kind(box, chain.KIND_FAULT)
    equal(faults, [(chain.FAULT_STUCK, 2), (chain.FAULT_FREE, 2)], "fault entries")
    equal(box.device.state()["faults"], [], "no fault holds")
    box.press(1)
    equal(rated(box)[-1], (3, 4, 0), "the button that was stuck")


def case_a_stuck_button_that_chatters_rates_nothing():
    box = Box()
    box.closed = 1
    box.leap(31000)
    before = len(rated(box))
    for _ in range(5):
        box.closed = 0
        box.run(100)
        box.closed = 1
        box.run(1600)
    equal(len(rated(box)), before, "ratings")
    box.leap(50000)
    equal(of_kind(box, chain.KIND_SUPPRESSED)[-1][0], chain.SUPPRESSED_STUCK, "reason")


def case_every_button_gives_the_same_light():
    patterns = []
    for place in range(4):
        box = Box()
        box.run(1000)
        box.closed = 1 << place
        seen = bytearray()
        for _ in range(300):
            box.run(5)
            seen.append(box.lit)
            if len(seen) == 20:
                box.closed = 0
        patterns.append(seen)
    equal(patterns.count(patterns[0]), 4, "patterns alike")
    equal(sorted(set(patterns[0])), [0, 15], "all lights or none")


def case_lights_by_priority_and_in_step():
    lights = Lights(4)
    equal([lights.mask(now, False) for now in range(0, 4000, 100)], [0] * 40, "at rest")
    equal(sum([lights.mask(now, True) for now in range(0, 2000, 500)]), 30, "invite: half the time")
    lights.fault = True
    lit = [now for now in range(3000) if lights.mask(now, True)]
    equal((len(lit), lit[0], lit[-1]), (120, 0, 259), "two short flashes hide the invitation")
    lights.identify_until_ms = 3000
    equal(lights.mask(100, False), 15, "identify")
    lights.refused_until_ms = 3000
    equal([lights.mask(now, False) for now in (0, 100, 200)], [15, 0, 15], "refused")
    lights.thanks_until_ms = 1000
    equal([lights.mask(now, False) for now in range(0, 1000, 50)], [15] * 20, "thanks before all")


def case_a_press_while_main_holds_the_journal_waits_and_is_kept():
    """The tick never waits; whoever holds the lock takes over what was latched."""
    box = Box()
    box.run(40)
    box.lock.held = True
    box.closed = 1
    box.run(80, step=False)
    equal((rated(box), box.lit), ([], 0), "nothing is thanked that is not in flash")
    box.closed = 0
    box.run(40, step=False)
    box.lock.held = False
    box.run(10, step=False)
    equal((rated(box), box.lit), ([(4, 4, 0)], 15), "kept and thanked")
    _, _, entries = box.journal.read(1, 32)
    equal(entries[-1][1] < 80, True, "with the time of the press")


def case_fifty_presses_latched_while_main_is_busy_are_kept_or_refused_by_count():
    box = Box()
    box.device.presses.lockout_ms = 0
    box.lock.held = True
    for _ in range(50):
        box.closed = 1
        box.run(30, step=False)
        box.closed = 0
        box.run(60, step=False)
    box.lock.held = False
    box.run(10, step=False)
    kept = box.journal.last_seq - 1
    equal(kept + box.device.state()["refused"], 50, "kept and refused")
    equal(kept, 50, "kept")


def case_time_goes_on_past_the_wrap_of_the_counter():
    """TIM-001: 2**30 ms on a Pico."""
    for start in (2**30 - 3, 0, 2**30 - 1, 12345):
        ticks = Ticks(start)
        for step in range(1, 10):
            equal(ticks.extend((start + step) % 2**30), step, "ms")
    ticks = Ticks(2**62 - 2)
    equal(ticks.extend(3), 5, "past the wrap of a 64-bit counter")


def case_a_press_after_the_wrap_is_like_any_other():
    box = Box()
    box.now_ms = 2**30 + 2**20
    box.run(20)
    box.press(1)
    _, _, entries = box.journal.read(1, 32)
    equal(entries[-1][1] > 2**30, True, "time beyond 2**30")
    box.press(1)
    box.run(1500)
    box.press(2)
    equal(rated(box), [(3, 4, 0), (2, 4, 0)], "lock-out holds and ends")


if __name__ == "__main__":
    run(globals())
