"""The protocol once more, in CPython's hmac, hashlib, struct and json only.

The vectors are made with this and not with ``onedoor_protocol``, so that a mistake in either
shows as a difference between the two.
"""

import hashlib
import hmac
import json
import struct

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CENTRE, DEVICE = "vientiane", "vientiane-3"
INC = "0123456789abcdef"


def topic(channel: str) -> str:
    """The example device's topic of a channel."""
    return f"onedoor/1/{CENTRE}/{DEVICE}/{channel}"


def body(fields: object) -> bytes:
    """Fields as compact JSON, in the order given."""
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def mac(body_bytes: bytes, topic_text: str, label: str, key: bytes = KEY) -> str:
    """MAC-002, with CPython's own hmac."""
    head = f"onedoor/1 {label}\n{topic_text}\n".encode("ascii")
    return hmac.new(key, head + body_bytes, hashlib.sha256).hexdigest()


def sealed(body_bytes: bytes, channel: str) -> bytes:
    """PAY-001: the payload of the example device on a channel."""
    label = "up" if channel in ("journal", "state") else "down"
    return body_bytes + b"\n" + mac(body_bytes, topic(channel), label).encode("ascii")


def password(key: bytes) -> str:
    """CON-003."""
    return hmac.new(key, b"onedoor/1 broker", hashlib.sha256).hexdigest()[:32]


def pack(seq: int, kind: int, t_ms: int, a: int, b: int) -> bytes:
    """ENT-013: ``struct`` has no 5-byte number, so t_ms loses the first three of eight bytes."""
    return struct.pack(">LBBH", seq, kind, a, b) + struct.pack(">Q", t_ms)[3:]


def chain_values(device: str, inc: str, entries: list[list[int]]) -> list[str]:
    """CHN-001 and CHN-002: the chain value before entry 1, then after each entry, as hex."""
    start = b"onedoor/1 chain\n" + device.encode("ascii") + b"\n" + bytes.fromhex(inc)
    values = [hashlib.sha256(start).digest()[:16]]
    for seq, (kind, t_ms, a, b) in enumerate(entries, start=1):
        values.append(hashlib.sha256(values[-1] + pack(seq, kind, t_ms, a, b)).digest()[:16])
    return [value.hex() for value in values]
