"""One line a figure: what was measured, beside what, and whether the goal is met."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Row:
    """A figure. ``at_least`` and ``at_most`` are goals for its ratio to the baseline."""

    figure: str
    value: float
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    goal: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Figure by baseline, of the same run."""
        return self.value / self.baseline_value if self.baseline_value else None

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        ratio, goals, verdicts = self.ratio, [], []
        if self.goal:
            goals.append(self.goal)
            verdicts.append(self.met)
        if self.at_least is not None and ratio is not None:
            goals.append(f"ratio ≥ {self.at_least:g}")
            verdicts.append(ratio >= self.at_least)
        if self.at_most is not None and ratio is not None:
            goals.append(f"ratio ≤ {self.at_most:g}")
            verdicts.append(ratio <= self.at_most)
        verdict = "" if not verdicts else "met" if all(verdicts) else "MISSED"
        beside = "" if self.baseline_value is None else f"{_short(self.baseline_value)}{self.unit}"
        return (
            self.figure,
            f"{_short(self.value)}{self.unit}",
            beside,
            self.baseline,
            "" if ratio is None else f"{ratio:.2f}",
            ", ".join(goals),
            verdict,
        )


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


HEAD = ("figure", "value", "beside", "which is", "ratio", "goal", "")


def show(rows: Iterable[Row]) -> str:
    """A table in text."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    numbers = (1, 2, 4)
    text = []
    for line in lines:
        cells = [
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
