import json

import pytest
from onedoor_hub.bench import BenchBox
from onedoor_protocol.mac import broker_password

from tests.firmware.hub_double import CENTRE, DEVICE, KEY, HubDouble
from tests.firmware.proxy import Proxy


@pytest.fixture
def broker(mosquitto):
    """A real Mosquitto that lets the box and the hub in, with the product's access list."""
    mosquitto.allow({DEVICE: broker_password(KEY)})
    mosquitto.start()
    return mosquitto


@pytest.fixture
def hub(broker):
    hub = HubDouble(broker.address)
    yield hub
    hub.close()


@pytest.fixture
def proxy(broker):
    proxy = Proxy(broker.port)
    yield proxy
    proxy.close()


@pytest.fixture
def make_box(tmp_path):
    """Boxes by the port of their broker and by what their configuration changes.

    ``desired`` is what the hub is taken to have told the box before.
    """
    boxes = []

    def make(port, start=True, cpython=False, desired=None, **changes):
        config = {
            "device": DEVICE,
            "centre": CENTRE,
            "key": KEY.hex(),
            "broker": {"host": "127.0.0.1", "port": port, "keepalive_s": 10},
            "wifi": {"ssid": "centre", "password": "secret"},
        }
        config |= changes
        box = BenchBox(config, tmp_path / f"box-{len(boxes)}", cpython)
        boxes.append(box)
        if desired is not None:
            (box.state_dir / "state").mkdir(parents=True)
            (box.state_dir / "state" / "desired.json").write_text(json.dumps(desired))
        if start:
            box.start()
        return box

    yield make
    for box in boxes:
        box.stop()


@pytest.fixture
def box(make_box, broker, hub):
    """A box of four buttons that the hub has welcomed."""
    box = make_box(broker.port)
    assert hub.wait(lambda: hub.online() and len(hub.entries) == 1), box.console()
    return box
