"""A full disk under the database of a running hub: it says so, acknowledges nothing that is not
committed, and goes on by itself when there is room."""

import contextlib
import json
import sqlite3
import time
import urllib.error
import urllib.request

import pytest

from tests.faults import counts
from tests.faults.whole import check_whole, stored_up_to
from tests.support.flock import Manner
from tests.support.hub import HubProcess
from tests.support.ports import wait_until
from tests.support.small_disk import Disk, Quota

RATINGS = 400
SINGLES = Manner(sizes=(1, 32))


# Mounting takes root; where it cannot be, the other kind is what is tested.
KINDS = {"files that may not grow": Quota}
if Disk.possible():
    KINDS["a file system that is full"] = Disk


@pytest.fixture(params=list(KINDS))
def disk(request, tmp_path):
    disk = KINDS[request.param](tmp_path / "disk")
    yield disk
    disk.close()


def health(hub) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(hub.url + "/healthz", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def page(hub) -> str:
    with urllib.request.urlopen(hub.url + "/", timeout=5) as answer:
        return answer.read().decode()


def sqlite(hub, statement):
    with contextlib.closing(sqlite3.connect(hub.folder / "hub.db")) as connection:
        return connection.execute(statement).fetchone()


@pytest.mark.timeout(240)
def test_a_full_disk_loses_and_doubles_nothing_and_the_hub_recovers_alone(
    disk, mosquitto, centre_of, make_flock, record_property
):
    hub = HubProcess(disk.folder, mosquitto.url)
    devices = centre_of(hub.engine)
    flock = make_flock(devices, mosquitto.port, manner=SINGLES)
    hub.start()
    try:
        flock.start()
        for _ in range(counts.FULL_DISKS):
            flock.make(RATINGS)
            wait_until(lambda: flock.waiting == 0, 30, "ratings flow")
            sqlite(hub, "PRAGMA wal_checkpoint(TRUNCATE)")  # new commits need new blocks
            disk.fill(hub)
            flock.make(RATINGS)
            wait_until(lambda: health(hub)[0] == 503, 30, "the hub says that it is in trouble")
            told = health(hub)[1]["troubles"]["database"]
            assert told.startswith("cannot store ratings now: ")
            assert told in page(hub)
            time.sleep(0.5)
            acknowledged = flock.acknowledged()
            stored = stored_up_to(hub.engine, devices)
            assert {one for one, seq in acknowledged.items() if seq > stored[one]} == set()
            assert flock.waiting > 0
            disk.free(hub)
            wait_until(lambda: health(hub) == (200, {"status": "ok", "troubles": {}}), 30)
            assert told not in page(hub)
        wait_until(lambda: flock.waiting == 0, 30, "every rating is acknowledged")
        flock.stop()
        assert sqlite(hub, "PRAGMA integrity_check") == ("ok",)
        assert flock.complaints() == []
        assert check_whole(hub.engine, devices) == 2 * RATINGS * counts.FULL_DISKS
    finally:
        hub.stop()
    print(f"full {counts.FULL_DISKS} times, the last time: {told}")
    record_property("full", counts.FULL_DISKS)
