"""What ratings say, and how surely: pure arithmetic on counts, no database, no clock.

Counts are mappings of (scale, value) to how many: scale 4 or 5 buttons, value 1 (worst) to
``scale`` (best).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# Two-sided 95 % quantile of the standard normal distribution.
Z_95 = 1.959963984540054

MET, NOT_MET, TOO_FEW = "met", "not met", "too few"

Counts = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Score:
    """One set of ratings, summed up.

    ``share`` and the 95 % interval ``low``..``high`` lie in 0..1 and are None without ratings;
    ``happy_index`` lies in 0..100 and is None without ratings; ``verdict`` is one of MET,
    NOT_MET, TOO_FEW.
    """

    ratings: int
    satisfied: int
    share: float | None
    low: float | None
    high: float | None
    verdict: str
    happy_index: float | None


def is_satisfied(scale: int, value: int) -> bool:
    """True for the upper two values of a 4- or 5-point scale (top-two-box, the headline)."""
    return value > scale - 2


def wilson(satisfied: int, ratings: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval of a share, as (low, high) in 0..1; (0, 1) when nothing is known.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927) 209-212. Without continuity
    correction, as recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001) 101-133.
    Raises ValueError unless 0 <= satisfied <= ratings.
    """
    if not 0 <= satisfied <= ratings:
        raise ValueError(f"{satisfied} satisfied of {ratings} ratings cannot be")
    if ratings == 0:
        return 0.0, 1.0
    share = satisfied / ratings
    shrink = 1 + z * z / ratings
    middle = (share + z * z / (2 * ratings)) / shrink
    half = z * math.sqrt(share * (1 - share) / ratings + (z / (2 * ratings)) ** 2) / shrink
    # At the ends the exact bound is 0 or 1; rounding must not leave 0.9999999999999999.
    low = 0.0 if satisfied == 0 else max(0.0, middle - half)
    high = 1.0 if satisfied == ratings else min(1.0, middle + half)
    return low, high


def verdict(low: float, high: float, target: float) -> str:
    """Whether a target share (0..1) is surely MET, surely NOT_MET, or TOO_FEW ratings to say."""
    if low >= target:
        return MET
    if high < target:
        return NOT_MET
    return TOO_FEW


def happy_index(counts: Counts) -> float | None:
    """Mean rating with the scale's values spaced equally from 0 (worst) to 100 (best).

    HappyOrNot's Happy Index: 100, 66.7, 33.3, 0 for four buttons; 100, 75, 50, 25, 0 for five.
    None without ratings.
    """
    ratings = sum(counts.values())
    if ratings == 0:
        return None
    points = sum(n * (value - 1) / (scale - 1) for (scale, value), n in counts.items())
    return 100 * points / ratings


def summarise(counts: Counts, target: float) -> Score:
    """The Score of counts against a target share (0..1). 4- and 5-point ratings may be mixed."""
    ratings = sum(counts.values())
    satisfied = sum(n for (scale, value), n in counts.items() if is_satisfied(scale, value))
    if ratings == 0:
        return Score(0, 0, None, None, None, TOO_FEW, None)
    low, high = wilson(satisfied, ratings)
    return Score(
        ratings=ratings,
        satisfied=satisfied,
        share=satisfied / ratings,
        low=low,
        high=high,
        verdict=verdict(low, high, target),
        happy_index=happy_index(counts),
    )
