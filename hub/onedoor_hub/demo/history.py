"""Thirty days that never were, through the real ingest: sealed messages, checked and counted."""

import datetime
import random
import zoneinfo
from collections.abc import Callable, Iterator

from onedoor_protocol import messages

from onedoor_hub.demo import people
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.ingest.gate import Arrival

_BOOT_BEFORE_OPENING_MS = 30 * 60 * 1000


def opening_ms(day: datetime.date, time_zone: str) -> int:
    """UTC milliseconds at which the centre opens on a day."""
    opens = datetime.datetime.combine(
        day, datetime.time(people.OPENS_HOUR), zoneinfo.ZoneInfo(time_zone)
    )
    return int(opens.timestamp() * 1000)


def one_day(
    box: PaperDevice, counter: int, day: datetime.date, time_zone: str, now_ms: int, seed: int
) -> Iterator[Arrival]:
    """The messages of a box on a day up to ``now_ms``, as a hub would have received them then."""
    who = random.Random(f"{seed} {counter} {day}")
    of = people.counter(counter)
    opens_ms = opening_ms(day, time_zone)
    moments = [t for t in people.moments(who, of, day.weekday()) if opens_ms + t < now_ms]
    if not moments:
        return
    first = len(box.entries) + 1
    box.start_boot()
    for moment in moments:
        box.rate(people.opinion(who, of), 4, _BOOT_BEFORE_OPENING_MS + moment)
    booted_ms = opens_ms - _BOOT_BEFORE_OPENING_MS
    while first <= len(box.entries):
        last = min(first + messages.MAX_ENTRIES - 1, len(box.entries))
        sent_ms = box.entries[last - 1][1] + 20
        heard = (1_000, booted_ms + 1_000)
        topic, payload = box.journal(first, sent_ms, heard=heard)
        yield Arrival(topic, payload, booted_ms + sent_ms + 5)
        first = last + 1


def write_history(
    boxes: dict[int, PaperDevice],
    days: int,
    time_zone: str,
    now_ms: int,
    seed: int,
    take: Callable[[Arrival], bool],
    done: Callable[[int], None],
) -> None:
    """Hand the history of boxes (by counter) over the last ``days`` days, today included, to
    ``take``; ``done(1)`` is called after each day."""
    today = datetime.datetime.fromtimestamp(now_ms / 1000, zoneinfo.ZoneInfo(time_zone)).date()
    for back in range(days - 1, -1, -1):
        day = today - datetime.timedelta(days=back)
        for counter, box in boxes.items():
            for arrival in one_day(box, counter, day, time_zone, now_ms, seed):
                if not take(arrival):
                    raise RuntimeError("the history came faster than the hub could store it")
        done(1)
