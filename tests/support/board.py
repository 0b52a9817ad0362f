"""A centre with tallies written straight into the database, and its pages served."""

import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from onedoor_hub.app import create_app
from onedoor_hub.context import Hub
from onedoor_hub.health import Health
from onedoor_hub.live import Live
from onedoor_hub.store import devices, schema
from onedoor_hub.store.engine import reading
from onedoor_hub.store.tallies import Tallies
from sqlalchemy import Engine, insert, select, update
from werkzeug.serving import make_server

NOW_MS = 1_795_156_200_000  # Friday 20 November 2026, 13:30 at Vientiane
DAY_MS = 24 * 3_600_000
ZONE = "Asia/Vientiane"


@dataclass
class Centre:
    """One centre being filled; ``now_ms`` is what its hub's clock says."""

    engine: Engine
    id: str = "vientiane"
    name: str = "Vientiane One-Door Centre"
    now_ms: int = NOW_MS
    live: Live = field(default_factory=Live)
    health: Health = field(default_factory=Health)

    def __post_init__(self):
        with self.engine.begin() as connection:
            self.no = devices.ensure_centre(connection, self.id, self.now_ms, self.name, ZONE)

    def hub(self) -> Hub:
        """What create_app is given."""
        return Hub(reading(self.engine), self.live, self.health, lambda: self.now_ms)

    def add_counter(self, number: int, name: str = "", box: str | None = None, **said) -> str:
        """A counter with a box; ``said`` is what the box's state said, nothing: never heard."""
        box = box or f"box-{number}-abcdef"
        with self.engine.begin() as connection:
            devices.ensure_counter(connection, self.no, number)
            connection.execute(
                update(schema.counter)
                .where(schema.counter.c.centre == self.no, schema.counter.c.number == number)
                .values(name=name)
            )
            row = {"id": box, "centre": self.no, "counter": number, "kind": "box"}
            row |= {"key": bytes(32), "status": "active", "created_ms": 0, "changed_ms": 0}
            connection.execute(insert(schema.device).values(row))
            if said:
                state = {"device": box, "online": 1, "last_seen_ms": self.now_ms}
                state |= {"incarnation": "00" * 8, "boot": 1, "fw": "0.1.0", "impl": "micropython"}
                state |= {"seq": 0, "buttons": 4, "refused": 0, "faults": ""}
                connection.execute(insert(schema.device_state).values(state | said))
        return box

    def arrived(self, box: str, received: int, highest: int) -> None:
        """Say how many entries of a box's journal are stored, and the highest of them."""
        row = {"centre": self.no, "device": box, "incarnation": "00" * 8, "first_seen_ms": 0}
        row |= {"contiguous_seq": received, "contiguous_chain": bytes(16)}
        row |= {"highest_seq": highest, "received": received}
        state = schema.device_state
        with self.engine.begin() as connection:
            said = select(state.c.seq).where(state.c.device == box)
            row["announced_seq"] = connection.scalar(said) or 0
            connection.execute(insert(schema.stream).values(row))

    def rate(self, counter: int, *values: int, ago_ms: int | None = 0, scale: int = 4) -> None:
        """Count ratings so long ago; None: at an unknown time."""
        tallies = Tallies()
        at_ms = None if ago_ms is None else self.now_ms - ago_ms
        for value in values:
            tallies.count(self.no, counter, ZONE, at_ms, scale, value)
        with self.engine.begin() as connection:
            tallies.write(connection)

    def fill(self, shares: dict[int, float], days: int = 30, a_day: int = 40, seed: int = 1):
        """Plausible ratings: working days, 8 to 16, each counter with its satisfied share."""
        chance = random.Random(seed)
        tallies = Tallies()
        midnight_ms = self.now_ms - (self.now_ms + 7 * 3_600_000) % DAY_MS
        for counter, share in shares.items():
            for day in range(days):
                start_ms = midnight_ms - day * DAY_MS
                if (start_ms // DAY_MS + 1 + 4) % 7 in (0, 6):
                    continue  # the week's end
                for _ in range(chance.randint(a_day // 2, a_day * 3 // 2)):
                    at_ms = start_ms + round(chance.uniform(8, 16) * 3_600_000)
                    if at_ms > self.now_ms:
                        continue
                    good = chance.random() < share
                    value = chance.choice((4, 4, 3)) if good else chance.choice((1, 2, 2))
                    tallies.count(self.no, counter, ZONE, at_ms, 4, value)
        with self.engine.begin() as connection:
            tallies.write(connection)


def example(engine: Engine) -> Centre:
    """A centre in which every kind of state is to be seen."""
    centre = Centre(engine)
    names = ("Passports", "Land titles", "ທະບຽນລົດ · Vehicle registration", "", "Civil registry")
    for number, name in enumerate(names, 1):
        online = 0 if number == 4 else 1
        box = centre.add_counter(number, name, online=online, seq=1842)
        arrived = 1830 if number == 2 else 1842
        centre.arrived(box, arrived, arrived)
    centre.add_counter(6, "Business licences")
    centre.fill({1: 0.985, 2: 0.83, 3: 0.955, 4: 0.97, 5: 0.93})
    centre.rate(2, 4, 4, 1, ago_ms=None)
    return centre


@contextmanager
def served(centre: Centre):
    """The address of the centre's pages, served by threads until the block ends."""
    server = make_server("127.0.0.1", 0, create_app(centre.hub()), threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
