"""Presses that no tick sees, and presses while main waits: real MicroPython, real time."""

import os
import subprocess
import time

from onedoor_hub import firmware
from onedoor_hub.interpreter import micropython

from tests.support.ports import wait_until

QUICK = {"rev": 1, "lockout_ms": 0, "thanks_ms": 100}
PRESSES = 50
VALUES = [4 - number % 4 for number in range(PRESSES)]


def test_fifty_presses_each_inside_an_erase_are_journaled_thanked_and_counted_once(
    make_box, broker, hub
):
    """60 to 400 ms in which no code of the box runs; contact closed and open again within."""
    box = make_box(broker.port, desired=QUICK)
    assert hub.wait(lambda: hub.online() and hub.entries), box.console()
    for number in range(PRESSES):
        erase_s = 0.060 + 0.340 * number / (PRESSES - 1)
        pin = box.pin(number % 4)
        with box.stalled():
            time.sleep(erase_s / 4)
            box.set(pin, 0, bounce=number % 2 == 0)
            time.sleep(erase_s / 2)
            box.set(pin, 1, bounce=number % 2 == 0)
            time.sleep(erase_s / 4)
            assert not any(box.lights()), "the box stands still"
        assert box.wait_for_light(3), f"press {number}: {box.console()}"
        assert box.wait_for_dark()
    assert hub.wait(lambda: len(hub.ratings()) >= PRESSES, 20), box.console()
    time.sleep(0.5)
    assert [value for value, _ in hub.values()] == VALUES


def test_two_buttons_in_one_erase_are_no_rating(box, hub):
    """ENT-008: which came first is not known."""
    with box.stalled():
        for level in (0, 1):
            for pin in (2, 4):
                box.set(pin, level)
            time.sleep(0.05)
    assert not box.wait_for_light(0.3)
    box.press("good")
    assert hub.wait(lambda: len(hub.entries) == 3), box.console()
    assert hub.values() == [(3, 4)]
    assert [entry[2:] for entry in hub.of_kind(3)] == [[3, 2]]


def test_fifty_presses_during_a_blocked_connect_are_journaled_thanked_and_counted_once(
    make_box, hub, proxy
):
    """CON-007: main waits for an answer to its SYN, 5 s each time, for as long as this takes."""
    proxy.be("black hole")
    box = make_box(proxy.port, desired=QUICK)
    time.sleep(1.5)
    for number in range(PRESSES):
        box.press(number % 4, ms=60)
        assert box.wait_for_light(3), f"press {number}: {box.console()}"
        assert box.wait_for_dark()
    assert not hub.bodies("state"), "it was never connected"
    assert wait_until(lambda: "no connection: " in box.console(), 40, what="the connect fails")
    proxy.be("through")
    assert hub.wait(lambda: len(hub.ratings()) >= PRESSES, 60), box.console()
    time.sleep(0.5)
    assert [value for value, _ in hub.values()] == VALUES


ALLOCATE = """
import micropython, board, machine
panel = board.Board((2, 3, 4, 5), (10, 11, 12, 13))
pin = machine.bench.pins[4]
pin.drive(0)
micropython.heap_lock()
pin.interrupt()
micropython.heap_unlock()
print(panel.closed(), panel.edges(), panel.edges())
for _ in range(300):
    pin.drive(1)
    pin.drive(0)
    pin.interrupt()
print(panel.edges(), panel.edges())
"""


def test_the_pins_interrupt_allocates_nothing_and_is_told_once(tmp_path):
    """A hard interrupt may come in the middle of a collection: one allocation there is an error."""
    found = firmware.sources()
    done = subprocess.run(
        [str(micropython()), "-c", ALLOCATE],
        cwd=tmp_path,
        env={**os.environ, "MICROPYPATH": f"{found.pico}:{found.bench_board}"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("4 4 0\n4 0\n", "")
