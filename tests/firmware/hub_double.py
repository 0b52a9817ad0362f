"""The least a hub does: check, remember and acknowledge entries; send commands."""

import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from onedoor_hub.broker.client import Address
from onedoor_protocol import chain, codec, mac, topics

CENTRE, DEVICE = "vientiane", "vientiane-3"
KEY = bytes(range(32))


class HubDouble:
    """Speaks the hub's side for one device. ``answers`` False makes it silent."""

    def __init__(self, address: Address) -> None:
        self.answers = True
        self.refuses: str | None = None
        self.entries: dict[tuple[str, int], tuple[int, list[int]]] = {}
        self.copies = 0
        self.messages: list[tuple[str, dict[str, Any], float]] = []
        self.acks: list[tuple[str, bytes]] = []
        self._mac = mac.Mac(KEY)
        self._n = 0
        self._changed = threading.Condition()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="hub")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.username_pw_set(address.user, address.password)
        self._client.connect(address.host, address.port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([(f"onedoor/1/+/+/{channel}", 1) for channel in topics.UP])

    def _on_message(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        channel = topics.parse(message.topic)[2]
        body = codec.open_payload(message.topic, message.payload, self._mac)
        with self._changed:
            self.messages.append((channel, body, time.monotonic()))
            if channel == "journal" and self.refuses is None:
                self._keep(body)
            if self.answers and (channel == "journal" or body["online"]):
                self._answer(body)
            self._changed.notify_all()

    def _keep(self, body: dict[str, Any]) -> None:
        value = bytes.fromhex(body["prev"])
        for index, entry in enumerate(body["e"]):
            seq = body["first"] + index
            value = chain.step(value, chain.pack(seq, entry[0], entry[1], entry[2], entry[3]))
            held = self.entries.setdefault((body["inc"], seq), (body["eb"], entry))
            if held[1] is not entry:
                self.copies += 1
                if held != (body["eb"], entry):
                    raise RuntimeError(f"entry {seq} changed: {held} to {entry}")

    def _answer(self, body: dict[str, Any]) -> None:
        answer = {"inc": body["inc"], "boot": body["boot"], "re": body["now"]}
        answer |= {"seq": self.contiguous(body["inc"]), "utc": time.time_ns() // 1_000_000}
        if self.refuses is not None:
            answer["refused"] = self.refuses
        self.send("ack", answer)

    def contiguous(self, inc: str) -> int:
        seq = 0
        while (inc, seq + 1) in self.entries:
            seq += 1
        return seq

    def send(self, channel: str, body: dict[str, Any], retain: bool = False) -> bytes:
        """Seal and publish a body; returns the payload, to play it again."""
        topic = topics.topic(CENTRE, DEVICE, channel)
        payload = codec.seal(topic, codec.encode(channel, body), self._mac)
        if channel == "ack":
            self.acks.append((topic, payload))
        self.play(channel, payload, retain)
        return payload

    def play(self, channel: str, payload: bytes, retain: bool = False) -> None:
        """Publish bytes as they are, on a channel of the device."""
        self._client.publish(topics.topic(CENTRE, DEVICE, channel), payload, 1, retain)

    def command(self, do: str, **fields: int) -> bytes:
        self._n += 1
        state = self.newest("state")
        head = {"inc": state["inc"], "boot": state["boot"], "n": self._n, "do": do}
        return self.send("command", head | fields)

    # What came

    def wait(self, condition: Callable[[], Any], timeout_s: float = 10) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout_s))

    def bodies(self, channel: str) -> list[dict[str, Any]]:
        return [body for of, body, _ in self.messages if of == channel]

    def newest(self, channel: str) -> dict[str, Any]:
        return self.bodies(channel)[-1]

    def online(self) -> bool:
        states = self.bodies("state")
        return bool(states) and states[-1]["online"] == 1

    def ratings(self) -> list[list[int]]:
        """The rating entries in order of their numbers."""
        return self.of_kind(chain.KIND_RATING)

    def of_kind(self, kind: int) -> list[list[int]]:
        return [
            self.entries[key][1] for key in sorted(self.entries) if self.entries[key][1][0] == kind
        ]

    def values(self) -> list[tuple[int, int]]:
        """(value, scale) of each rating, in order."""
        return [chain.rating_of(entry[2]) for entry in self.ratings()]
