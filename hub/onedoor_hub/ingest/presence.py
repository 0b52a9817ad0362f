"""Is a box really there? What the database says of it may be the word of a box long gone.

Where broker and box lose their power in one instant nobody says 'offline'. Pure: times come in.
"""

# A connected box says something at least every 10 minutes (STA-004).
SILENT_S = 15 * 60


class Presence:
    """Remembers of each device when this process last saw that it had been heard."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[int, float | None]] = {}

    def there(self, device: str, last_seen_ms: int, now_s: float) -> bool:
        """True where the device was heard within SILENT_S of ``now_s``, on a steady clock.

        ``last_seen_ms`` is only compared with what it was: the clock it is of may have been set.
        """
        known = self._heard.get(device)
        if known is None or known[0] != last_seen_ms:
            self._heard[device] = known = last_seen_ms, None if known is None else now_s
        return known[1] is not None and now_s - known[1] <= SILENT_S
