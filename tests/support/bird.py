"""One box of a flock: a journal on paper, a real connection and what is under way on it."""

import selectors
import socket
import struct
import time

from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import mac, topics
from onedoor_protocol.errors import ProtocolError

from tests.bench import wire

WINDOW = 4
MOST_UNDER_WAY = 8  # with new ratings, which do not wait for old ones
_RETAINED_QOS_1 = 0x33
_PING, _PONG = b"\xc0\x00", 13


class Bird:
    """``manner`` is a flock's; entries up to ``acked`` are forgotten and never sent again."""

    def __init__(self, device: PaperDevice, address, selector, chance, manner):
        self.device = device
        self.acked = 0
        self.sent_again = 0
        self.complaints: list[str] = []
        self._address = address
        self._selector = selector
        self._chance = chance
        self._manner = manner
        self._socket: socket.socket | None = None
        self._connect_s = 0.0
        self._born_s = time.monotonic()
        self._packet_id = 0
        self._furthest = 0
        self._rest()

    # Hands

    def rate(self, value: int) -> None:
        """A citizen presses a button."""
        self.device.rate(value, 4, self._now_ms())

    def reboot(self) -> None:
        """Lose the power; the journal stays."""
        self.drop()
        self.device.start_boot()
        self._born_s = time.monotonic()

    def _now_ms(self) -> int:
        return int((time.monotonic() - self._born_s) * 1000) + 1

    @property
    def under_way(self) -> int:
        """Messages that were sent and are not answered."""
        return len(self._under_way)

    # Connection

    def _rest(self) -> None:
        self._received = bytearray()
        self._out = bytearray()
        self._welcome = False
        self._birth_ms = None
        self._heard = None
        self._pinged = False
        self._rewind()

    def _rewind(self) -> None:
        self._cursor = self.acked + 1  # old entries to send: up to, without, the tail
        self._tail = self._live = len(self.device.entries) + 1
        self._under_way: list[tuple[int, int]] = []
        self._deadline_s: float | None = None

    def drop(self) -> None:
        """Cut the connection, or stop making one."""
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
        pause_s = self._manner.pause_s
        self._connect_s = time.monotonic() + pause_s + self._chance.uniform(0, pause_s)
        self._rest()

    def vanish(self) -> None:
        """Be gone without a word where the cable is cut: the broker's side stays half open."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.drop()

    def _connect(self, now_s: float) -> None:
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.connect_ex(self._address)
        self._selector.register(self._socket, selectors.EVENT_WRITE, self)
        self._last_s = now_s
        device = self.device
        self._out += wire.connect(device.device, mac.broker_password(device.key))
        for channel in ("ack", "command"):
            self._out += wire.subscribe(topics.topic(device.centre, device.device, channel))

    def ready(self) -> None:
        """Send and receive what the socket can."""
        if self._socket is None:
            return
        try:
            if self._out:
                sent = self._socket.send(self._out)
                del self._out[:sent]
            data = self._socket.recv(65536)
        except BlockingIOError:
            self._listen()
            return
        except OSError:
            self.drop()
            return
        if not data:
            self.drop()
            return
        self._received += data
        self._last_s, self._pinged = time.monotonic(), False
        for kind, body in wire.packets(self._received):
            if not self._packet(kind, body):
                return
        self._listen()

    def _listen(self) -> None:
        if self._socket is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
            self._selector.modify(self._socket, events, self)

    def step(self, now_s: float) -> None:
        """Do what is due."""
        if self._socket is None:
            if now_s >= self._connect_s:
                self._connect(now_s)
            return
        silent_s = now_s - self._last_s
        if silent_s > self._manner.keepalive_s * 1.5:
            self.drop()
            return
        before = len(self._out)
        if silent_s > self._manner.keepalive_s / 2 and self._welcome and not self._pinged:
            self._pinged = True
            self._out += _PING
        if self._birth_ms is not None:
            self._send(now_s)
        if before == 0 and self._out:
            self._listen()

    # Up

    def _publish(self, topic: str, payload: bytes, retained: bool = False) -> None:
        self._packet_id += 1
        packet = wire.publish(topic, payload, self._packet_id)
        self._out += (bytes([_RETAINED_QOS_1]) + packet[1:]) if retained else packet

    def _birth(self) -> None:
        self._birth_ms = self._now_ms()
        self._deadline_s = time.monotonic() + self._manner.silence_s
        self._publish(*self.device.state(self._birth_ms), retained=True)

    def _send(self, now_s: float) -> None:
        if self._deadline_s is not None and now_s >= self._deadline_s:
            self._rewind()
            if not self._welcome:
                self._birth()
                return
        while self._welcome:
            newest, under_way = len(self.device.entries), len(self._under_way)
            if newest >= self._live and under_way < MOST_UNDER_WAY:
                self._live = self._sent(self._live, newest)
            elif self._cursor < self._tail and under_way < WINDOW:
                self._cursor = self._sent(self._cursor, self._tail - 1)
            else:
                return
            if self._cursor >= self._tail:
                self._cursor = self._tail = self._live
            if self._deadline_s is None:
                self._deadline_s = now_s + self._manner.silence_s

    def _sent(self, first: int, last: int) -> int:
        """Send entries from ``first`` on, ``last`` at most; the one after them."""
        now_ms = self._now_ms()
        count = min(self._chance.choice(self._manner.sizes), last - first + 1)
        self._publish(*self.device.journal(first, now_ms, count, self._heard))
        after = first + self._entries_of_one_boot(first, count)
        self.sent_again += max(0, min(self._furthest, after - 1) - first + 1)
        self._furthest = max(self._furthest, after - 1)
        self._under_way.append((after - 1, now_ms))
        return after

    def _entries_of_one_boot(self, first: int, count: int) -> int:
        boots = self.device.boots[first - 1 : first - 1 + count]
        return next((n for n, boot in enumerate(boots) if boot != boots[0]), len(boots))

    # Down

    def _packet(self, kind: int, body: bytes) -> bool:
        """Take a packet; False where the connection is over."""
        if kind == wire.CONNACK and body[1]:
            self.drop()
            return False
        if kind == wire.SUBACK and self._birth_ms is None:
            self._birth()
        if kind == wire.PUBLISH:
            packet_id, payload = wire.delivery(body)
            self._out += wire.puback(packet_id)
            topic = body[2 : 2 + int.from_bytes(body[:2], "big")].decode()
            try:
                message = self.device.read(topic, payload)
            except ProtocolError as error:
                self.complaints.append(f"{self.device.device} on {topic}: {error}")
                return True
            if (message["inc"], message["boot"]) == (
                self.device.incarnation.hex(),
                self.device.boot,
            ):
                if topic.endswith("/ack"):
                    self._ack(message)
                elif message["do"] == "resend":
                    self._cursor = max(self.acked + 1, min(self._cursor, message["first"]))
                    self._tail = max(self._tail, min(message["last"] + 1, self._live))
        return True

    def _ack(self, ack: dict) -> None:
        seq, name = ack["seq"], self.device.device
        if "refused" in ack:
            self.complaints.append(f"{name}: refused, {ack['refused']}")
        if seq > len(self.device.entries):
            self.complaints.append(f"{name}: {seq} acknowledged of {len(self.device.entries)}")
            return
        self._heard = self._now_ms(), ack["utc"]
        self._under_way = [one for one in self._under_way if one[0] > seq and one[1] > ack["re"]]
        if not self._welcome and ack["re"] == self._birth_ms:
            self._welcome = True
            self._rewind()
        if seq > self.acked:
            self.acked = seq
            self._cursor = max(self._cursor, seq + 1)
            self._live = max(self._live, seq + 1)
            ahead = self._live > seq + 1
            self._deadline_s = time.monotonic() + self._manner.silence_s if ahead else None
