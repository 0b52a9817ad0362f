"""How fast the hub takes journals: single entries, and the catch-up after an outage."""

import contextlib
import sqlite3
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as mqtt
from onedoor_hub.broker.client import Address
from onedoor_hub.store import schema
from onedoor_hub.store.engine import migrate, open_engine
from sqlalchemy import insert
from sqlalchemy.dialects import sqlite

from tests.bench.load import Job, Load
from tests.bench.stage import bare_stage, catch_up, peak_memory_mb, rate_every, ratings, stage
from tests.bench.table import Row
from tests.support.centre import rated
from tests.support.ports import wait_until

BATCH = 500
# Below what Mosquitto queues for one subscriber (1,000) in all.
SINGLE_WINDOW = 32
MEMORY_MB = 150
CATCH_UP_A_SECOND = 50_000


def single_messages(count: int = 20_000, boxes: int = 20):
    """Messages of one entry, each checked, chained, committed and acknowledged."""
    each = count // boxes
    with stage(boxes) as (hub, broker, devices):
        jobs = [
            catch_up(device, rate_every(device, each - 1, 2_000), 1, SINGLE_WINDOW)
            for device in devices
        ]
        seconds = _flow(broker.port, jobs)
        _all_counted(hub, devices)
    with bare_stage(boxes) as (broker, devices):
        jobs = [
            replace(catch_up(device, rate_every(device, each - 1, 2_000), 1), acknowledged=False)
            for device in devices
        ]
        with _Bare(broker.address, each * boxes) as bare:
            _flow(broker.port, jobs)
            bare_seconds = bare.seconds()
    yield Row(
        "single-entry messages, committed and acknowledged",
        each * boxes / seconds,
        "/s",
        "bare paho subscriber, messages received",
        each * boxes / bare_seconds,
        at_least=0.5,
    )


def catch_up_one(entries: int = 50_000):
    """A box that was away for a month."""
    yield from _catch_up(entries, 1, "one box")


def catch_up_many(entries: int = 50_000, boxes: int = 200):
    """All boxes of a ministry at once."""
    yield from _catch_up(entries, boxes, f"{boxes} boxes")


def _catch_up(entries: int, boxes: int, who: str):
    each = entries // boxes
    with stage(boxes) as (hub, broker, devices):
        jobs = []
        for device in devices:
            now_ms = rate_every(device, each - 1, 60_000)
            jobs.append(catch_up(device, now_ms, window=4 if boxes > 1 else 64))
        seconds = _flow(broker.port, jobs)
        _all_counted(hub, devices)
        memory_mb = peak_memory_mb(hub.pid)
        rows = _stored_rows(hub)
    yield Row(
        f"catch-up of {each * boxes:,} entries, {who}",
        each * boxes / seconds,
        "/s",
        f"bare SQLite insert, {BATCH} rows a commit",
        each * boxes / _bare_insert(rows),
        at_least=0.5,
        goal=f"{CATCH_UP_A_SECOND:,}/s",
        met=each * boxes / seconds >= CATCH_UP_A_SECOND,
    )
    yield Row(
        f"hub's most memory meanwhile, {who}",
        memory_mb,
        "MB",
        goal=f"under {MEMORY_MB} MB",
        met=memory_mb < MEMORY_MB,
    )


def _flow(port: int, jobs: list[Job]) -> float:
    load = Load(port, jobs)
    load.go()
    return load.finish().seconds


def _all_counted(hub, devices) -> None:
    """A figure of a hub that lost something would be worth nothing."""
    wanted = sum(ratings(device) for device in devices)
    if rated(hub.engine) != wanted:
        raise RuntimeError(f"{rated(hub.engine)} ratings counted of {wanted}")


def _stored_rows(hub) -> list[tuple]:
    with hub.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(schema.entry.select())]


def _bare_insert(rows: list[tuple]) -> float:
    """Seconds to insert rows with nothing but the sqlite3 module, as durable as the hub does."""
    with tempfile.TemporaryDirectory(prefix="onedoor-bench-") as folder:
        path = Path(folder) / "bare.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        statement = str(insert(schema.entry).compile(dialect=sqlite.dialect()))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=OFF")  # their parents are not there
            start_s = time.perf_counter()
            for first in range(0, len(rows), BATCH):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(statement, rows[first : first + BATCH])
                connection.execute("COMMIT")
            return time.perf_counter() - start_s


class _Bare:
    """A paho subscriber that only counts, from the first message to the last."""

    def __init__(self, address: Address, count: int):
        self._count = count
        self._received = 0
        self._times_s = [0.0, 0.0]
        self._done = threading.Event()
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=address.user, protocol=mqtt.MQTTv311
        )
        client.username_pw_set(address.user, address.password)
        client.on_message = self._on_message
        self._client = client
        self._address = address

    def __enter__(self):
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect(self._address.host, self._address.port)
        self._client.subscribe("onedoor/1/+/+/journal", 1)
        self._client.loop_start()
        wait_until(ready.is_set, what="the bare subscriber is ready")
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client, _userdata, _message):
        if not self._received:
            self._times_s[0] = time.monotonic()
        self._received += 1
        if self._received == self._count:
            self._times_s[1] = time.monotonic()
            self._done.set()

    def seconds(self) -> float:
        if not self._done.wait(120):
            raise TimeoutError(f"the bare subscriber got {self._received} of {self._count}")
        return self._times_s[1] - self._times_s[0]
