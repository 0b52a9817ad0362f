"""One press on the box's pins, with real MicroPython, main.py, Mosquitto and time."""

import time

import pytest
from onedoor_protocol import chain

from tests.firmware.hub_double import DEVICE

LOCKOUT_S = 1.5


def rated(hub, count):
    return hub.wait(lambda: len(hub.ratings()) >= count)


@pytest.mark.parametrize(
    ("name", "value"), [("excellent", 4), ("good", 3), ("fair", 2), ("poor", 1)]
)
def test_a_press_that_bounces_becomes_one_entry_of_its_value(box, hub, name, value):
    """ENT-006 ENT-007: value out of 4, no window, so tag 0."""
    box.press(name, bounce=True)
    assert rated(hub, 1), box.console()
    time.sleep(0.3)
    assert hub.values() == [(value, 4)]
    assert hub.ratings()[0][3] == 0


def test_a_boot_is_the_first_entry_and_counts_up(box, hub):
    """ENT-002 ENT-005: seq 1 is boot 1; after a power cut boot 2 follows with the next number."""
    (inc, seq), (boot, entry) = next(iter(hub.entries.items()))
    assert (seq, boot, entry) == (1, 1, [chain.KIND_BOOT, 0, 0, 1])
    box.kill()
    box.start()
    assert hub.wait(lambda: (inc, 2) in hub.entries)
    assert hub.entries[inc, 2] == (2, [chain.KIND_BOOT, 0, 0, 2])


def test_the_acknowledged_entry_leaves_the_journal(box, hub):
    """ENT-004: the next birth says that nothing is kept."""
    box.press("good")
    assert rated(hub, 1)
    time.sleep(0.5)
    box.kill()
    box.start()
    assert hub.wait(lambda: hub.newest("state")["boot"] == 2 and hub.online())
    assert hub.wait(lambda: len(hub.entries) == 3)
    assert hub.copies <= 1, "a box asks again at most for what was acknowledged last"


def test_presses_within_the_lockout_are_counted_not_rated(box, hub):
    """ENT-008: reason 1, written with the next rating."""
    box.press("good")
    for _ in range(3):
        time.sleep(0.1)
        box.press("poor")
    time.sleep(LOCKOUT_S)
    box.press("fair")
    assert hub.wait(lambda: hub.of_kind(chain.KIND_SUPPRESSED)), box.console()
    assert hub.values() == [(3, 4), (2, 4)]
    (entry,) = hub.of_kind(chain.KIND_SUPPRESSED)
    assert (entry[2], entry[3]) == (chain.SUPPRESSED_LOCKOUT, 3)


def test_the_lockout_begins_with_the_press_and_ends_in_time(box, hub):
    box.press("good")
    time.sleep(LOCKOUT_S + 0.2)
    box.press("good")
    assert rated(hub, 2)
    first, second = hub.ratings()
    assert second[1] - first[1] >= 1000 * LOCKOUT_S


def test_the_thanks_do_not_tell_which_button_was_pressed(make_box, broker):
    """Same lights in the same order, same length: an officer must not learn the answer."""
    box = make_box(broker.port)
    seen = []
    for place in range(4):
        box.forget_events()
        box.press(place, ms=60)
        assert box.wait_for_light()
        assert box.wait_for_dark()
        changes = [event for event in box.events() if event[0] == "out"]
        lit_ms = (changes[-1][3] - changes[0][3]) / 1000
        assert 900 <= lit_ms <= 1500
        seen.append([(pin, level) for _, pin, level, _ in changes])
        time.sleep(LOCKOUT_S - 1)
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert len(seen[0]) == 8


def test_a_box_with_one_status_light_thanks_with_that(make_box, broker, hub):
    box = make_box(broker.port, light="status")
    box.press("fair")
    assert box.wait_for_light()
    assert len(box.lights()) == 1
    assert rated(hub, 1)
    assert hub.values() == [(2, 4)]


@pytest.mark.parametrize(("name", "value"), [("excellent", 5), ("okay", 3), ("poor", 1)])
def test_five_buttons_by_configuration(make_box, broker, hub, name, value):
    box = make_box(broker.port, buttons=5)
    box.press(name)
    assert rated(hub, 1), box.console()
    assert hub.values() == [(value, 5)]
    assert hub.newest("state")["buttons"] == 5


def test_several_buttons_at_once_are_no_rating(box, hub):
    """ENT-008: reason 3, with the number of buttons."""
    for pin in (2, 3, 4):
        box.set(pin, 0)
    time.sleep(0.1)
    for pin in (2, 3, 4):
        box.set(pin, 1)
    assert not box.wait_for_light(0.3)
    box.press("good")
    assert hub.wait(lambda: hub.of_kind(chain.KIND_SUPPRESSED))
    (entry,) = hub.of_kind(chain.KIND_SUPPRESSED)
    assert (entry[2], entry[3]) == (chain.SUPPRESSED_SEVERAL, 3)
    assert hub.values() == [(3, 4)]


def test_the_state_names_interpreter_and_device(box, hub):
    """STA-001: birth before entries, retained, of this device."""
    state = hub.newest("state")
    assert state["impl"].startswith(("micropython 1.", "cpython 3."))
    assert state["rssi"] == -50
    assert [channel for channel, _, _ in hub.messages][0] == "state"
    assert DEVICE in box.console()
