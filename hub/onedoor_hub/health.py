"""What works and what does not, right now, and what has been counted since the start.

Written by the broker link and the writer, read by the pages, ``/healthz`` and ``/metrics``.
"""

import threading
from collections import Counter


class Health:
    """Troubles that hold now, by part, and counts since the start. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        self._remarks: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def trouble(self, part: str, text: str) -> None:
        """Say what is wrong with a part (``broker``, ``database``, ``queue``) in one line."""
        with self._lock:
            self._troubles[part] = text

    def well(self, part: str) -> None:
        """Take a part's trouble back."""
        with self._lock:
            self._troubles.pop(part, None)

    def troubles(self) -> dict[str, str]:
        """The parts that are in trouble now, with their one-line texts."""
        with self._lock:
            return dict(self._troubles)

    def remark(self, part: str, text: str) -> None:
        """Say what a person should know though the part works; an empty text takes it back."""
        with self._lock:
            self._remarks[part] = text

    def remarks(self) -> dict[str, str]:
        """What a person should know now, by part."""
        with self._lock:
            return {part: text for part, text in self._remarks.items() if text}

    def count(self, name: str, label: str = "", n: int = 1) -> None:
        """Add to a count, e.g. ``count("refused", "mac")``."""
        with self._lock:
            self._counts[name, label] += n

    def counts(self) -> dict[tuple[str, str], int]:
        """Every count since the start, by (name, label)."""
        with self._lock:
            return dict(self._counts)
