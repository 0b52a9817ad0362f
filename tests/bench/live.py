"""From publish to the event of an open page."""

import contextlib
import sqlite3
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.bench.load import Job, Load
from tests.bench.page import Page, Relay
from tests.bench.stage import bare_stage, catch_up, rate_every, stage
from tests.bench.table import Row, percentile
from tests.support.ports import wait_until

COUNTERS = 6  # as in the demo
GOAL_MS = 10


def slow(seconds: float = 30, commits: int = 300):
    """Ten ratings a second, more than any centre has."""
    yield from _publish_to_event(10, seconds, commits)


def fast(seconds: float = 10, commits: int = 300):
    """A thousand a second."""
    yield from _publish_to_event(1_000, seconds, commits)


def _publish_to_event(rate: int, seconds: float, commits: int):
    each = max(2, round(rate * seconds / COUNTERS))
    with stage(COUNTERS, COUNTERS) as (hub, broker, devices):
        page = Page(hub.port)
        jobs = _jobs(devices, each, rate)
        outcome = _run(broker.port, jobs, rate)
        wait_until(lambda: all(page.shows(n + 1) >= each for n in range(COUNTERS)), 60, "all shown")
        page.close()
        hub_ms = []
        for counter, device in enumerate(devices, 1):
            for seq in range(2, each + 2):  # entry 1 tells of the boot
                sent_s = outcome.sent_s[device.device, seq]
                hub_ms.append(1000 * (page.first_s(counter, seq - 1) - sent_s))
    with bare_stage(COUNTERS, COUNTERS) as (broker, devices):
        relay = Relay(broker.port)
        jobs = [replace(job, acknowledged=False) for job in _jobs(devices, each, rate)]
        outcome = _run(broker.port, jobs, rate)
        last = each + 1
        wait_until(lambda: all(relay.has(one.device, last) for one in devices), 60, "all relayed")
        relay.close()
        bare_ms = [
            1000 * (relay.first_s(device, seq) - sent_s)
            for (device, seq), sent_s in outcome.sent_s.items()
        ]
    commit_ms = _commits(commits)
    for share in (0.5, 0.99):
        value = percentile(hub_ms, share)
        yield Row(
            f"publish to page at {rate:,}/s, p{100 * share:.0f}",
            value,
            "ms",
            "bare paho relay",
            percentile(bare_ms, share),
            goal=f"p99 under {GOAL_MS} ms" if share > 0.9 else "",
            met=value < GOAL_MS,
        )
    yield Row("  of which this disk's own commit, p99", percentile(commit_ms, 0.99), "ms")


def _jobs(devices, each: int, rate: int) -> list[Job]:
    """One entry a message, made at about the time at which it is sent."""
    gap_ms = 1000 * COUNTERS // rate or 1
    jobs = []
    for device in devices:
        rate_every(device, each, gap_ms)
        jobs.append(catch_up(device, 1000, 1))
    return jobs


def _run(port: int, jobs: list[Job], rate: int):
    load = Load(port, jobs, rate)
    load.go()
    return load.finish()


def _commits(count: int) -> list[float]:
    """Milliseconds of one-row commits with nothing around them, as durable as the hub's."""
    with tempfile.TemporaryDirectory(prefix="onedoor-bench-") as folder:
        path = Path(folder) / "bare.db"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("CREATE TABLE t (a, b)")
            taken_ms = []
            for number in range(count):
                start_s = time.perf_counter()
                connection.execute("INSERT INTO t VALUES (?, ?)", (number, number))
                taken_ms.append(1000 * (time.perf_counter() - start_s))
            return taken_ms
