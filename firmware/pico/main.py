"""The rating box: wiring only. Runs on a Pico W, and on Linux over the bench board."""

import _thread
import gc
import json
import sys
import time

import board
import pins
from link import Link
from onedoor_device.clock import Ticks
from onedoor_device.config import ConfigError, parse
from onedoor_device.desired import Desired
from onedoor_device.device import Device
from onedoor_device.journal import Journal, JournalError
from onedoor_device.lights import fault_lit
from onedoor_device.store import RAM_BYTES, MemoryStore, Store
from onedoor_protocol import mac

CONFIG = "config.json"
STATE = "state"
BOOT_FAULT = "boot_fault"


def log(line):
    """One line on the console (USB serial on a Pico)."""
    print("onedoor: " + line)


def boot_fault():
    """Why _boot.py could not mount the flash, "" where it could or was not asked."""
    try:
        with open(BOOT_FAULT) as file:
            return file.read().strip()
    except OSError:
        return ""


def load_config():
    """The checked configuration. Raises ConfigError."""
    try:
        with open(CONFIG) as file:
            text = file.read()
    except OSError:
        missing = CONFIG + " is missing; run 'onedoor flash' for this box"
        raise ConfigError(boot_fault() or missing) from None
    try:
        data = json.loads(text)
    except ValueError:
        raise ConfigError(CONFIG + " is not JSON; run 'onedoor flash' for this box") from None
    return parse(data, pins.DEFAULT)


def open_journal(config):
    """(store, opened journal, "") or, where flash is of no use, the same in RAM and the reason."""
    store, reason = Store(STATE, board.COPY_ON_WRITE), ""
    journal = Journal(store, config.device, board.random_bytes)
    try:
        journal.open()
    except (JournalError, OSError) as error:
        store, reason = MemoryStore(RAM_BYTES), str(error)
        journal = Journal(store, config.device, board.random_bytes)
        journal.open()
    return store, journal, reason


def halt(line):
    """Say what is wrong, show the fault on every light, and stay reachable over USB."""
    log(line)
    lights = board.Board((), pins.LIGHTS + (pins.STATUS_LIGHT,))
    everything = (1 << len(pins.LIGHTS) + 1) - 1
    lights.start(lambda raw: lights.show(everything if fault_lit(raw) else 0))
    while True:
        time.sleep_ms(1000)


def main():
    """Start the box and run it for good."""
    try:
        config = load_config()
    except ConfigError as error:
        halt(str(error))
    store, journal, no_flash = open_journal(config)
    log(config.device + " of " + config.centre + ", " + board.implementation())
    for problem in journal.problems:
        log("journal: " + problem)
    if board.restarted_by_watchdog():
        log("restarted by the watchdog")
    lock = _thread.allocate_lock()
    device = Device(
        config, journal, Desired(store), lock, board.jitter, log, board.implementation()
    )
    if no_flash:
        device.without_flash(no_flash)
    link = Link(config, mac.broker_password(config.key), board.Wifi(config.wifi))
    panel = board.Board(config.button_pins, config.light_pins)
    ticks = Ticks(time.ticks_ms())

    def tick(raw):
        edges = panel.edges()  # first: an edge that comes in between shows in the level
        panel.show(device.tick(ticks.extend(raw), panel.closed(), edges))

    panel.start(tick)
    panel.watch()
    low_memory = 0
    while not device.reboot:
        panel.alive()
        try:
            device.step(ticks.now_ms, link)
        except Exception as error:  # a fault here must not stop the box: presses go on
            sys.print_exception(error)
            link.close()
            device.session.lost(ticks.now_ms)
        if not link.connected:
            time.sleep_ms(20)
        if gc.mem_free() < low_memory or not low_memory:
            # Here, and not where the heap happens to be full: not in the middle of a press.
            with lock:
                gc.collect()
            low_memory = gc.mem_free() // 2
    device.session.close(ticks.now_ms, link)
    board.reset()


main()
