"""When the database refuses or a message cannot be handled: nothing is acknowledged that is not
committed, the hub says so in plain words, and it recovers by itself."""

import sqlite3
import time

import pytest
from onedoor_hub.ingest import ledger, writer
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.store import engine as store_engine
from onedoor_hub.store import schema
from onedoor_hub.store.engine import open_engine, reading
from sqlalchemy import event, text

from tests.support.bad import together
from tests.support.centre import Desk, add_box, answer_to, count, rated
from tests.support.ports import wait_until


@pytest.fixture
def desk(sqlite_engine):
    return Desk(sqlite_engine)


@pytest.fixture
def impatient(monkeypatch, tmp_path):
    """A desk whose database waits 50 ms for a lock, not 5 s."""
    monkeypatch.setattr(store_engine, "BUSY_TIMEOUT_MS", 50)
    engine = open_engine(f"sqlite:///{tmp_path / 'impatient.db'}")
    store_engine.migrate(engine)
    yield Desk(engine)
    engine.dispose()


class Running:
    """A writer that runs until the test ends."""

    def __init__(self, desk):
        self.desk = desk
        self.writer = Writer(
            desk.engine,
            lambda topic, payload: desk.answers.append((topic, payload)),
            desk.live,
            desk.health,
            lambda: desk.now_ms,
        )
        self.writer.start()

    def send(self, message) -> bool:
        return self.writer.submit(Arrival(*message, self.desk.now_ms))

    def trouble(self, part="database") -> str:
        return self.desk.health.troubles().get(part, "")


@pytest.fixture
def run():
    running = []

    def start(desk):
        running.append(Running(desk))
        return running[-1]

    yield start
    for one in running:
        one.writer.stop()


def test_a_locked_database_delays_the_acknowledgement_and_loses_nothing(impatient, run):
    """ACK-009, ACK-001: no answer while another connection holds the database, one when it lets
    go."""
    box = add_box(impatient.engine)
    box.rate(4, 4, 1_000)
    hub = run(impatient)
    other = sqlite3.connect(impatient.engine.url.database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        hub.send(box.journal(1, 5_000))
        wait_until(hub.trouble)
        assert hub.trouble() == "cannot store ratings now: database is locked"
        assert impatient.answers == []
        other.execute("ROLLBACK")
    finally:
        other.close()
    wait_until(lambda: impatient.answers)
    wait_until(lambda: not hub.trouble())
    assert answer_to(box, impatient.answers)["seq"] == 2
    assert rated(reading(impatient.engine)) == 1


def test_a_full_disk_delays_the_acknowledgement_until_there_is_room(desk, run):
    """ACK-009, JRN-013: what did not fit left nothing behind, and fits later."""
    box = add_box(desk.engine)
    for number in range(5_000):
        box.rate(1 + number % 4, 4, number)
    full_at = []

    @event.listens_for(desk.engine, "begin")
    def _limit(connection):
        pages = full_at[-1] if full_at else 1_000_000
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with desk.engine.begin() as connection:
        full_at.append(connection.scalar(text("PRAGMA page_count")) + 8)
    hub = run(desk)
    parts = [box.journal(first, 9_000) for first in range(1, 5_002, 32)]
    for part in parts:
        hub.send(part)
    wait_until(hub.trouble)
    assert hub.trouble() == "cannot store ratings now: database or disk is full"
    time.sleep(0.3)
    stored = count(desk.engine, schema.entry)
    acknowledged = [box.read(*answer)["seq"] for answer in desk.answers]
    assert stored < 5_001
    assert max(acknowledged, default=0) == stored
    full_at.append(1_000_000)
    wait_until(lambda: count(desk.engine, schema.entry) == 5_001)
    wait_until(lambda: not hub.trouble())
    assert box.read(*desk.answers[-1])["seq"] == 5_001
    assert rated(desk.engine) == 5_000


def test_a_message_that_breaks_the_code_costs_only_itself(desk, monkeypatch):
    """ERR-004: of 60 messages in one batch, the one that raises is dropped, unacknowledged."""
    boxes = [add_box(desk.engine, counter=1 + number) for number in range(60)]
    for box in boxes:
        box.rate(4, 4, 1_000)
    take = ledger.Ledger.take

    def fragile(self, message):
        if message.device.id == boxes[41].device:
            raise KeyError("a fault in our own code")
        return take(self, message)

    monkeypatch.setattr(ledger.Ledger, "take", fragile)
    answers = together(desk, *[box.journal(1, 5_000) for box in boxes])
    assert len(answers) == 59
    assert rated(desk.engine) == 59
    assert desk.health.counts()["failed", "message"] == 1
    assert boxes[41].device in desk.health.troubles()["ingest"]
    assert "a fault in our own code" in desk.health.troubles()["ingest"]

    monkeypatch.undo()
    writer_again = together(desk, boxes[41].journal(1, 6_000))
    assert answer_to(boxes[41], writer_again)["seq"] == 2
    assert rated(desk.engine) == 60


def test_the_trouble_of_a_message_is_taken_back_when_its_sender_gets_through(
    desk, run, monkeypatch
):
    box = add_box(desk.engine)
    hub = run(desk)
    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "take", lambda *_: 1 / 0)
        hub.send(box.journal(1, 5_000))
        wait_until(lambda: hub.trouble("ingest"))
    hub.send(box.journal(1, 6_000))
    wait_until(lambda: not hub.trouble("ingest"))
    assert count(desk.engine, schema.entry) == 1


