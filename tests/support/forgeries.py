"""Messages that a stranger, or a box against another one, could send without the victim's key."""

import secrets

from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import mac, topics

Message = tuple[str, bytes]


class Forger:
    """Knows every message that was sent (``heard``) and the key of one box of its own."""

    def __init__(self, chance, victim: PaperDevice, own: PaperDevice, heard: list[Message]):
        self.chance, self.victim, self.own, self.heard = chance, victim, own, heard
        self.kinds = {
            "forged": self.forged,
            "replayed": self.replayed,
            "reordered": self.reordered,
            "truncated": self.truncated,
            "cross-device": self.cross_device,
            "cross-topic": self.cross_topic,
        }

    def _of_victim(self, channel: str) -> Message:
        topic = topics.topic(self.victim.centre, self.victim.device, channel)
        return self.chance.choice([one for one in self.heard if one[0] == topic])

    def _up(self) -> Message:
        return self._of_victim(self.chance.choice(topics.UP))

    def forged(self) -> Message:
        """A new body, or one changed in one place, under a MAC that was guessed or kept."""
        topic, payload = self._up()
        body, tag = payload[:-65], payload[-64:]
        how = self.chance.randrange(4)
        if how == 0:
            return topic, body + b"\n" + secrets.token_hex(32).encode()
        if how == 1:
            at = self.chance.randrange(len(body))
            changed = bytes([body[at] ^ (1 << self.chance.randrange(7))])
            return topic, body[:at] + changed + body[at + 1 :] + b"\n" + tag
        if how == 2:
            at = self.chance.randrange(64)
            digit = self.chance.choice([one for one in b"0123456789abcdef" if one != tag[at]])
            return topic, body + b"\n" + tag[:at] + bytes([digit]) + tag[at + 1 :]
        key = mac.Mac(secrets.token_bytes(32))
        return topic, body + b"\n" + key.of("up", topic, body)

    def replayed(self) -> Message:
        """What was sent before, byte for byte."""
        return self._up()

    def reordered(self) -> Message:
        """The entries of a message in another order, under its MAC."""
        while True:
            topic, payload = self._of_victim("journal")
            head, _, rest = payload.partition(b'"e":[[')
            inner, _, tail = rest.partition(b"]]")
            entries = inner.split(b"],[")
            shuffled = self.chance.sample(entries, len(entries))
            if shuffled != entries:
                return topic, head + b'"e":[[' + b"],[".join(shuffled) + b"]]" + tail

    def truncated(self) -> Message:
        """A message that ends early, or begins late."""
        topic, payload = self._up()
        at = self.chance.randrange(1, len(payload))
        return topic, payload[:at] if self.chance.random() < 0.5 else payload[at:]

    def cross_device(self) -> Message:
        """One box's message in another's name: its topic, its key or its centre exchanged."""
        channel = self.chance.choice(topics.UP)
        topic, payload = self._of_victim(channel)
        how = self.chance.randrange(3)
        if how == 0:  # what the victim said, as if the own box had said it
            return topics.topic(self.own.centre, self.own.device, channel), payload
        if how == 1:  # with the own key
            body = payload[:-65]
            return topic, body + b"\n" + mac.Mac(self.own.key).of("up", topic, body)
        return topics.topic("savannakhet", self.victim.device, channel), payload

    def cross_topic(self) -> Message:
        """One channel's message on another, in either direction."""
        channel = self.chance.choice(topics.UP + ("ack",))
        others = [one for one in topics.UP + topics.DOWN if one != channel]
        if channel == "ack":
            others = list(topics.UP)
        topic = topics.topic(self.victim.centre, self.victim.device, self.chance.choice(others))
        return topic, self._of_victim(channel)[1]
