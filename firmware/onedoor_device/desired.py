"""The configuration the hub wants, kept across restarts (DES clauses)."""

import json

from onedoor_protocol import messages

from onedoor_device.lights import THANKS_MS
from onedoor_device.presses import LOCKOUT_MS

_FILE = "desired.json"
_MAX_BYTES = 256


class Desired:
    """Lock-out and thank-you times with their revision, in a file of ``store``.

    A missing or damaged file means the built-in values and revision 0: the broker keeps the
    newest ``desired`` and delivers it at the next connection.
    """

    def __init__(self, store):
        self._store = store
        self.rev = 0
        self.lockout_ms = LOCKOUT_MS
        self.thanks_ms = THANKS_MS
        try:
            data = bytearray(min(store.size(_FILE), _MAX_BYTES))
            store.read(_FILE, 0, data)
            body = json.loads(bytes(data))
            messages.check("desired", body)
            self._apply(body)
        except (OSError, ValueError, TypeError):
            pass  # ProtocolError, a ValueError, included

    def take(self, body):
        """Apply a checked ``desired`` body and keep it. False where its revision is too old.

        The same revision again changes nothing, so that a reconnect costs no flash write.
        """
        if body["rev"] < self.rev:
            return False
        if body["rev"] > self.rev:
            self._apply(body)
            self._save()
        return True

    def _apply(self, body):
        self.rev = body["rev"]
        self.lockout_ms = body["lockout_ms"]
        self.thanks_ms = body["thanks_ms"]

    def _save(self):
        body = {"rev": self.rev, "lockout_ms": self.lockout_ms, "thanks_ms": self.thanks_ms}
        self._store.rewrite(_FILE, json.dumps(body).encode())
