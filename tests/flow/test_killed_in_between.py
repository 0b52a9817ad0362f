"""Broker and hub are killed again and again while citizens press: each lit press counts once."""

import threading
import time

import pytest

from tests.support.centre import rated
from tests.support.ports import wait_until

BOXES = 6
PRESSES = 2_000
QUICK = {"rev": 1, "lockout_ms": 50, "thanks_ms": 100}
PAUSE_S = 3.0
OUTAGE_S = 1.0


class Citizen(threading.Thread):
    """Presses one box's buttons in turn."""

    def __init__(self, box, presses):
        super().__init__(daemon=True)
        self.box = box
        self.left = presses

    def run(self):
        self.box.forget_events()
        while self.left > 0:
            self.box.press(self.left % 4, ms=40)
            self.box.wait_for_light(1)
            self.left -= 1
            self.box.wait_for_dark()
            time.sleep(0.02)

    @property
    def thanked(self):
        """Thank-you lights by the report of the pins; a short one is easily overlooked."""
        first = self.box.light_pins[0]
        return sum(event[:3] == ("out", first, 1) for event in self.box.events())


@pytest.mark.timeout(420)
def test_ratings_are_counted_exactly_once_while_broker_and_hub_are_killed(
    hub, mosquitto, make_box, listen
):
    """2,000 presses on six boxes; every few seconds Mosquitto or the hub gets a SIGKILL."""
    pairs = [make_box(counter) for counter in range(1, BOXES + 1)]
    mosquitto.start()
    for device, _ in pairs:
        ear = listen(device)
        ear.say("desired", QUICK)
        ear.close()
    hub.start()
    for _, box in pairs:
        box.start()
    wait_until(lambda: certificates(hub, pairs, "received") >= BOXES, what="the boxes' births")
    citizens = [Citizen(box, PRESSES // BOXES) for _, box in pairs]
    for citizen in citizens:
        citizen.start()
    kills = 0
    while any(citizen.is_alive() for citizen in citizens):
        time.sleep(PAUSE_S)
        victim = (mosquitto, hub)[kills % 2]
        victim.kill()
        kills += 1
        time.sleep(OUTAGE_S)
        victim.start()
    time.sleep(0.2)  # the newest pin changes are still on their way to the bench
    thanked = sum(citizen.thanked for citizen in citizens)
    assert thanked >= 0.9 * PRESSES, "citizens saw the light although the hub was away"
    assert kills >= 8
    wait_until(lambda: rated(hub.engine) >= thanked, 60, "the last ratings")
    assert rated(hub.engine) == thanked
    wait_until(
        lambda: certificates(hub, pairs, "received") == certificates(hub, pairs, "expected"),
        what="complete certificates",
    )
    assert all(certificate(hub, device)["status"] == "active" for device, _ in pairs)


def certificate(hub, device):
    return hub.get(f"/api/v1/certificate/{device.device}")


def certificates(hub, pairs, figure):
    return sum(certificate(hub, device)[figure] for device, _ in pairs)
