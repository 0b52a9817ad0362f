"""How journal entries lie in flash: 12-byte records behind a 55-byte header.

Record, big-endian: kind u8, a u8, b u16, t_ms u40, low byte of seq, CRC-16 of these 10 bytes.
Header: magic, incarnation (8), boot u32, first seq u32, acknowledged seq u32, chain value
before the first record (16), time anchor (t_ms u40, utc_ms u48), CRC-32. The CRC-32 covers the
device id too, so that files of another device are never taken for one's own.
"""

import struct
from array import array
from binascii import crc32

from onedoor_protocol import chain

RECORD_BYTES = 12
HEADER_BYTES = 55
# One segment fills one 4096-byte flash block: (4096 - 55) // 12 records.
SEGMENT_RECORDS = 336

_MAGIC = b"1DJ1"
_HEADER = ">4s8sIII16sBIHII"
_RECORD = ">BBHBIB"


def _table():
    table = array("H", bytes(512))
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
        table[byte] = value
    return table


_CRC16 = _table()


def crc16(data, start, end):
    """CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) of ``data[start:end]``."""
    table = _CRC16
    value = 0xFFFF
    for index in range(start, end):
        value = (value << 8 & 0xFF00) ^ table[value >> 8 ^ data[index]]
    return value


def put(buffer, offset, seq, kind, t_ms, a, b):
    """Write one record into a bytearray. The values must be in range."""
    high, low = t_ms >> 32, t_ms & 0xFFFFFFFF
    struct.pack_into(_RECORD, buffer, offset, kind, a, b, high, low, seq & 0xFF)
    struct.pack_into(">H", buffer, offset + 10, crc16(buffer, offset, offset + 10))


def get(buffer, offset, seq):
    """(kind, t_ms, a, b) of the record with number ``seq``, None where it is damaged."""
    kind, a, b, high, low, seq_low = struct.unpack_from(_RECORD, buffer, offset)
    if seq_low != seq & 0xFF or kind == 0:
        return None
    if struct.unpack_from(">H", buffer, offset + 10)[0] != crc16(buffer, offset, offset + 10):
        return None
    return kind, high << 32 | low, a, b


def boot_of(entry, boot):
    """The boot an entry was made in, ``boot`` being that of the entry before it."""
    if entry[0] == chain.KIND_BOOT:
        return entry[2] << 16 | entry[3]
    return boot


class Header:
    """The start of a hot file or a segment: where its first record stands.

    ``boot`` is the boot in force at the first record, ``prev`` the chain value before it,
    ``acked`` what the hub had acknowledged when the header was written, ``anchor`` the newest
    pair (t_ms of this boot, hub's utc_ms), (0, 0) where no hub was heard.
    """

    def __init__(self, incarnation, boot, first, acked, prev, anchor=(0, 0)):
        self.incarnation = incarnation
        self.boot = boot
        self.first = first
        self.acked = acked
        self.prev = prev
        self.anchor = anchor

    def put(self, buffer, device):
        """Write it to the start of a bytearray. ``device`` is the device id as bytes."""
        t_ms, utc_ms = self.anchor
        struct.pack_into(
            _HEADER, buffer, 0,
            _MAGIC, self.incarnation, self.boot, self.first, self.acked, self.prev,
            t_ms >> 32, t_ms & 0xFFFFFFFF, utc_ms >> 32, utc_ms & 0xFFFFFFFF, 0,
        )  # fmt: skip
        struct.pack_into(">I", buffer, HEADER_BYTES - 4, _crc32(buffer, device))


def get_header(buffer, device):
    """The Header at the start of a buffer, None where it is damaged or another device's."""
    if len(buffer) < HEADER_BYTES:
        return None
    magic, incarnation, boot, first, acked, prev, th, tl, uh, ul, crc = struct.unpack_from(
        _HEADER, buffer, 0
    )
    if magic != _MAGIC or crc != _crc32(buffer, device) or first == 0:
        return None
    return Header(incarnation, boot, first, acked, prev, (th << 32 | tl, uh << 32 | ul))


def _crc32(buffer, device):
    return crc32(device, crc32(memoryview(buffer)[: HEADER_BYTES - 4])) & 0xFFFFFFFF
