"""Just enough MQTT 3.1.1 to load a broker without the load's own client being the bottleneck.

Packets are made before the clock starts; paho would spend about as long on each message as the
hub that is measured.
"""

import struct

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9


def _packet(head: int, body: bytes) -> bytes:
    length = len(body)
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([head]) + bytes(digits) + body


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def connect(user: str, password: str) -> bytes:
    """CONNECT, clean session, no keepalive; the client id is the user's name."""
    head = _text("MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 0)
    return _packet(0x10, head + _text(user) + _text(user) + _text(password))


def subscribe(topic: str) -> bytes:
    """SUBSCRIBE to one topic at QoS 1."""
    return _packet(0x82, struct.pack(">H", 1) + _text(topic) + b"\x01")


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """PUBLISH at QoS 1; ids repeat after 65,535."""
    return _packet(0x32, _text(topic) + struct.pack(">H", packet_id % 65535 + 1) + payload)


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return _packet(0x40, struct.pack(">H", packet_id))


def packets(buffer: bytearray):
    """Take every whole packet (kind, body) from the front of what was received."""
    while len(buffer) >= 2:
        length, shift, place = 0, 0, 1
        while True:
            if place >= len(buffer):
                return
            digit = buffer[place]
            length |= (digit & 0x7F) << shift
            shift += 7
            place += 1
            if digit < 0x80:
                break
        if len(buffer) < place + length:
            return
        kind, body = buffer[0] >> 4, bytes(buffer[place : place + length])
        del buffer[: place + length]
        yield kind, body


def delivery(body: bytes) -> tuple[int, bytes]:
    """(packet id, payload) of a PUBLISH received at QoS 1."""
    start = 2 + int.from_bytes(body[:2], "big")
    return int.from_bytes(body[start : start + 2], "big"), body[start + 2 :]
