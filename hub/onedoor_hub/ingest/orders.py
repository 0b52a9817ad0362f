"""The hub's word to devices on its own account: configuration, and entries asked for again.

A thread that looks into the database once a second, so that what another process changed there
(``onedoor device configure``) is noticed too, and that ages gaps.
"""

import threading
import time
from collections.abc import Callable

import structlog
from onedoor_protocol import codec, topics
from sqlalchemy import Connection, Engine

from onedoor_hub.ingest.asking import Asking, Hole
from onedoor_hub.ingest.clock_watch import ClockWatch
from onedoor_hub.ingest.presence import SILENT_S, Presence
from onedoor_hub.store import devices, gaps, orders
from onedoor_hub.store.engine import reading

LOOK_S = 1.0
AGE_S = 60

# A box that was away for weeks still has its entries: so long is waited, and only while a hub runs
# and the box is there, before the later ones may leave the box without them.
MISSING_AFTER_S = 7 * 24 * 3600
# … and the box must have been asked this often.
MISSING_AFTER_ASKS = 3

# Holes behind the first one that are asked for with it: as many entries as 8 messages hold.
_TOGETHER = 256

log = structlog.get_logger()


def steady_s() -> float:
    """Seconds on a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Orders:
    """``publish(topic, payload)`` sends; ``session()`` is the number of the present connection to
    the broker, 0 for none; ``clock_ms()`` is the hub's UTC time, ``steady()`` seconds."""

    def __init__(
        self,
        engine: Engine,
        publish: Callable[[str, bytes], None],
        session: Callable[[], int],
        clock_ms: Callable[[], int],
        watch: ClockWatch,
        steady: Callable[[], float] = steady_s,
    ):
        self._engine = engine
        self._publish = publish
        self._session = session
        self._clock_ms = clock_ms
        self._watch = watch
        self._steady = steady
        self._asking = Asking()
        self._presence = Presence()
        self._told_in = 0  # session in which devices were told their configuration
        self._told: dict[str, int] = {}  # revisions
        self._version: tuple | None = None
        self._aged_s = steady()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orders", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        failed = ""
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
                failed = ""
            except Exception as error:  # what is due stays due, and is tried again
                reason = ascii(getattr(error, "orig", None) or error)
                if reason != failed:
                    log.warning("devices are not told now", reason=reason)
                failed = reason

    def look(self) -> None:
        """Do what is due now. Raises sqlalchemy's errors where the database refuses."""
        self._watch.look(self._clock_ms(), self._steady())
        session = self._session()
        with reading(self._engine).begin() as connection:
            desired = self._changed(connection, session)
            lowest = {row.stream: row for row in gaps.lowest_open(connection)} if session else {}
            hopeless = gaps.hopeless(connection, MISSING_AFTER_S, MISSING_AFTER_ASKS)
        self._configure(desired)
        holes = {
            stream: Hole(row.device, row.incarnation, row.boot, row.first, row.last)
            for stream, row in lowest.items()
        }
        due = set(self._asking.due(holes.values(), self._steady()))
        for stream, hole in holes.items():
            if hole in due:
                self._ask(lowest[stream])
        for stream in hopeless:
            with self._engine.begin() as connection:
                n = gaps.declare_missing(connection, stream, MISSING_AFTER_S, MISSING_AFTER_ASKS)
            log.warning("entries declared missing", stream=stream, entries=n)
        self._age(
            [
                row.stream
                for row in lowest.values()
                if self._presence.there(row.device, row.last_seen_ms, self._steady())
            ]
        )

    def _changed(self, connection: Connection, session: int) -> list[orders.Desired]:
        """Configurations to send: all on a new connection, else those of a new revision."""
        if not session:
            return []
        if session != self._told_in:
            self._told, self._version = {}, None
        self._told_in = session
        version = orders.version(connection)
        if version == self._version:
            return []
        self._version = version
        return [one for one in orders.load(connection) if self._told.get(one.device) != one.rev]

    def _configure(self, desired: list[orders.Desired]) -> None:
        if not desired:
            return
        with reading(self._engine).begin() as connection:
            known = devices.load_devices(connection, [one.device for one in desired])
        for one in desired:
            body = {"rev": one.rev, "lockout_ms": one.lockout_ms, "thanks_ms": one.thanks_ms}
            self._send(known[one.device], "desired", body)
            self._told[one.device] = one.rev

    def _ask(self, row) -> None:
        """Ask for the lowest hole of a stream, and for those close behind it."""
        with self._engine.begin() as connection:
            now_ms = self._clock_ms()
            last = gaps.note_asked(connection, row, row.first + _TOGETHER - 1, now_ms)
            if not last:
                return
            number = orders.next_command(connection, row.device, now_ms)
            device = devices.load_devices(connection, [row.device])[row.device]
        body = {"inc": row.incarnation, "boot": row.boot, "n": number}
        self._send(device, "command", body | {"do": "resend", "first": row.first, "last": last})
        log.info("entries asked for", device=row.device, first=row.first, last=last)

    def _send(self, device: devices.Device, channel: str, body: dict) -> None:
        topic = topics.topic(device.centre, device.id, channel)
        self._publish(topic, codec.seal(topic, codec.encode(channel, body), device.mac))

    def _age(self, present: list[int]) -> None:
        waited_s = int(self._steady() - self._aged_s)
        if waited_s >= AGE_S:
            with self._engine.begin() as connection:
                gaps.add_waiting(connection, waited_s, present, min(waited_s, SILENT_S))
            self._aged_s += waited_s
