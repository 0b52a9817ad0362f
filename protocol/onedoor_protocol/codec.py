"""Bodies to payloads and back: JSON, newline, MAC (PAY clauses)."""

import json

from onedoor_protocol import mac, messages, topics
from onedoor_protocol.errors import ProtocolError

_TAIL_BYTES = 1 + mac.MAC_HEX_CHARS


def encode(channel, body):
    """A checked body as compact ASCII JSON bytes, fields in the table's order (PAY clauses).

    MicroPython keeps no dict order, so the order is taken from the table. Unknown fields are
    left out. Raises ProtocolError where the body does not fit the table.
    """
    messages.check(channel, body)
    parts = []
    for field in messages.MESSAGES[channel]:
        name = field[0]
        if name in body:
            value = body[name]
            text = str(value) if type(value) is int else json.dumps(value)
            if type(value) is list:
                text = text.replace(" ", "")
            parts.append('"' + name + '":' + text)
    return ("{" + ",".join(parts) + "}").encode()


def seal(topic, body_bytes, key_mac):
    """The payload for a topic: body, newline, MAC. ``key_mac`` is the device's ``mac.Mac``.

    Raises ProtocolError ``topic`` or ``too_long``.
    """
    channel = topics.parse(topic)[2]
    payload = body_bytes + b"\n" + key_mac.of(topics.direction(channel), topic, body_bytes)
    if len(payload) > messages.MAX_PAYLOAD_BYTES[channel]:
        raise ProtocolError("too_long", "payload", str(len(payload)) + " bytes")
    return payload


def split(channel, payload):
    """(body bytes, MAC bytes) of a payload whose length and form are right.

    Nothing is parsed and no MAC is checked. Raises ProtocolError ``too_long`` or ``envelope``.
    """
    limit = messages.MAX_PAYLOAD_BYTES[channel]
    if len(payload) > limit:
        raise ProtocolError("too_long", "payload", str(len(payload)) + " bytes of " + str(limit))
    if len(payload) < _TAIL_BYTES + 2 or payload[-_TAIL_BYTES] != 0x0A:
        raise ProtocolError("envelope", "payload", "expected JSON, newline, 64 hex digits")
    return payload[:-_TAIL_BYTES], payload[-mac.MAC_HEX_CHARS :]


def open_payload(topic, payload, key_mac):
    """The checked body (a dict) of an authentic payload received on a topic.

    Lenient as the interpreter's JSON is (PAY-008); the hub decodes strictly
    (``onedoor_hub.ingest``). Raises ProtocolError with the first reason in the order of PAY-007.
    """
    channel = topics.parse(topic)[2]
    body_bytes, tag = split(channel, payload)
    if not mac.same(tag, key_mac.of(topics.direction(channel), topic, body_bytes)):
        raise ProtocolError("mac", "payload", "MAC does not match")
    if not is_printable(body_bytes):
        raise ProtocolError("json", "body", "expected printable ASCII")
    try:
        body = json.loads(body_bytes)
    except (ValueError, TypeError, RuntimeError):
        # TypeError: MicroPython, a list as a name. RuntimeError: CPython, nested too deep.
        raise ProtocolError("json", "body", "not JSON") from None
    messages.check(channel, body)
    return body


def is_printable(body_bytes):
    """True where every byte is printable ASCII, 0x20 to 0x7E (PAY-003)."""
    return min(body_bytes) >= 0x20 and max(body_bytes) <= 0x7E