def test_a_log_that_cannot_be_written_does_not_end_the_writer(desk, run, monkeypatch):
    class ClosedPipe:
        def __getattr__(self, _name):
            raise BrokenPipeError("log")

    box = add_box(desk.engine)
    hub = run(desk)
    monkeypatch.setattr(writer, "log", ClosedPipe())
    hub.send(("nonsense", b""))
    wait_until(lambda: desk.health.counts().get(("failed", "writer")))
    hub.send(box.journal(1, 5_000))
    wait_until(lambda: desk.answers)
    assert answer_to(box, desk.answers)["seq"] == 1
    assert desk.refused() == {"topic": 1}


def test_stopping_while_the_database_refuses_is_quick_and_acknowledges_nothing(impatient):
    """ACK-009."""
    box = add_box(impatient.engine)
    box.rate(4, 4, 1_000)
    hub = Running(impatient)
    other = sqlite3.connect(impatient.engine.url.database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(3_000):
            hub.send(box.journal(1, 5_000))
        wait_until(hub.trouble)
        started_s = time.monotonic()
        hub.writer.stop()
        assert time.monotonic() - started_s < 2
    finally:
        other.close()
    assert impatient.answers == []
    assert count(reading(impatient.engine), schema.entry) == 0


def test_stopping_stores_what_is_queued(desk):
    box = add_box(desk.engine)
    for number in range(2_000):
        box.rate(4, 4, number)
    hub = Running(desk)
    for first in range(1, 2_002, 32):
        hub.send(box.journal(first, 9_000))
    hub.writer.stop()
    assert count(desk.engine, schema.entry) == 2_001
    assert box.read(*desk.answers[-1])["seq"] == 2_001


def test_a_full_queue_drops_messages_says_so_and_takes_them_back_later(impatient, run, monkeypatch):
    """LIM-003: memory is bounded; a dropped message is sent again, for it was not answered."""
    monkeypatch.setattr(writer, "QUEUE_MESSAGES", 50)
    box = add_box(impatient.engine)
    for number in range(200):
        box.rate(4, 4, number)
    hub = run(impatient)
    other = sqlite3.connect(impatient.engine.url.database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        hub.send(box.state(1))
        wait_until(hub.trouble)
        sent = [hub.send(box.journal(seq, 5_000, 1)) for seq in range(1, 202)]
        assert sent == [True] * 50 + [False] * 151
        assert hub.trouble("queue").startswith("more messages than the database can take")
        assert impatient.health.counts()["dropped", "queue_full"] == 151
    finally:
        other.close()
    wait_until(lambda: count(reading(impatient.engine), schema.entry) == 50)
    wait_until(lambda: not impatient.health.troubles())
    for first in range(33, 202, 32):
        hub.send(box.journal(first, 6_000))
    wait_until(lambda: count(reading(impatient.engine), schema.entry) == 201)
    assert rated(reading(impatient.engine)) == 200


def test_postgresql_killed_in_the_middle_is_waited_for(postgres, run):
    """ACK-009: the connections are cut under the writer; the next batch makes new ones."""
    engine = open_engine(postgres.new_database())
    store_engine.migrate(engine)
    desk = Desk(engine)
    box = add_box(engine)
    hub = run(desk)
    for seq in range(1, 6):
        hub.send(box.journal(seq, 5_000, 1))
        wait_until(lambda wanted=seq: len(desk.answers) == wanted)
        box.rate(4, 4, seq)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    assert box.read(*desk.answers[-1])["seq"] == 5
    assert rated(engine) == 4
    hub.writer.stop()
    engine.dispose()
