"""The Pico's hardware: pins, timer, watchdog, Wi-Fi. The only file that imports machine."""

import os
import sys
import time

import machine
import network

TICK_MS = 5
# The RP2040's watchdog bites after 8.3 s at most; the tick feeds it while main is alive.
WATCHDOG_MS = 8000
MAIN_SILENT_MS = 60000
WIFI_RETRY_MS = 20000
# littlefs swaps a rewritten file for the old one by itself; Linux file systems do not.
COPY_ON_WRITE = sys.platform != "linux"


def random_bytes(count):
    """``count`` bytes from the chip's random source."""
    return os.urandom(count)


def jitter(limit):
    """A random number from 0 to ``limit`` - 1; 0 where ``limit`` is 0."""
    return int.from_bytes(os.urandom(3), "big") % limit if limit else 0


def implementation():
    """Interpreter, its version and the board, as the hub shows them (64 characters at most)."""
    what = sys.implementation
    version = ".".join([str(part) for part in what.version[:3]])
    where = "bench" if sys.platform == "linux" else what._machine
    return (what.name + " " + version + " " + where)[:64]


def reset():
    """Restart the board; does not return."""
    machine.reset()


def restarted_by_watchdog():
    """True where the watchdog, not power or a command, restarted the board."""
    return machine.reset_cause() == machine.WDT_RESET


class Board:
    """Buttons (GPIO numbers, left to right, closed to ground) and lights (on when high)."""

    def __init__(self, button_pins, light_pins):
        self._buttons = [
            machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP) for pin in button_pins
        ]
        self._closings = bytearray(len(button_pins))  # counted by interrupts, modulo 256
        self._noted = bytearray(len(button_pins))  # of these, what ``edges`` has told
        for index in range(len(button_pins)):
            self._count_closings(index)
        self._lights = [machine.Pin(pin, machine.Pin.OUT, value=0) for pin in light_pins]
        self._shown = 0
        self._timer = machine.Timer(-1)
        self._watchdog = None
        self._alive_ms = time.ticks_ms()

    def closed(self):
        """Mask of the buttons whose contact is closed now, bit 0 leftmost."""
        mask = 0
        for index in range(len(self._buttons)):
            if not self._buttons[index].value():
                mask |= 1 << index
        return mask

    def _count_closings(self, index):
        closings = self._closings

        # The chip keeps an edge until its interrupt can run, through an erase of flash too. Hard:
        # may come between any two steps of the tick and must allocate nothing. So it only counts,
        # in a byte that nobody else writes.
        def on_closing(_):
            closings[index] = (closings[index] + 1) & 0xFF

        self._buttons[index].irq(on_closing, machine.Pin.IRQ_FALLING, hard=True)

    def edges(self):
        """Mask of the buttons whose contact has closed since the last call, bit 0 leftmost."""
        mask = 0
        for index in range(len(self._buttons)):
            count = self._closings[index]
            if count != self._noted[index]:
                self._noted[index] = count
                mask |= 1 << index
        return mask

    def show(self, mask):
        """Light the lights of the mask and no other, bit 0 leftmost."""
        changed = mask ^ self._shown
        if not changed:
            return
        self._shown = mask
        for index in range(len(self._lights)):
            if changed >> index & 1:
                self._lights[index].value(mask >> index & 1)

    def start(self, tick):
        """Call ``tick(raw)`` with the millisecond counter every 5 ms from now on."""

        def on_timer(_):
            raw = time.ticks_ms()
            tick(raw)
            watchdog = self._watchdog
            if watchdog and time.ticks_diff(raw, self._alive_ms) < MAIN_SILENT_MS:
                watchdog.feed()

        self._timer.init(period=TICK_MS, mode=machine.Timer.PERIODIC, callback=on_timer)

    def watch(self):
        """From now on restart the board when the tick stops or main is silent for 60 s."""
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)

    def alive(self):
        """Main says that it is not stuck."""
        self._alive_ms = time.ticks_ms()


class Wifi:
    """Keeps the Wi-Fi connected; never waits. ``account`` is (ssid, password), or empty."""

    def __init__(self, account):
        self._account = account
        self._wlan = None
        self._retry_ms = 0
        if account:
            self._wlan = network.WLAN(network.STA_IF)
            self._wlan.active(True)
            # The radio's power saving would hold an ack back for up to a beacon interval.
            self._wlan.config(pm=network.WLAN.PM_NONE)

    def ready(self, now_ms):
        """True while connected, or where no Wi-Fi is needed; else tries again when it is time."""
        if self._wlan is None or self._wlan.isconnected():
            return True
        if now_ms >= self._retry_ms:
            self._retry_ms = now_ms + WIFI_RETRY_MS + jitter(WIFI_RETRY_MS // 2)
            self._wlan.disconnect()
            self._wlan.connect(self._account[0], self._account[1])
        return False

    def rssi(self):
        """Signal strength in dBm, -127 to 0, or None where there is no Wi-Fi."""
        if self._wlan is None or not self._wlan.isconnected():
            return None
        return max(-127, min(0, self._wlan.status("rssi")))
