"""Real firmware: from the pin to the page and to the light, its heap, and what wears its flash."""

import json
import os
import re
import stat
import subprocess
import time
from pathlib import Path

from onedoor_hub import firmware
from onedoor_hub.bench import HEAP
from onedoor_hub.interpreter import micropython

from tests.bench.page import Page, Relay
from tests.bench.stage import stage
from tests.bench.table import Row, percentile
from tests.support.box import Ear, bench_box
from tests.support.ports import wait_until

QUICK = {"rev": 1, "lockout_ms": 50, "thanks_ms": 100}
LIGHT_MS = 50
WEAR_RATIO = 1 / 7
_HEAP = Path(__file__).parent / "on_box" / "heap.py"
_WEAR = Path(__file__).parents[1] / "faults" / "powercut" / "wear.py"


def presses(count: int = 1_000):
    """Presses on a pin of a box, until the page shows each."""
    with stage(1, 1, started=False) as (hub, broker, (device,)):
        ear = Ear(broker.address, device)
        ear.say("desired", QUICK)
        ear.close()
        hub.start()
        folder = hub.folder.parent / "box"
        box = bench_box(device, broker.port, folder)
        box.micropython = _watched(folder)
        with box:
            certificate = f"/api/v1/certificate/{device.device}"
            wait_until(lambda: hub.get(certificate)["received"] == 1, what="the box's boot")
            page, relay = Page(hub.port), Relay(broker.port)
            first_seq = 2  # after the boot
            pressed_s, light_ms = [], []
            for number in range(count):
                at_s, to_light_ms = _press(box, number % 4)
                pressed_s.append(at_s)
                light_ms.append(to_light_ms)
                wait_until(lambda shown=number + 1: page.shows(1) >= shown, what="it is shown")
            page_ms = [
                1000 * (page.first_s(1, number + 1) - at_s) for number, at_s in enumerate(pressed_s)
            ]
            bare_ms = [
                1000 * (relay.first_s(device.device, first_seq + number) - at_s)
                for number, at_s in enumerate(pressed_s)
            ]
            heaps = wait_until(lambda: _heaps(box), what="the box tells of its heap")
            page.close()
            relay.close()
    for share in (0.5, 0.99):
        yield Row(
            f"press to page, p{100 * share:.0f} of {count:,}",
            percentile(page_ms, share),
            "ms",
            "same press through a bare paho relay",
            percentile(bare_ms, share),
        )
    for name, value in (
        ("p50", percentile(light_ms, 0.5)),
        ("p99", percentile(light_ms, 0.99)),
        ("most", max(light_ms)),
    ):
        yield Row(
            f"first contact to light on the box's clock, {name}",
            value,
            "ms",
            goal=f"under {LIGHT_MS} ms",
            met=value < LIGHT_MS,
        )
    used, free = heaps[-1]
    yield Row(
        f"box: heap in use after {count:,} presses",
        used / 1024,
        "KiB",
        "before the first",
        heaps[0][0] / 1024,
        at_most=1.5,
    )
    yield Row(f"box: heap free of {HEAP}", free / 1024, "KiB")


def _watched(folder: Path) -> Path:
    """An interpreter that runs main.py under on_box/heap.py."""
    folder.mkdir()
    script = folder / "micropython"
    script.write_text(f'#!/bin/sh\nexec "{micropython()}" "$1" "$2" "{_HEAP}" "$3"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


def _heaps(box) -> list[tuple[int, int]]:
    found = re.findall(r"bench heap (\d+) (\d+)", box.console())
    return [(int(used), int(free)) for used, free in found]


def _press(box, button: int) -> tuple[float, float]:
    """When (monotonic) a button was pressed, and ms from first contact to light by the box."""
    box.wait_for_dark()
    time.sleep(QUICK["lockout_ms"] / 1000)
    box.forget_events()
    at_s = time.monotonic()
    box.press(button, ms=40)
    light = box.light_pins[0]
    wait_until(lambda: any(one[:3] == ("out", light, 1) for one in box.events()), what="the light")
    events = box.events()
    contact_us = next(us for kind, _, level, us in events if (kind, level) == ("in", 0))
    lit_us = next(us for kind, pin, level, us in events if (kind, pin, level) == ("out", light, 1))
    return at_s, (lit_us - contact_us) / 1000


def wear(count: int = 4_000):
    """Flash erases a rating, counted below MicroPython's own littlefs."""
    found = firmware.sources()
    done = subprocess.run(
        [
            os.fspath(micropython()), "-X", "heapsize=64m", os.fspath(_WEAR),
            os.fspath(found.protocol.parent), os.fspath(found.device.parent), str(count),
        ],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    costs = json.loads(done.stdout)
    for name in ("online", "offline"):
        yield Row(
            f"flash erases a rating, hub {name}",
            costs[name]["erases"],
            "",
            "plain append and flush",
            costs["plain"]["erases"],
            at_most=WEAR_RATIO,
        )
