"""What an open page sees and when, read from the hub's stream of events, and the bare relay."""

import re
import socket
import threading
import time
from collections import defaultdict

import paho.mqtt.client as mqtt
from onedoor_hub.broker.accounts import TAIL_USER
from onedoor_protocol import topics

from tests.support.ports import wait_until

TAIL_PASSWORD = "only for these benches"
_CARD = re.compile(rb"event: counter-(\d+)\n(.*?)\n\n", re.DOTALL)
_RATINGS = re.compile(rb'data-ratings="(\d+)"')


class Page:
    """An open page: when (``time.monotonic``) each counter's card first showed so many ratings."""

    def __init__(self, port: int):
        self._seen: dict[int, list[tuple[float, int]]] = defaultdict(list)
        self.events = 0
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(b"GET /events HTTP/1.1\r\nHost: bench\r\n\r\n")
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(self._ready.is_set, what="the page's first beat")

    def _read(self) -> None:
        buffer = b""
        while True:
            try:
                data = self._socket.recv(262144)
            except OSError:
                return
            now_s = time.monotonic()
            if not data:
                return
            buffer += data
            end = 0
            for card in _CARD.finditer(buffer):
                end = card.end()
                shown = _RATINGS.search(card[2])
                self.events += 1
                if shown:
                    self._seen[int(card[1])].append((now_s, int(shown[1])))
            if b"event: beat" in buffer:
                self._ready.set()
            buffer = buffer[max(end, len(buffer) - 65536) :]

    def shows(self, counter: int) -> int:
        """The newest count of a counter's card."""
        return self._seen[counter][-1][1] if self._seen[counter] else 0

    def first_s(self, counter: int, ratings: int) -> float:
        """When the card first showed at least so many ratings."""
        return next(at_s for at_s, shown in self._seen[counter] if shown >= ratings)

    def close(self) -> None:
        """Close the page."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Relay:
    """The least there can be between box and page: a paho subscriber that writes to a socket.

    It checks, stores and counts nothing.
    """

    def __init__(self, port: int):
        near, self._far = socket.socketpair()
        self._near = near
        self._seen: dict[str, float] = {}
        threading.Thread(target=self._read, daemon=True).start()
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=TAIL_USER, protocol=mqtt.MQTTv311
        )
        client.username_pw_set(TAIL_USER, TAIL_PASSWORD)
        client.on_message = self._on_message
        ready = threading.Event()
        client.on_subscribe = lambda *_: ready.set()
        client.connect("127.0.0.1", port)
        client.subscribe(f"{topics.PREFIX}/+/+/journal", 1)
        client.loop_start()
        self._client = client
        wait_until(ready.is_set, what="the relay is ready")

    def _on_message(self, _client, _userdata, message):
        first = re.search(rb'"first":(\d+)', message.payload)
        device = message.topic.split("/")[3].encode()
        self._far.sendall(b"data: %s %s\n\n" % (device, first[1] if first else b"?"))

    def _read(self) -> None:
        buffer = b""
        while data := self._near.recv(65536):
            now_s = time.monotonic()
            *events, buffer = (buffer + data).split(b"\n\n")
            for event in events:
                self._seen.setdefault(event.removeprefix(b"data: ").decode(), now_s)

    def first_s(self, device: str, seq: int) -> float:
        """When the message that begins with an entry arrived."""
        return self._seen[f"{device} {seq}"]

    def has(self, device: str, seq: int) -> bool:
        """True once it arrived."""
        return f"{device} {seq}" in self._seen

    def close(self) -> None:
        """End it."""
        self._client.disconnect()
        self._client.loop_stop()
        self._far.close()
