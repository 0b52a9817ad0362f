"""Journal entries as bytes, and the hash chain that joins them (ENT and CHN clauses)."""

import hashlib
import struct

CHAIN_BYTES = 16
INCARNATION_BYTES = 8

KIND_BOOT = 1
KIND_RATING = 2
KIND_SUPPRESSED = 3
KIND_FAULT = 4

# One row a kind: (number, name, meaning of a, meaning of b). SPEC.md's table is made of it.
KINDS = (
    (KIND_BOOT, "boot", "boot number, high 8 bits", "boot number, low 16 bits"),
    (KIND_RATING, "rating", "scale * 16 + value", "window tag, 0 for none"),
    (
        KIND_SUPPRESSED,
        "suppressed",
        "reason: 1 lock-out, 2 stuck button, 3 several buttons at once",
        "presses since the last such entry",
    ),
    (
        KIND_FAULT,
        "fault",
        "code: 1 stuck button, 2 button free again, 3 journal full, 4 journal has room again, "
        "5 flash error",
        "detail: button number, or 0",
    ),
)

SUPPRESSED_LOCKOUT, SUPPRESSED_STUCK, SUPPRESSED_SEVERAL = 1, 2, 3
FAULT_STUCK, FAULT_FREE, FAULT_FULL, FAULT_ROOM, FAULT_FLASH = 1, 2, 3, 4, 5

MAX_SEQ = 0xFFFFFFFF
MAX_BOOT = 0xFFFFFF
MAX_T_MS = 0xFFFFFFFFFF  # 40 bits of milliseconds: 34 years since boot


def pack(seq, kind, t_ms, a, b):
    """The 13 bytes of an entry that the chain covers (ENT-013): seq, kind, a, b, t_ms (40 bits)."""
    return struct.pack(">IBBHBI", seq, kind, a, b, t_ms >> 32, t_ms & 0xFFFFFFFF)


def genesis(device, incarnation):
    """The chain value before entry 1 of a device's incarnation (8 bytes): 16 bytes."""
    seed = b"onedoor/1 chain\n" + device.encode() + b"\n" + bytes(incarnation)
    return hashlib.sha256(seed).digest()[:CHAIN_BYTES]


def step(previous, packed):
    """The chain value after an entry: SHA-256(previous value + packed entry), first 16 bytes."""
    return hashlib.sha256(previous + packed).digest()[:CHAIN_BYTES]


def rating(value, scale):
    """Field ``a`` of a rating: 1 is the worst, ``scale`` (4 or 5) the best. Raises ValueError."""
    a = scale << 4 | value
    if not is_rating(a):
        raise ValueError("a rating is 1 to 4 of 4, or 1 to 5 of 5")
    return a


def is_rating(a):
    """True where a field ``a`` holds a rating."""
    return a >> 4 in (4, 5) and 1 <= a & 0x0F <= a >> 4


def rating_of(a):
    """(value, scale) of a rating's field ``a``. Raises ValueError where it holds none."""
    if not is_rating(a):
        raise ValueError("no rating: " + str(a))
    return a & 0x0F, a >> 4
