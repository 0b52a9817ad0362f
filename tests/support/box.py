"""A rating box at a hub: real firmware on the bench board, with a key the hub knows."""

import queue
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from onedoor_hub.bench import BenchBox
from onedoor_hub.broker.client import Address
from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import topics


def bench_box(device: PaperDevice, broker_port: int, folder: Path) -> BenchBox:
    """The box of a device that ``centre.add_box`` made, not yet started."""
    config = {
        "device": device.device,
        "centre": device.centre,
        "key": device.key.hex(),
        "broker": {"host": "127.0.0.1", "port": broker_port, "keepalive_s": 6},
        "wifi": {"ssid": "test", "password": ""},
    }
    return BenchBox(config, folder)


class Ear:
    """Hears a device's state on the broker and speaks to it in the hub's place.

    It signs in as the hub, and the broker lets in one client an account: stop the hub first.
    """

    def __init__(self, address: Address, device: PaperDevice):
        self._device = device
        self._heard: queue.Queue[dict] = queue.Queue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.username_pw_set(address.user, address.password)
        self._client.on_message = self._on_message
        self._client.connect(address.host, address.port)
        self._client.subscribe(topics.topic(device.centre, device.device, "state"), 1)
        self._client.loop_start()

    def _on_message(self, _client, _userdata, message):
        self._heard.put(self._device.read(message.topic, message.payload))

    def next_state(self, timeout_s: float = 10) -> dict:
        """The next state the device tells. Raises queue.Empty."""
        return self._heard.get(timeout=timeout_s)

    def say(self, channel: str, body: dict) -> None:
        """Send a sealed message to the device."""
        topic, payload = self._device.seal(channel, body)
        self._client.publish(topic, payload, 1, channel in topics.RETAINED).wait_for_publish(5)

    def reboot(self, state: dict) -> None:
        """Tell the device to reboot, in the boot that a state of it told of."""
        number = int(time.time() * 1000)
        self.say(
            "command", {"inc": state["inc"], "boot": state["boot"], "n": number, "do": "reboot"}
        )

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
