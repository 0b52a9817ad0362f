"""Fixtures of the whole path: a real broker, a hub process, boxes with real firmware."""

import pytest
from onedoor_hub.broker.accounts import device_passwords

from tests.support.box import Ear, bench_box
from tests.support.centre import add_box
from tests.support.hub import HubProcess


@pytest.fixture
def hub(tmp_path, mosquitto):
    """A hub on Mosquitto; neither is started."""
    folder = tmp_path / "hub"
    folder.mkdir()
    hub = HubProcess(folder, mosquitto.url)
    yield hub
    hub.stop()


@pytest.fixture
def make_box(tmp_path, hub, mosquitto):
    """Makes (device, box) at a counter, known to hub and broker, not yet started."""
    boxes = []

    def make(counter):
        device = add_box(hub.engine, counter=counter)
        mosquitto.allow(device_passwords(hub.engine))
        box = bench_box(device, mosquitto.port, tmp_path / device.device)
        boxes.append(box)
        return device, box

    yield make
    for box in boxes:
        box.stop()


@pytest.fixture
def listen(mosquitto):
    """Makes an Ear for a device on the running broker."""
    ears = []

    def make(device):
        ears.append(Ear(mosquitto.address, device))
        return ears[-1]

    yield make
    for ear in ears:
        ear.close()
