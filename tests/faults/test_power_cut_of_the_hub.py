"""A power cut of the hub, which SIGKILL is not: what was not flushed is gone. What was acknowledged
must have been flushed before."""

import contextlib
import sqlite3
import time

import pytest
from onedoor_hub.health import Health
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.live import Live
from onedoor_hub.store.engine import migrate, open_engine
from sqlalchemy import text

from tests.faults import counts
from tests.support.centre import add_box
from tests.support.durable import PowerCuts, library
from tests.support.ports import wait_until


def flushes_are_heard() -> bool:
    """Whether this Python's SQLite is a library whose calls can be watched."""
    sqlite3.connect(":memory:").close()
    try:
        library()
    except OSError:
        return False
    return True


def left_by_a_cut(cuts, folder):
    """How many entries a power cut now would leave, in one piece from the first; else what is
    wrong."""
    query = "SELECT count(*), coalesce(max(seq), 0) FROM entry"
    cuts.left(folder)
    try:
        with contextlib.closing(sqlite3.connect(folder / "hub.db")) as database:
            whole = database.execute("PRAGMA integrity_check").fetchone()[0]
            n, highest = database.execute(query).fetchone()
    except sqlite3.Error as error:
        return str(error)
    return n if (n, whole) == (highest, "ok") else f"{n} up to {highest}, {whole}"


def by_watching_flushes(tmp_path):
    """Cut the power at each acknowledgement and look at what is left."""
    cuts, found = PowerCuts(tmp_path), []
    with cuts.watching():
        engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
        migrate(engine)
        box = add_box(engine)

        def answer(topic, payload):
            seq = box.read(topic, payload)["seq"]
            found.append((seq, left_by_a_cut(cuts, tmp_path / f"cut-{len(found)}")))

        writer = Writer(engine, answer, Live(), Health(), lambda: time.time_ns() // 1_000_000)
        writer.start()
        for number in range(counts.POWER_CUTS_OF_THE_HUB):
            for _ in range(number % 40):
                box.rate(4, 4, number)
            before = len(found)
            for first in range(max(1, len(box.entries) - 45), len(box.entries) + 1, 32):
                writer.submit(Arrival(*box.journal(first, number), 0))
            wait_until(lambda before=before: len(found) > before)
        writer.stop()
        engine.dispose()
    assert found[-1][0] == len(box.entries)
    assert [(seq, left) for seq, left in found if type(left) is str or left < seq] == []
    print(f"{len(found)} power cuts, {cuts.flushes} flushes")


def by_the_settings(tmp_path):
    """Without looking on: SQLite is told to flush at each commit."""
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    engine.dispose()


@pytest.mark.parametrize("shown", [by_watching_flushes if flushes_are_heard() else by_the_settings])
def test_what_the_hub_acknowledged_survives_a_power_cut(shown, tmp_path):
    shown(tmp_path)
