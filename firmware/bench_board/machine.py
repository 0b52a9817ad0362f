"""Stand-in for MicroPython's machine on Linux: a bench board whose pins other processes drive.

It listens for datagrams on 127.0.0.1, port ONEDOOR_BENCH_PORT, each one line:

    in GP2 0          put an input pin low (1: high; pull-ups hold pins high at the start)
    watch             send this address each change from now on, beginning with all pins
    stall 1           stop the timer, as an erase of flash stops all code of a Pico; edges of the
                      pins stay latched until "stall 0", whose interrupts then come first
    wifi 0            take the Wi-Fi away (1: give it back)
    memory            tell this address how much of the heap is free now

and sends watchers ``in GP2 0 <us>`` when it has taken an input, ``out GP10 1 <us>`` when the
firmware sets an output; <us> is the board's own microsecond counter. ``memory <bytes>`` answers
the last one.

What restarts a Pico ends the process here, with the reason left in a file for the next start;
whoever started the process starts it again (``onedoor_hub.bench``). With ONEDOOR_BENCH_STDIN=1
the process ends when its standard input does, so that it never outlives who started it.
"""

import _thread
import gc
import os
import select
import socket
import sys
import time

PWRON_RESET, WDT_RESET = 1, 3
_REASON = os.getcwd() + "/bench-reset"
_WATCHDOG_LOOK_MS = 250
_OWNER_LOOK_MS = 500


class _Bench:
    """The board's one socket, its pins and its timer loop."""

    def __init__(self):
        self.wifi = True
        self.pins = {}
        self._watchers = []
        self._stalled = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port = int(os.getenv("ONEDOOR_BENCH_PORT") or 0)
        self._socket.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._owner = select.poll()
        if os.getenv("ONEDOOR_BENCH_STDIN"):
            self._owner.register(sys.stdin, select.POLLIN)

    def run(self, timer):
        """Answer datagrams and call the timer's callback when it is due, for good."""
        due_ms = look_ms = time.ticks_ms()
        while timer.callback is not None:
            wait_ms = time.ticks_diff(due_ms, time.ticks_ms())
            if wait_ms > 0:
                if self._poll.poll(wait_ms):
                    self._receive()
                continue
            if time.ticks_diff(due_ms, look_ms) >= _OWNER_LOOK_MS:
                look_ms = due_ms
                if self._owner.poll(0):
                    _die()
            due_ms = time.ticks_add(due_ms, timer.period_ms)
            if wait_ms < -100:  # the machine was busy: a timer does not catch up
                due_ms = time.ticks_add(time.ticks_ms(), timer.period_ms)
            if self._stalled:
                continue
            try:
                timer.callback(timer)
            except Exception as error:  # as on a Pico: shown, and the timer goes on
                sys.print_exception(error)

    def _receive(self):
        data, sender = self._socket.recvfrom(64)
        words = data.decode().split()
        if len(words) == 3 and words[0] == "in":
            pin = self.pins.get(int(words[1][2:]))
            if pin is not None:
                pin.drive(int(words[2]))
                self.report(pin)
                self._interrupt()
        elif words == ["watch"]:
            if sender not in self._watchers:
                self._watchers.append(sender)
                for pin in self.pins.values():
                    self.report(pin)
        elif len(words) == 2 and words[0] == "wifi":
            self.wifi = words[1] == "1"
        elif len(words) == 2 and words[0] == "stall":
            self._stalled = words[1] == "1"
            self._interrupt()
        elif words == ["memory"]:
            self._socket.sendto(("memory " + str(gc.mem_free())).encode(), sender)

    def _interrupt(self):
        """Run the interrupts that are due, unless all code stands still."""
        if not self._stalled:
            for pin in self.pins.values():
                pin.interrupt()

    def report(self, pin):
        """Send a pin's level to all watchers."""
        if not self._watchers:
            return
        line = pin.direction + " GP" + str(pin.number) + " " + str(pin.level)
        line = (line + " " + str(time.ticks_us())).encode()
        for watcher in self._watchers:
            try:
                self._socket.sendto(line, watcher)
            except OSError:  # it has gone; others may be there
                pass


class Pin:
    """A GPIO. One per number: a second object for it replaces the first."""

    IN, OUT, PULL_UP = "in", "out", 1
    IRQ_FALLING = 4

    def __init__(self, number, direction, pull=None, value=None):
        self.number = number
        self.direction = direction
        self.level = value if direction == Pin.OUT else 1
        self._on_fall = None
        self._fallen = False  # the one edge that the hardware remembers
        bench.pins[number] = self

    def value(self, level=None):
        """The pin's level, or set an output's."""
        if level is None:
            return self.level
        self.level = level
        bench.report(self)
        return None

    def irq(self, handler, trigger, hard):
        """Call ``handler(pin)`` at falling edges, which is all that is offered here."""
        self._on_fall = handler

    def drive(self, level):
        """Put an input to a level from outside; a falling edge is latched."""
        self._fallen = self._fallen or level < self.level
        self.level = level

    def interrupt(self):
        """Handle the edge that is latched, if one is."""
        fallen, self._fallen = self._fallen, False
        if fallen and self._on_fall is not None:
            self._on_fall(self)


class Timer:
    """A periodic timer; its callback runs in a thread of its own, as on a Pico beside main."""

    PERIODIC = 1

    def __init__(self, number):
        self.callback = None
        self.period_ms = 0

    def init(self, period, mode, callback):
        """Call ``callback(timer)`` every ``period`` ms."""
        self.period_ms = period
        self.callback = callback
        _thread.start_new_thread(bench.run, (self,))


class WDT:
    """A watchdog that ends the process when it is not fed for ``timeout`` ms."""

    def __init__(self, timeout):
        self._timeout_ms = timeout
        self._fed_ms = time.ticks_ms()
        _thread.start_new_thread(self._run, ())

    def feed(self):
        """Not yet."""
        self._fed_ms = time.ticks_ms()

    def _run(self):
        while time.ticks_diff(time.ticks_ms(), self._fed_ms) < self._timeout_ms:
            time.sleep_ms(_WATCHDOG_LOOK_MS)
        _restart("watchdog")


def _restart(reason):
    with open(_REASON, "w") as file:
        file.write(reason)
    _die()


def _die():
    # From any thread, and as sudden as a reset: MicroPython itself offers only a polite exit.
    os.system("kill -9 $PPID")  # noqa: S605
    while True:
        time.sleep_ms(1000)


def reset():
    """Restart the board."""
    _restart("reset")


def _take_reason():
    try:
        with open(_REASON) as file:
            reason = file.read()
        os.remove(_REASON)
    except OSError:
        return PWRON_RESET
    return WDT_RESET if reason == "watchdog" else PWRON_RESET


_cause = _take_reason()


def reset_cause():
    """Why the board started: WDT_RESET after the watchdog, else PWRON_RESET."""
    return _cause


bench = _Bench()
