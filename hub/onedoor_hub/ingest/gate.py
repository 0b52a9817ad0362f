"""Who says so? From topic and payload to an authentic, strictly decoded message."""

import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from onedoor_protocol import codec, topics
from onedoor_protocol.errors import ProtocolError

from onedoor_hub.ingest.strict import decode, identity
from onedoor_hub.store.devices import Device


@dataclass(frozen=True)
class Arrival:
    """A message as the broker delivered it. ``retained``: kept from earlier, not said now."""

    topic: str
    payload: bytes
    received_ms: int
    retained: bool = False


@dataclass(frozen=True)
class Message:
    """An authentic message from a known, active device."""

    device: Device
    channel: str
    topic: str
    body: Any  # strict.decode's object
    arrival: Arrival

    @property
    def wants_answer(self) -> bool:
        """True for a journal message and for a birth that is said now."""
        return self.channel == "journal" or bool(self.body.online and not self.arrival.retained)

    def refusal(self, error: ProtocolError) -> "Refusal":
        """This message refused."""
        return Refusal(error, self.device, self.body if self.wants_answer else None)


class Refusal(ProtocolError):
    """A refusal that knows its device (None where the device is not known).

    ``body`` has what an answer needs, inc, boot and now; None where the sender is not answered.
    """

    def __init__(self, error: ProtocolError, device: Device | None, body: Any = None):
        super().__init__(error.code, error.where, error.text)
        self.device = device
        self.body = body


# The same few topics come again and again; one that is refused is not kept.
_parse = lru_cache(maxsize=4096)(topics.parse)


def admit(arrival: Arrival, devices: dict[str, Device]) -> Message:
    """The message of an arrival. Raises Refusal with a named reason.

    The cheap tests come first: form of the topic, known device, length, MAC; nothing is parsed
    before the MAC is right.
    """
    device = None
    try:
        centre, device_id, channel = _parse(arrival.topic)
        device = devices.get(device_id)
        if device is None or device.centre != centre:
            device = None
            raise ProtocolError("unknown_device", "topic", f"{device_id[:32]} at {centre[:32]}")
        if channel not in topics.UP:
            raise ProtocolError("not_a_device", "topic", f"channel {channel} belongs to the hub")
        body_bytes, tag = codec.split(channel, arrival.payload)
        if not hmac.compare_digest(tag, device.mac.of("up", arrival.topic, body_bytes)):
            raise ProtocolError("mac", "payload", "MAC does not match")
        if device.status == "revoked":
            raise ProtocolError("revoked", "device", device.reason or "revoked")
    except ProtocolError as error:
        raise Refusal(error, device) from None
    try:
        body = decode(channel, body_bytes)
    except ProtocolError as error:
        known = identity(body_bytes) if channel == "journal" else None
        raise Refusal(error, device, known) from None
    message = Message(device, channel, arrival.topic, body, arrival)
    if device.status == "frozen":
        raise message.refusal(ProtocolError("frozen", "device", device.reason))
    return message
