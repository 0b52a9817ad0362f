"""Where things lie in the server-made pictures; the templates draw them as SVG.

Lengths are percentages of the picture, so that it fits any width while its text keeps its size.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from onedoor_hub import scores
from onedoor_hub.pages.language import HOUR_MS, LocalTime

# The hours that a day's picture always shows, pressed or not.
_OPEN_FROM, _OPEN_TO = 8, 16
_TOPS = (4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000)


def along(share: float | None) -> str:
    """A share in 0..1 as an SVG length."""
    return f"{100 * (share or 0):.2f}%"


@dataclass(frozen=True)
class Hour:
    """One column: its counts, its place and the heights of its two parts, as shares."""

    label: str
    score: scores.Score
    left: float
    width: float
    satisfied: float
    unsatisfied: float


@dataclass(frozen=True)
class Hours:
    """Ratings hour by hour; ``top`` is the count at the picture's upper edge."""

    columns: list[Hour]
    top: int


def hours(clock: LocalTime, counts: Mapping[int, scores.Counts], target: float) -> Hours:
    """Today's ratings by hour: opening hours, and any hour with a rating."""
    today = clock.hours_of_today()
    busy = [hour for hour in today if counts.get(hour)]
    usual = [hour for hour in today if _OPEN_FROM <= clock.at(hour * HOUR_MS).hour <= _OPEN_TO]
    first, last = min(busy + usual), max(busy + usual)
    shown = range(first, last + 1)
    summed = {hour: scores.summarise(counts.get(hour, {}), target) for hour in shown}
    most = max(score.ratings for score in summed.values())
    top = next((top for top in _TOPS if top >= most), most)
    columns = [
        Hour(
            label=clock.hour(hour),
            score=summed[hour],
            left=(place + 0.14) / len(shown),
            width=0.72 / len(shown),
            satisfied=summed[hour].satisfied / top,
            unsatisfied=(summed[hour].ratings - summed[hour].satisfied) / top,
        )
        for place, hour in enumerate(shown)
    ]
    return Hours(columns, top)


@dataclass(frozen=True)
class Day:
    """One day of the trend and its place."""

    label: str
    score: scores.Score
    middle: float


@dataclass(frozen=True)
class Trend:
    """Daily scores with their intervals.

    ``bands`` are polygons in a view box 1000 wide and high; ``bottom`` is the share at the
    picture's lower edge, ``floor`` what lies there as text.
    """

    days: list[Day]
    bands: list[str]
    bottom: float

    def height(self, share: float) -> float:
        """How far below the upper edge a share lies, as a share of the picture."""
        return min(1.0, (1 - share) / (1 - self.bottom))


def trend(clock: LocalTime, counts: Mapping[int, scores.Counts], days: int, target: float) -> Trend:
    """The last ``days`` local days, today included. A day without ratings leaves a gap."""
    shown = range(clock.today - days + 1, clock.today + 1)
    drawn = [
        Day(
            label=clock.day(day),
            score=scores.summarise(counts.get(day, {}), target),
            middle=(place + 0.5) / days,
        )
        for place, day in enumerate(shown)
    ]
    lowest = min([day.score.low for day in drawn if day.score.low is not None] + [target])
    picture = Trend(drawn, [], 0.5 if lowest >= 0.5 else 0.0)
    run: list[Day] = []
    for day in [*drawn, None]:
        if day is not None and day.score.ratings:
            run.append(day)
        elif run:
            picture.bands.append(_band(run, picture, 0.5 / days))
            run = []
    return picture


def _band(run: list[Day], picture: Trend, half: float) -> str:
    """The polygon around the intervals of consecutive days, half a day wider at both ends."""
    places = [run[0].middle - half, *(day.middle for day in run), run[-1].middle + half]
    padded = [run[0], *run, run[-1]]
    upper = [
        (x, picture.height(day.score.high or 0)) for x, day in zip(places, padded, strict=True)
    ]
    lower = [(x, picture.height(day.score.low or 0)) for x, day in zip(places, padded, strict=True)]
    return " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in upper + lower[::-1])
