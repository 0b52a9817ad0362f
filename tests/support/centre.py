"""A centre with a box on paper, and a writer that takes what the box says."""

import secrets
from dataclasses import dataclass, field

from onedoor_hub.context import utc_ms
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.health import Health
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.live import Live
from onedoor_hub.store import devices, schema
from onedoor_protocol.errors import ProtocolError
from sqlalchemy import Engine, func, select


def add_box(engine: Engine, centre: str = "vientiane", counter: int = 3) -> PaperDevice:
    """Add a device the way the command does, and stand in for it on paper."""
    with engine.begin() as connection:
        number = devices.ensure_centre(connection, centre, utc_ms())
        devices.ensure_counter(connection, number, counter)
        device_id, key = devices.add_device(connection, number, counter, utc_ms())
    box = PaperDevice(centre, device_id, key, secrets.token_bytes(8))
    box.start_boot()
    return box


def count(engine: Engine, table, *where) -> int:
    """Rows of a table."""
    with engine.begin() as connection:
        query = select(func.count()).select_from(table).where(*where)
        return connection.scalar(query) or 0


def rated(engine: Engine) -> int:
    """Ratings in the daily tallies; raises AssertionError unless they equal a recount."""
    with engine.begin() as connection:
        tally = connection.scalar(select(func.sum(schema.tally_day.c.n))) or 0
        recount = connection.scalar(
            select(func.count()).select_from(schema.entry).where(schema.entry.c.kind == 2)
        )
    if tally != recount:
        raise AssertionError(f"tallies hold {tally} ratings, the entries {recount}")
    return tally


@dataclass
class Desk:
    """A running writer whose answers are collected."""

    engine: Engine
    now_ms: int = 1_790_000_000_000
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    health: Health = field(default_factory=Health)
    live: Live = field(default_factory=Live)

    def __post_init__(self):
        self._writer: Writer | None = None

    def take(self, *messages: tuple[str, bytes], retained: bool = False) -> list:
        """Let the writer take messages and end; returns the answers it gave."""
        before = len(self.answers)
        writer = Writer(
            self.engine,
            lambda topic, payload: self.answers.append((topic, payload)),
            self.live,
            self.health,
            lambda: self.now_ms,
        )
        writer.start()
        for topic, payload in messages:
            if not writer.submit(Arrival(topic, payload, self.now_ms, retained)):
                raise AssertionError("the writer's queue is full")
        writer.stop()
        return self.answers[before:]

    def refused(self) -> dict[str, int]:
        """How many messages were refused, by reason."""
        return {label: n for (name, label), n in self.health.counts().items() if name == "refused"}


def answer_to(box: PaperDevice, answers: list[tuple[str, bytes]]) -> dict:
    """The one authentic answer to a box among answers; raises where there is not exactly one."""
    found = []
    for topic, payload in answers:
        try:
            found.append(box.read(topic, payload))
        except ProtocolError:
            continue
    if len(found) != 1:
        raise AssertionError(f"expected one answer to {box.device}, got {found}")
    return found[0]
