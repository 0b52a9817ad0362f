"""Clocks that jump, the hub's and the boxes': counts and order stay right, and a time is either
unknown or, with its error, what a clock of the hub said then."""

import itertools
import random

import pytest
from onedoor_device.clock import HubTime, Ticks
from onedoor_hub.app import create_app
from onedoor_hub.context import Hub
from onedoor_hub.proof.days import close_days
from onedoor_hub.store import schema
from onedoor_hub.store.engine import reading
from sqlalchemy import select

from tests.faults import counts
from tests.faults.whole import check_whole
from tests.support.centre import Desk, add_box

TODAY_MS = 1_795_156_200_000
HOUR_MS, YEAR_MS = 3_600_000, 365 * 24 * 3_600_000
IN_2021_MS = 1_609_459_200_000
WRAP_MS = 2**30
BOXES = 4
# A millisecond each way, because clocks are read in whole ones.
ROUNDING_MS = 2

JUMPS = (
    "hub to 2021",
    "hub right",
    "hub + 1 h",
    "box reboots",
    "hub - 1 h",
    "hub right",
    "hub + 10 years",
    "box + 1 h",
    "hub - 10 years",
    "hub right",
    "box - 1 h",
    "box + 10 years",
)


class World:
    """True time, the hub's clock beside it, and boxes with counters that wrap."""

    def __init__(self, engine, seed):
        self.chance = random.Random(seed)
        self.true_ms = 0
        self.offset_ms = TODAY_MS
        self.offsets_ms = {TODAY_MS}  # that the hub's clock has had
        self.desk = Desk(engine)
        self.boxes = [Box(add_box(engine, counter=1 + n), self) for n in range(BOXES)]

    @property
    def hub_ms(self) -> int:
        return self.true_ms + self.offset_ms

    def pass_time(self, ms: int) -> None:
        """Let time pass; each box's timer ticks meanwhile."""
        self.true_ms += ms
        for box in self.boxes:
            box.tick()

    def set_hub(self, to: str) -> None:
        if to == "right":
            self.offset_ms = TODAY_MS
        elif to == "to 2021":
            self.offset_ms = IN_2021_MS - self.true_ms
        else:
            sign, number, unit = to.split()
            length_ms = HOUR_MS if unit == "h" else YEAR_MS
            self.offset_ms = TODAY_MS + int(sign + number) * length_ms
        self.offsets_ms.add(self.offset_ms)

    def exchange(self) -> None:
        """Each box sends what is not acknowledged, and hears the answer unless it is lost."""
        for box in [box for box in self.boxes if box.waiting]:
            message = box.message()
            self.pass_time(self.chance.randrange(1, 400))
            self.desk.now_ms = self.hub_ms
            answers = self.desk.take(message)
            self.pass_time(self.chance.randrange(1, 400))
            if self.chance.random() < 0.8:
                box.hear(answers)


class Box:
    """A box on paper with a box's own clock."""

    def __init__(self, paper, world):
        self.paper, self.world = paper, world
        self.acked = 0
        self.true_ms = {}  # of each entry
        self._boot(world.chance)

    def _boot(self, chance):
        self.hub_time = HubTime()
        self.shift_ms = 0
        # So that it wraps within the test; a real one begins at 0 and wraps after 12 days.
        self._counter = WRAP_MS - chance.randrange(1, 60_000)
        self._ticks = Ticks(self._counter)
        self._booted_ms = self._ticked_ms = self.world.true_ms
        self.true_ms[len(self.paper.entries)] = self.world.true_ms

    @property
    def now_ms(self) -> int:
        return max(0, self._ticks.now_ms + self.shift_ms)

    @property
    def waiting(self) -> bool:
        """True where an entry is not acknowledged."""
        return self.acked < len(self.paper.entries)

    def tick(self) -> None:
        self._counter = (self._counter + self.world.true_ms - self._ticked_ms) % WRAP_MS
        self._ticked_ms = self.world.true_ms
        elapsed_ms = self._ticks.extend(self._counter)
        assert elapsed_ms == self.world.true_ms - self._booted_ms

    def rate(self, value: int) -> None:
        seq = self.paper.rate(value, 4, self.now_ms)
        self.true_ms[seq] = self.world.true_ms

    def reboot(self) -> None:
        self.paper.start_boot()
        self._boot(self.world.chance)

    def message(self):
        heard = self.hub_time.heard
        self.hub_time.sent(self.now_ms)
        return self.paper.journal(self.acked + 1, self.now_ms, heard=heard)

    def hear(self, answers) -> None:
        for topic, payload in answers:
            ack = self.paper.read(topic, payload)
            if ack["boot"] == self.paper.boot and self.hub_time.known(ack["re"]):
                self.hub_time.take(ack["re"], ack["utc"], self.now_ms)
                self.acked = max(self.acked, ack["seq"])


