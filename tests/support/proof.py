"""A centre with two days of ratings, closed under their roots, for the tests of the proof."""

import datetime
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.proof.days import close_days
from onedoor_hub.store import devices
from onedoor_hub.store.engine import snapshot
from onedoor_hub.verify import Verification
from sqlalchemy import Engine

from tests.support.centre import Desk, add_box

ZONE = "Asia/Vientiane"
FIRST_DAY = datetime.date(2026, 11, 19)
DAY_MS = 24 * 3_600_000


def at_ms(day: datetime.date, hour: float) -> int:
    """UTC ms of a local hour of a day at the centre."""
    midnight = datetime.datetime.combine(day, datetime.time(), ZoneInfo(ZONE))
    return round(midnight.timestamp() * 1000 + hour * 3_600_000)


def differences(engine: Engine) -> list[str]:
    """What ``onedoor verify`` finds."""
    with snapshot(engine) as connection:
        return list(Verification(connection).differences())


@dataclass
class Days:
    """Boxes at counters 2, 3 and 4 (two of them at 3), and the desk that takes what they say."""

    engine: Engine
    boxes: list[PaperDevice] = field(default_factory=list)

    def __post_init__(self):
        self.desk = Desk(self.engine)
        with self.engine.begin() as connection:
            devices.ensure_centre(connection, "vientiane", 0, time_zone=ZONE)
        self.boxes = [add_box(self.engine, counter=number) for number in (2, 3, 3, 4)]
        for back, day in enumerate((FIRST_DAY, FIRST_DAY + datetime.timedelta(1))):
            for number, box in enumerate(self.boxes):
                for press in range(5 + number):
                    box.rate(1 + (press + back) % 4, 4, 1_000 + (back * 100 + press) * 1_000)
                self.receive(box, at_ms(day, 10 + number))

    def receive(self, box: PaperDevice, now_ms: int, first: int | None = None) -> None:
        """The hub receives a box's journal, from ``first`` on or all of it, at ``now_ms``."""
        self.desk.now_ms = now_ms
        device_ms = box.entries[-1][1] + 500
        firsts = range(first or 1, len(box.entries) + 1, 32)
        heard = (device_ms - 100, now_ms - 100)
        self.desk.take(*[box.journal(one, device_ms, heard=heard) for one in firsts])

    def close(self, day: datetime.date, hour: float = 1) -> list[tuple[str, str, int]]:
        """Make the roots that are due at a local hour of a day."""
        return close_days(self.engine, at_ms(day, hour))

    def close_both(self) -> list[tuple[str, str, int]]:
        """Close the two days as the hub does, each after its end."""
        second = FIRST_DAY + datetime.timedelta(1)
        return self.close(second) + self.close(second + datetime.timedelta(1))
