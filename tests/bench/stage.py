"""A broker, a hub and boxes on paper in a folder of their own, and what the hub's memory was."""

import contextlib
import tempfile
import time
from pathlib import Path

from onedoor_hub.broker.accounts import TAIL_USER, device_passwords
from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import chain

from tests.bench.load import Job
from tests.bench.page import TAIL_PASSWORD
from tests.support.centre import add_box
from tests.support.hub import HubProcess
from tests.support.mosquitto import Mosquitto

# Without the hub's acknowledgements nothing paces the load: the broker must not drop any of it.
UNPACED = "max_queued_messages 0\n"


@contextlib.contextmanager
def stage(boxes: int, counters: int = 40, started: bool = True):
    """(hub, Mosquitto, boxes): the broker started, the hub too or ready to be started."""
    with _stage(boxes, counters, "") as (hub, broker, devices):
        if started:
            hub.start()
        yield hub, broker, devices


@contextlib.contextmanager
def bare_stage(boxes: int, counters: int = 40):
    """(Mosquitto, boxes): the same without a hub, for the baselines."""
    with _stage(boxes, counters, UNPACED) as (_, broker, devices):
        yield broker, devices


@contextlib.contextmanager
def _stage(boxes: int, counters: int, more: str):
    with tempfile.TemporaryDirectory(prefix="onedoor-bench-") as name:
        folder = Path(name)
        broker = Mosquitto(folder / "mosquitto", more)
        (folder / "hub").mkdir()
        hub = HubProcess(folder / "hub", broker.url)
        devices = [add_box(hub.engine, counter=1 + number % counters) for number in range(boxes)]
        broker.allow({TAIL_USER: TAIL_PASSWORD, **device_passwords(hub.engine)})
        broker.start()
        try:
            yield hub, broker, devices
        finally:
            hub.kill()
            hub.engine.dispose()
            broker.stop()


def peak_memory_mb(pid: int) -> float:
    """Most resident memory of a hub: its worker's whole, and its parent's own share now.

    The worker was forked from the parent, so most of what the parent holds is the worker's too.
    """
    (worker,) = children(pid)
    return (_kb(worker, "status", "VmHWM") + _kb(pid, "smaps_rollup", "Pss")) / 1024


def _kb(pid: int, file: str, name: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"no {name} in /proc/{pid}/{file}")


def children(pid: int) -> list[int]:
    """Process ids of a process's children."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def rate_every(device: PaperDevice, count: int, gap_ms: int) -> int:
    """Journal ratings, the last of them just made; the device's clock at the end."""
    for number in range(1, count + 1):
        device.rate(1 + number % 4, 4, number * gap_ms)
    return (count + 1) * gap_ms


def catch_up(device: PaperDevice, now_ms: int, entries: int = 32, window: int = 64) -> Job:
    """Send a whole journal, so many entries a message, as after an outage.

    The box has heard the hub a moment ago, so the times of its entries are known.
    """
    messages = []
    heard = (now_ms - 200, time.time_ns() // 1_000_000 - 200)
    first = 1
    while first <= len(device.entries):
        topic, payload = device.journal(first, now_ms, entries, heard)
        last = min(first + entries - 1, len(device.entries))
        messages.append((last, topic, payload))
        first = last + 1
    return Job(device, messages, window)


def ratings(device: PaperDevice) -> int:
    """How many of a device's entries are ratings."""
    return sum(entry[0] == chain.KIND_RATING for entry in device.entries)
