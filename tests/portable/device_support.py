"""A whole box in one process, its hub played by the case: no pins, no network, no clock."""

from journal_support import DEVICE, equal, opened
from onedoor_device import config
from onedoor_device.desired import Desired
from onedoor_device.device import Device
from onedoor_device.store import MemoryStore
from onedoor_protocol import codec, mac, topics

KEY = bytes(range(32))
PINS = ((2, 3, 4, 5, 6), (10, 11, 12, 13, 14), 15)
TICK_MS = 5
UTC_MS = 1800000000000


def settings(**changes):
    """A decoded config.json that is right."""
    data = {"device": DEVICE, "centre": "vientiane", "key": "00" * 32, "broker": {"host": "h"}}
    data["key"] = "".join(["%02x" % byte for byte in KEY])
    data.update(changes)
    return data


class Lock:
    """A lock that can be held from outside, as main holds it while it works on the journal."""

    def __init__(self):
        self.held = False

    def acquire(self, wait):
        """True where it is free; nobody ever waits here."""
        if self.held:
            if wait:
                raise AssertionError("main took the lock twice")
            return False
        self.held = True
        return True

    def release(self):
        """Free again."""
        self.held = False


class Wire:
    """The link of a box: what it published, and what it is to receive."""

    def __init__(self):
        self.connected = False
        self.network = True
        self.broken = False
        self.connects = []  # (time, will topic, will, subscriptions)
        self.sent = []  # (topic, payload, retain)
        self.inbox = []
        self.ended = ""

    def ready(self, now_ms):
        """True while there is a network."""
        return self.network

    def rssi(self):
        """No radio here."""
        return None

    def connect(self, now_ms, topic, will, down):
        """Connect, or fail where the wire is broken."""
        self.connects.append((now_ms, topic, will, down))
        if self.broken:
            raise OSError("broken")
        self.connected = True

    def publish(self, topic, payload, retain):
        """Send."""
        if self.broken:
            raise OSError("broken")
        self.sent.append((topic, payload, retain))

    def receive(self, now_ms):
        """The next message."""
        if self.broken:
            raise OSError("broken")
        return self.inbox.pop(0) if self.inbox else None

    def disconnect(self):
        """End on purpose."""
        self.ended = "on purpose"
        self.connected = False

    def close(self):
        """End."""
        self.connected = False


class Box:
    """A device with its journal in RAM, on a clock that the case moves."""

    def __init__(self, store=None, buttons=4, jitter=0, **changes):
        self.store = store or MemoryStore(60000)
        self.journal = opened(self.store)
        self.lock = Lock()
        self.wire = Wire()
        self.said = []
        self.now_ms = 0
        self.lit = 0
        self.closed = 0
        self.edges = 0  # latched by the pins until the next tick
        self.mac = mac.Mac(KEY)
        self.n = 0
        checked = config.parse(settings(buttons=buttons, **changes), PINS)
        desired = Desired(self.store)
        self.device = Device(
            checked,
            self.journal,
            desired,
            self.lock,
            lambda limit: limit * jitter // 100,
            self.said.append,
            "test",
        )

    # Time

    def run(self, ms, step=True):
        """Let time pass: ticks every 5 ms, and a step of main after each fourth."""
        for _ in range(ms // TICK_MS):
            self.now_ms += TICK_MS
            self._tick(self.closed)
            if step and self.now_ms % 20 == 0:
                self.device.step(self.now_ms, self.wire)

    def leap(self, ms):
        """Let time pass in which nothing is pressed, quickly: a step each 100 ms."""
        for _ in range(ms // 100):
            self.now_ms += 100
            self._tick(self.closed)
            self.device.step(self.now_ms, self.wire)

    def stall(self, ms, edges, closed=0):
        """Let time pass without a tick, as while flash is erased, then tick once.

        ``edges`` were latched meanwhile; ``closed`` is the level of the contacts at the end.
        """
        self.now_ms += ms
        self.edges |= edges
        self._tick(closed)

    def _tick(self, closed):
        self.lit = self.device.tick(self.now_ms, closed, self.edges)
        self.edges = 0

    def press(self, place, ms=80, then=60):
        """Press one button and let go."""
        self.closed = 1 << place
        self.run(ms)
        self.closed = 0
        self.run(then)

    # Hub

    def topic(self, channel):
        """The box's topic."""
        return topics.topic("vientiane", DEVICE, channel)

    def bodies(self, channel):
        """What the box published on a channel, decoded and checked."""
        found = []
        for topic, payload, _ in self.wire.sent:
            if topic == self.topic(channel):
                found.append(codec.open_payload(topic, payload, self.mac))
        return found

    def entries(self):
        """(seq, [kind, t_ms, a, b]) of everything sent, in order of sending."""
        found = []
        for body in self.bodies("journal"):
            for index, entry in enumerate(body["e"]):
                found.append((body["first"] + index, entry))
        return found

    def hear(self, channel, body):
        """Give the box a message of the hub, at its next step."""
        topic = self.topic(channel)
        payload = codec.seal(topic, codec.encode(channel, body), self.mac)
        self.wire.inbox.append((topic, payload))
        return payload

    def head(self):
        """Incarnation and boot, as every message carries them."""
        newest = self.bodies("state")[-1]
        return {"inc": newest["inc"], "boot": newest["boot"]}

    def ack(self, seq, re=None, **changes):
        """Acknowledge up to ``seq``, in answer to the newest message or to ``re``."""
        body = self.head()
        if re is None:
            topic, payload, _ = self.wire.sent[-1]
            re = codec.open_payload(topic, payload, self.mac)["now"]
        body.update({"re": re, "seq": seq, "utc": UTC_MS + self.now_ms})
        body.update(changes)
        return self.hear("ack", body)

    def command(self, do, **fields):
        """Send the next command."""
        self.n += 1
        body = self.head()
        body.update({"n": self.n, "do": do})
        body.update(fields)
        return self.hear("command", body)

    def welcome(self, seq=0):
        """Connect, and let the hub answer the birth."""
        self.run(40)
        equal(self.bodies("state")[-1]["online"], 1, "birth")
        self.ack(seq)
        self.run(40)
