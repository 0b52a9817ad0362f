"""Simulated citizens: how many come to a counter, when, and what they think of it.

Visits are of the size of Huduma Mombasa (1,200 visitors a day and 45 officers: 27 visits an
officer and day), opinions are invented so that each verdict occurs.
"""

import random
from dataclasses import dataclass

OPENS_HOUR = 8
# Share of a day's visits by hour from opening on: a morning peak and a quiet lunch.
HOUR_WEIGHTS = (14, 17, 16, 12, 7, 9, 11, 9, 5)


@dataclass(frozen=True)
class Counter:
    """A counter's service and public: mean ratings a day, and weights of poor … excellent."""

    name: str
    ratings_a_day: float
    weights: tuple[int, int, int, int]


COUNTERS = (
    Counter("Passports", 38, (0, 1, 22, 77)),
    Counter("Identity cards", 34, (1, 4, 27, 68)),
    Counter("Business registration", 27, (2, 3, 31, 64)),
    Counter("Driving licences", 31, (9, 12, 37, 42)),
    Counter("Birth certificates", 24, (0, 1, 19, 80)),
    Counter("Land titles", 2, (1, 3, 36, 60)),
)


def counter(number: int) -> Counter:
    """The counter of a number from 1 on; beyond the table they repeat."""
    return COUNTERS[(number - 1) % len(COUNTERS)]


def opinion(who: random.Random, of: Counter) -> int:
    """What one citizen presses: 1 poor, 2 fair, 3 good, 4 excellent."""
    return who.choices((1, 2, 3, 4), of.weights)[0]


def moments(who: random.Random, of: Counter, weekday: int) -> list[int]:
    """Milliseconds after opening at which a day's citizens rate; none on Sunday (weekday 6)."""
    if weekday == 6:
        return []
    busy = of.ratings_a_day * (0.5 if weekday == 5 else 1.0) * who.uniform(0.8, 1.2)
    hours = who.choices(range(len(HOUR_WEIGHTS)), HOUR_WEIGHTS, k=round(busy + who.random() - 0.5))
    return sorted(int((hour + who.random()) * 3_600_000) for hour in hours)
