"""A message is lost on the way: the hub names the gap, asks real firmware for it, and has it."""

import time

import pytest
from onedoor_hub.broker.accounts import device_passwords
from onedoor_hub.store import orders, schema
from sqlalchemy import select

from tests.support.box import bench_box
from tests.support.centre import add_box, rated
from tests.support.dropper import Dropper
from tests.support.ports import wait_until


@pytest.fixture
def dropper(mosquitto):
    made = Dropper(mosquitto.port)
    yield made
    made.close()


def test_what_the_network_lost_is_asked_for_and_filled(hub, mosquitto, dropper, tmp_path):
    """RSN-001 with RSN-002, DES-001: through Mosquitto, from a box that keeps what was lost."""
    device = add_box(hub.engine)
    mosquitto.allow(device_passwords(hub.engine))
    with hub.engine.begin() as connection:
        orders.configure(connection, device.device, 100, 100, 1_800_000_000_000)
    mosquitto.start()
    hub.start()
    with bench_box(device, dropper.port, tmp_path / "box") as box:
        wait_until(lambda: received(hub, device) == 1, what="the boot entry")
        wait_until(lambda: list(tmp_path.rglob("desired.json")), what="the box's configuration")
        press(box, "good")
        wait_until(lambda: received(hub, device) == 2, what="the first press")
        dropper.losing = "journal"
        press(box, "poor")
        wait_until(lambda: dropper.lost, what="the message to be lost")
        dropper.losing = ""
        press(box, "excellent")
        wait_until(lambda: states(hub, device) == ["open"], 5, "the gap to be named")
        wait_until(lambda: received(hub, device) == 4, 15, "the gap to be filled")
        assert states(hub, device) == []
        with hub.engine.begin() as connection:
            (row,) = connection.execute(select(schema.gap)).all()
        assert (row.found_first, row.found_last, row.state, row.asks) == (3, 3, "closed", 1)
        assert "entries asked for" in hub.log
        box.forget_events()
        press(box, "fair")
        press(box, "fair")
        wait_until(lambda: rated(hub.engine) == 5, 10, "presses 0.5 s apart: the lock-out is 0.1 s")


def press(box, button):
    box.press(button, ms=80)
    assert box.wait_for_light(3), box.console()
    assert box.wait_for_dark()
    time.sleep(0.1)  # the lock-out of 100 ms ends about when the light does


def certificate(hub, device):
    return hub.get(f"/api/v1/certificate/{device.device}")


def received(hub, device):
    return certificate(hub, device)["received"]


def states(hub, device):
    found = certificate(hub, device)["incarnations"]
    return [gap["state"] for one in found for gap in one["gaps"] if gap["state"] != "to come"]
