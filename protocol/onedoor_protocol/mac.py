"""HMAC-SHA256 over direction, topic and body (MAC clauses; RFC 2104, FIPS 198-1).

MicroPython has SHA-256 but no ``hmac`` module, so HMAC is spelt out here for both interpreters.
"""

import binascii
import hashlib

KEY_BYTES = 32
MAC_HEX_CHARS = 64
_BLOCK_BYTES = 64


class Mac:
    """A device key, padded once so that each MAC costs two hashes.

    Raises ValueError unless ``key`` is 32 bytes.
    """

    def __init__(self, key):
        if len(key) != KEY_BYTES:
            raise ValueError("a device key is 32 bytes, this one is " + str(len(key)))
        padded = bytes(key) + bytes(_BLOCK_BYTES - KEY_BYTES)
        self._inner = bytes([byte ^ 0x36 for byte in padded])
        self._outer = bytes([byte ^ 0x5C for byte in padded])

    def digest(self, message):
        """HMAC-SHA256 of message, 32 bytes."""
        inner = hashlib.sha256(self._inner + message).digest()
        return hashlib.sha256(self._outer + inner).digest()

    def of(self, direction, topic, body):
        """64 hex digits authenticating ``body`` (bytes) on ``topic``, ``"up"`` or ``"down"``."""
        label = "onedoor/1 " + direction + "\n" + topic + "\n"
        return binascii.hexlify(self.digest(label.encode() + body))


def same(left, right):
    """Compare two MACs in time that does not depend on where they differ."""
    if len(left) != len(right):
        return False
    difference = 0
    for index in range(len(left)):
        difference |= left[index] ^ right[index]
    return difference == 0


def broker_password(key):
    """32 hex digits derived from a device key (CON-003); so the broker never sees the key."""
    return binascii.hexlify(Mac(key).digest(b"onedoor/1 broker")[:16]).decode()