def jump(world, how, moved):
    """Make one jump; boxes whose own clock jumped are noted in ``moved``."""
    who, _, what = how.partition(" ")
    if who == "hub":
        world.set_hub(what)
        return
    box = world.chance.choice(world.boxes)
    if what == "reboots":
        box.reboot()
        return
    sign, number, unit = what.split()
    box.shift_ms += int(sign + number) * (HOUR_MS if unit == "h" else YEAR_MS)
    moved.add(box.paper.device)


@pytest.mark.parametrize("seed", [1, 2] if counts.FULL else [1])
def test_counts_and_order_are_right_whatever_the_clocks_do(sqlite_engine, seed):
    world = World(sqlite_engine, seed)
    moved = set()
    hub = Hub(reading(sqlite_engine), world.desk.live, world.desk.health, lambda: world.hub_ms)
    pages = create_app(hub).test_client()
    for how in itertools.islice(itertools.cycle(JUMPS), counts.CLOCK_JUMPS):
        for _ in range(3):
            for box in world.boxes:
                for _ in range(world.chance.randrange(3)):
                    world.pass_time(world.chance.randrange(1, 5_000))
                    box.rate(world.chance.randint(1, 4))
            world.exchange()
        jump(world, how, moved)
        close_days(sqlite_engine, world.hub_ms)
        assert pages.get("/").status_code == 200
        assert pages.get("/healthz").status_code == 200
    while any(box.waiting for box in world.boxes):
        world.exchange()
    close_days(sqlite_engine, world.hub_ms + 2 * 24 * HOUR_MS)
    assert world.desk.refused() == {}
    check_whole(sqlite_engine, [box.paper for box in world.boxes])
    known = check_times(sqlite_engine, world, moved)
    print(f"{counts.CLOCK_JUMPS} jumps, {known} times known")


def check_times(engine, world, moved) -> int:
    """Each known time is, with its error, what a clock of the hub said; how many are known."""
    wrong, known = [], 0
    entry, stream = schema.entry, schema.stream
    query = (
        select(entry, stream.c.device)
        .join(stream, stream.c.id == entry.c.stream)
        .order_by(entry.c.stream, entry.c.seq)
    )
    boxes = {box.paper.device: box for box in world.boxes}
    with engine.begin() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        if row.utc_ms is None:
            assert row.error_ms is None
            continue
        known += 1
        if row.device in moved:
            continue  # its own clock cannot be told from a jump of the hub's
        true_ms = boxes[row.device].true_ms[row.seq]
        off_ms = min(abs(row.utc_ms - true_ms - offset) for offset in world.offsets_ms)
        if off_ms > row.error_ms + ROUNDING_MS:
            wrong.append((row.device, row.seq, row.utc_ms, row.error_ms, off_ms))
    for before, after in itertools.pairwise(rows):
        together = (before.device, before.boot, before.received_ms)
        if together == (after.device, after.boot, after.received_ms) and before.t_ms <= after.t_ms:
            assert (before.utc_ms is None) == (after.utc_ms is None)
            assert before.utc_ms is None or before.utc_ms <= after.utc_ms
    assert wrong == []
    assert known > len(rows) // 3
    return known
