"""``onedoor demo``: a hub with history, six real boxes, and citizens who press them."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
from babel.localtime import get_localzone
from onedoor_protocol import chain
from sqlalchemy import Engine, func, select

from onedoor_hub.bench import BenchBox
from onedoor_hub.context import utc_ms
from onedoor_hub.demo import people
from onedoor_hub.demo.citizens import Citizens
from onedoor_hub.demo.history import write_history
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.errors import HubError
from onedoor_hub.health import Health
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.interpreter import micropython
from onedoor_hub.live import Live
from onedoor_hub.serve import check_free, free_port
from onedoor_hub.store import devices, schema
from onedoor_hub.store.engine import migrate, open_engine, reading

CENTRE = "demo"
CENTRE_NAME = "Riverside One-Stop Centre"
HOST = "127.0.0.1"
START_S = 60
LAST_ACK_S = 10


class DemoError(HubError):
    """The demo cannot go on; the text says why and what to do."""


def run(port: int, counters: int, days: int, seed: int, exit_after_s: int) -> bool:
    """Run the demo until Ctrl-C, or for ``exit_after_s`` seconds where that is not 0.

    Prints as it goes. Returns True where every thanked press was counted exactly once. Raises
    OSError or DemoError with one clear line.
    """
    check_free(HOST, port, "pages")
    with ExitStack() as ends:
        folder = Path(tempfile.mkdtemp(prefix="onedoor-demo-"))
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        engine = open_engine(f"sqlite:///{folder / 'hub.db'}")
        migrate(engine)
        ends.callback(engine.dispose)
        keys = _open_centre(engine, counters)
        _fill_in(engine, keys, days, seed)
        before = _totals(engine)
        broker_port = free_port()
        hub = _start_hub(ends, folder, port, broker_port)
        boxes = _start_boxes(ends, folder, keys, broker_port)
        citizens = Citizens(boxes, seed)
        citizens.start()
        ends.callback(citizens.stop)
        click.echo(f"\n  OneDoor is live:  http://{HOST}:{port}/\n")
        if micropython() is None:
            click.echo("  no MicroPython here: the boxes run their code on CPython instead\n")
        _wait(exit_after_s, hub, boxes)
        citizens.stop()
        return _sum_up(engine, citizens, before)


def _open_centre(engine: Engine, counters: int) -> dict[int, tuple[str, bytes]]:
    """Make the centre, its counters and a device at each; returns (id, key) by counter."""
    keys = {}
    with engine.begin() as connection:
        zone = getattr(get_localzone(), "key", None) or "UTC"
        number = devices.ensure_centre(connection, CENTRE, utc_ms(), CENTRE_NAME, zone)
        for counter in range(1, counters + 1):
            name = people.counter(counter).name
            devices.ensure_counter(connection, number, counter, name)
            keys[counter] = devices.add_device(connection, number, counter, utc_ms())
    return keys


def _fill_in(engine: Engine, keys, days: int, seed: int) -> None:
    health = Health()
    writer = Writer(engine, lambda _topic, _payload: None, Live(), health, utc_ms)
    writer.start()
    boxes = {
        counter: PaperDevice(CENTRE, device, key, secrets.token_bytes(chain.INCARNATION_BYTES))
        for counter, (device, key) in keys.items()
    }

    def take(arrival) -> bool:
        while not writer.submit(arrival):
            time.sleep(0.01)
        return True

    with engine.begin() as connection:
        zone = connection.scalar(select(schema.centre.c.time_zone)) or "UTC"
    with click.progressbar(length=days, label=f"filling in {days} days") as bar:
        write_history(boxes, days, zone, utc_ms(), seed, take, bar.update)
        writer.stop()
    refused = {label: n for (name, label), n in health.counts().items() if name == "refused"}
    if refused:
        raise DemoError(f"the hub refused some of the history: {refused}")


def _start_hub(ends: ExitStack, folder: Path, port: int, broker_port: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "onedoor_hub", "hub", "--data-dir", str(folder)]
    command += ["--host", HOST, "--port", str(port), "--broker-port", str(broker_port)]
    with (folder / "hub.log").open("wb") as log:
        # A group of its own: Ctrl-C in the terminal is for the demo, which then ends the hub.
        hub = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)
    ends.callback(_end, hub)
    deadline_s = time.monotonic() + START_S
    # Its own log must say so too: another demo's hub would answer on the port just as well.
    said = f"http://{HOST}:{port}/"
    while not (said in (folder / "hub.log").read_text(errors="replace") and _healthy(port)):
        if hub.poll() is not None or time.monotonic() > deadline_s:
            raise DemoError(f"the hub did not start: {_last_line(folder / 'hub.log')}")
        time.sleep(0.1)
    return hub


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=5) as answer:  # noqa: S310
            return answer.status == 200
    except OSError:
        return False


def _end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    # Its group too: killed from outside, the hub leaves its worker and broker behind.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _start_boxes(ends: ExitStack, folder: Path, keys, broker_port: int) -> dict[int, BenchBox]:
    boxes = {}
    for counter, (device, key) in keys.items():
        config = {
            "device": device,
            "centre": CENTRE,
            "key": key.hex(),
            "broker": {"host": HOST, "port": broker_port},
            "wifi": {"ssid": "demo", "password": ""},
        }
        box = BenchBox(config, folder / device)
        box.start()
        ends.callback(box.stop)
        boxes[counter] = box
    return boxes


def _wait(exit_after_s: int, hub: subprocess.Popen, boxes: dict[int, BenchBox]) -> None:
    """Until the time is up or somebody interrupts. Raises DemoError where hub or box ends."""
    until_s = time.monotonic() + exit_after_s if exit_after_s else float("inf")
    try:
        while time.monotonic() < until_s:
            time.sleep(0.2)
            if hub.poll() is not None:
                raise DemoError(f"the hub ended by itself, status {hub.returncode}; start again")
            for counter, box in boxes.items():
                if not box.alive:
                    said = box.console().strip().splitlines()
                    last = said[-1] if said else "nothing"
                    raise DemoError(f"the box of counter {counter} ended; it said: {last}")
    except KeyboardInterrupt:
        click.echo("\nstopping …")


def _totals(engine: Engine) -> tuple[int, int]:
    """(entries stored, ratings counted) so far."""
    with reading(engine).begin() as connection:
        entries = connection.scalar(select(func.count()).select_from(schema.entry)) or 0
        ratings = connection.scalar(select(func.sum(schema.tally_day.c.n))) or 0
    return entries, ratings


def _sum_up(engine: Engine, citizens: Citizens, before: tuple[int, int]) -> bool:
    """Wait for the last acknowledgements, then print what came of the presses."""
    deadline_s = time.monotonic() + LAST_ACK_S
    whole = False
    while not whole and time.monotonic() < deadline_s:
        entries, ratings = _totals(engine)
        whole = ratings - before[1] == citizens.thanked
        time.sleep(0.2)
    entries, ratings = _totals(engine)
    click.echo(
        f"{citizens.presses} presses made, {citizens.thanked} thanked, "
        f"{entries - before[0]} entries stored, {ratings - before[1]} ratings counted "
        f"(and {before[1]} in the history before)"
    )
    return whole


def interrupt_on_sigterm() -> Callable:
    """Make SIGTERM end the demo as Ctrl-C does; returns the handler there was."""

    def handler(_number, _frame):
        raise KeyboardInterrupt

    return signal.signal(signal.SIGTERM, handler)  # type: ignore[return-value]
