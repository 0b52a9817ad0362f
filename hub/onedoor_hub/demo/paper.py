"""A device on paper: a journal and its sealed messages, made without firmware.

The demo's history, the tests and the benches speak to the real ingest with it.
"""

from onedoor_protocol import chain, codec, mac, messages, topics


class PaperDevice:
    """A device that keeps its whole journal in memory. ``key`` is 32 bytes, ``incarnation`` 8."""

    def __init__(self, centre: str, device: str, key: bytes, incarnation: bytes):
        self.centre = centre
        self.device = device
        self.key = key
        self.incarnation = incarnation
        self.entries: list[tuple[int, int, int, int]] = []  # (kind, t_ms, a, b); seq is index + 1
        self.boots: list[int] = []  # boot of each entry
        self._chain = [chain.genesis(device, incarnation)]
        self._mac = mac.Mac(key)
        self.boot = 0

    def start_boot(self) -> None:
        """Start the next boot; writes its boot entry."""
        self.boot += 1
        self.append(chain.KIND_BOOT, 0, self.boot >> 16, self.boot & 0xFFFF)

    def rate(self, value: int, scale: int, t_ms: int) -> int:
        """Journal a rating at ``t_ms`` of this boot; returns its seq."""
        return self.append(chain.KIND_RATING, t_ms, chain.rating(value, scale), 0)

    def append(self, kind: int, t_ms: int, a: int, b: int) -> int:
        """Journal an entry of the current boot; returns its seq."""
        self.entries.append((kind, t_ms, a, b))
        self.boots.append(self.boot)
        packed = chain.pack(len(self.entries), kind, t_ms, a, b)
        self._chain.append(chain.step(self._chain[-1], packed))
        return len(self.entries)

    def journal(
        self,
        first: int,
        now_ms: int,
        count: int = messages.MAX_ENTRIES,
        heard: tuple[int, int] | None = None,
    ) -> tuple[str, bytes]:
        """(topic, payload) with up to ``count`` entries of one boot, from seq ``first`` on."""
        boot = self.boots[first - 1]
        last = first
        while last < len(self.entries) and last - first + 1 < count and self.boots[last] == boot:
            last += 1
        body = {
            "inc": self.incarnation.hex(),
            "boot": self.boot,
            "now": now_ms,
            "eb": boot,
            "first": first,
            "prev": self._chain[first - 1].hex(),
            "e": [list(entry) for entry in self.entries[first - 1 : last]],
        }
        if heard is not None:
            body["heard"] = list(heard)
        return self.seal("journal", body)

    def state(self, now_ms: int, online: int = 1, impl: str = "paper") -> tuple[str, bytes]:
        """(topic, payload) of a birth or, with ``online`` 0, a will."""
        body = {
            "inc": self.incarnation.hex(),
            "boot": self.boot,
            "now": now_ms,
            "online": online,
            "fw": "0.1.0",
            "impl": impl,
            "seq": len(self.entries),
            "acked": 0,
            "buttons": 4,
            "refused": 0,
            "faults": [],
        }
        return self.seal("state", body)

    def seal(self, channel: str, body: dict) -> tuple[str, bytes]:
        """(topic, payload) of a body, authenticated with this device's key."""
        topic = topics.topic(self.centre, self.device, channel)
        return topic, codec.seal(topic, codec.encode(channel, body), self._mac)

    def read(self, topic: str, payload: bytes) -> dict:
        """The body of a message from the hub. Raises ProtocolError where it is not authentic."""
        return codec.open_payload(topic, payload, self._mac)
