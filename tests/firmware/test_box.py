"""What happens to a box besides presses: bad configuration, restarts, other interpreters."""

import json
import os
import subprocess
import time

import pytest
from onedoor_hub import firmware
from onedoor_hub.bench_pins import BUTTON_PINS, LIGHT_PINS, STATUS_PIN
from onedoor_hub.interpreter import micropython
from onedoor_protocol import chain

QUICK = {"rev": 1, "lockout_ms": 0, "thanks_ms": 100}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "onedoor: config.json is missing; run 'onedoor flash' for this box"),
        ("{", "onedoor: config.json is not JSON; run 'onedoor flash' for this box"),
        ('{"device": "box-1", "centre": "v", "key": "00"}', "onedoor: config.json: key: expected"),
    ],
)
def test_a_broken_configuration_is_one_line_and_a_fault_light(make_box, text, line):
    """And the box stays up, so that a technician can reach it: no crash, no crash loop."""
    box = make_box(1, start=False)
    start = box.start

    def spoil():
        (box.state_dir / "config.json").unlink()
        if text is not None:
            (box.state_dir / "config.json").write_text(text)

    launch = box._launch
    box._launch = lambda: (spoil(), launch())[1]
    start()
    pid = box.pid
    assert box.wait_for_light(4)
    box.forget_events()
    time.sleep(3.5)
    assert box.events(), "it goes on"
    assert (box.pid, box.alive) == (pid, True)
    assert len(box.console().splitlines()) == 1
    assert box.console().startswith(line)


def test_flash_that_could_not_be_mounted_is_told_of(make_box):
    """_boot.py went on in RAM, where there is no configuration, and left the reason there."""
    box = make_box(1, start=False)
    box.state_dir.mkdir()
    (box.state_dir / "boot_fault").write_text("flash cannot be mounted: EIO\n")
    launch = box._launch
    box._launch = lambda: ((box.state_dir / "config.json").unlink(), launch())[1]
    box.start()
    assert box.wait_for_light(4)
    assert box.console() == "onedoor: flash cannot be mounted: EIO\n"


def test_a_reboot_command_restarts_the_box_after_a_goodbye(box, hub):
    """CMD-006 STA-003: state online 0 on purpose, then a new boot."""
    hub.command("reboot")
    assert hub.wait(lambda: hub.newest("state")["boot"] == 2 and hub.online(), 20), box.console()
    states = [(state["boot"], state["online"]) for state in hub.bodies("state")]
    assert states == [(1, 1), (1, 0), (2, 1)]
    box.press("poor")
    assert hub.wait(lambda: hub.values() == [(1, 4)]), "its pins are driven again"


def test_the_bench_watchdog_ends_a_process_that_does_not_feed_it(tmp_path):
    program = micropython()
    script = "import machine, time\nprint(machine.reset_cause())\nmachine.WDT(timeout=300)\n"
    script += "time.sleep(10)\nprint('still here')"
    environment = {**os.environ, "MICROPYPATH": str(firmware.sources().bench_board)}
    if program is None:
        pytest.fail("no MicroPython on this machine: run ./setup.sh test")
    answers = []
    for _ in range(2):
        done = subprocess.run(
            [str(program), "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=9,
            check=False,
        )
        answers.append((done.returncode, done.stdout))
    assert answers == [(-9, "1\n"), (-9, "3\n")], "power on first, then the watchdog"


def test_the_same_main_runs_on_cpython_and_says_so(make_box, broker, hub):
    box = make_box(broker.port, cpython=True)
    assert hub.wait(lambda: hub.online() and hub.entries), box.console()
    box.press("good")
    assert box.wait_for_light()
    assert hub.wait(lambda: hub.values() == [(3, 4)]), box.console()
    assert hub.newest("state")["impl"].startswith("cpython 3.")
    assert hub.newest("state")["impl"].endswith(" bench")


def test_desired_from_the_broker_reaches_the_box_and_stays(box, hub):
    """DES-002 DES-003 CHA-003: retained by the broker, taken at once, kept in flash."""
    hub.send("desired", {"rev": 3, "lockout_ms": 200, "thanks_ms": 300}, retain=True)
    file = box.state_dir / "state" / "desired.json"
    assert hub.wait(file.exists)
    box.press("good")
    time.sleep(0.3)
    box.press("good")
    assert hub.wait(lambda: len(hub.ratings()) == 2)
    hub.send("desired", {"rev": 2, "lockout_ms": 9000, "thanks_ms": 300}, retain=True)
    time.sleep(0.5)
    assert json.loads(file.read_text())["rev"] == 3


def test_a_window_tags_the_next_rating(box, hub):
    """CMD-004: over a real broker; played again by anyone, the command does nothing."""
    payload = hub.command("window", tag=4711, for_s=30)
    time.sleep(0.5)
    box.press("good")
    assert hub.wait(lambda: len(hub.ratings()) == 1)
    hub.play("command", payload)
    time.sleep(1.5)
    box.press("good")
    assert hub.wait(lambda: len(hub.ratings()) == 2)
    assert [entry[3] for entry in hub.ratings()] == [4711, 0]


def test_ratings_pressed_without_a_hub_survive_a_power_cut(make_box, broker, hub):
    """ENT-003: each press that was thanked is there, in order, once."""
    box = make_box(1, desired=QUICK)
    for place in (0, 1, 2):
        box.press(place)
        assert box.wait_for_light()
        assert box.wait_for_dark()
    box.kill()
    box.config["broker"]["port"] = broker.port
    box.start()
    assert hub.wait(lambda: len(hub.entries) == 5), box.console()
    assert [value for value, _ in hub.values()] == [4, 3, 2]
    boots = [boot for boot, entry in hub.entries.values() if entry[0] == chain.KIND_BOOT]
    assert sorted(boots) == [1, 2]


def most_free(box):
    """Free heap just after a collection: the most seen while rubbish comes and goes."""
    return max(box.memory_free() for _ in range(200) if not time.sleep(0.02))


def press_until(box, hub, count):
    end_s = time.monotonic() + 150
    while len(hub.ratings()) < count:  # on a busy machine a press this short may be missed
        assert time.monotonic() < end_s, box.console()
        box.press(2, ms=20, bounce=False)
        time.sleep(0.035)


@pytest.mark.timeout(300)
def test_the_heap_is_as_free_after_1000_presses_as_before(make_box, broker, hub):
    """190 KB, as a Pico W leaves to Python, here with pointers twice as long."""
    box = make_box(broker.port, desired=QUICK)
    assert hub.wait(lambda: hub.online() and hub.entries)
    press_until(box, hub, 100)  # what is remembered of the newest 64 messages is there then
    before = most_free(box)
    press_until(box, hub, 1100)
    after = most_free(box)
    print(f"{len(hub.ratings())} ratings; free heap {before} bytes before, {after} after")
    assert after > before - 2000
    assert after > 30000


def test_the_bench_knows_the_boards_pins():
    """The hub may not import device files, so its bench has the numbers a second time."""
    pins = {}
    exec((firmware.sources().pico / "pins.py").read_text(), pins)
    assert (pins["BUTTONS"], pins["LIGHTS"], pins["STATUS_LIGHT"]) == (
        BUTTON_PINS,
        LIGHT_PINS,
        STATUS_PIN,
    )
