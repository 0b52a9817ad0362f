"""Stand-in for MicroPython's network on Linux: a Wi-Fi that is there unless told otherwise.

Other processes take it away and give it back with the datagrams "wifi 0" and "wifi 1"
(see machine.py). Loopback sockets work all the same: only what the firmware is told changes.
"""

import machine

STA_IF = 0


class WLAN:
    """The station interface, connected as soon as ``connect`` was called."""

    PM_NONE = 0

    def __init__(self, interface):
        self._wanted = False

    def active(self, on):
        """Nothing to switch."""

    def config(self, **settings):
        """Nothing to set."""

    def connect(self, ssid, password):
        """Join: at once, where there is a Wi-Fi."""
        self._wanted = machine.bench.wifi

    def disconnect(self):
        """Leave."""
        self._wanted = False

    def isconnected(self):
        """True while joined and the Wi-Fi is there."""
        self._wanted = self._wanted and machine.bench.wifi
        return self._wanted

    def status(self, what):
        """Signal strength of the bench: -50 dBm."""
        return -50
