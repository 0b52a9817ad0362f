"""The one writer: a bounded queue in, batches to the database, acknowledgements out.

An acknowledgement is made after the commit that stored what it acknowledges, never before: it is
the device's leave to forget (design, "the idea everything hangs on").
"""

import queue
import threading
import time
from collections.abc import Callable

import structlog
from onedoor_protocol import codec, topics
from onedoor_protocol.errors import ProtocolError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from onedoor_hub.health import Health
from onedoor_hub.ingest.gate import Arrival, Message, Refusal, admit
from onedoor_hub.ingest.ledger import Ledger
from onedoor_hub.live import Live
from onedoor_hub.store import devices, refusals

QUEUE_MESSAGES = 10_000
BATCH_ENTRIES = 2000
DEVICES_CHECK_S = 0.2
RETRY_S = (0.1, 0.5, 1.0, 2.0)  # pauses while the database refuses; the last repeats
LOG_EVERY_S = 10.0  # a line for each reason and device; every refusal is counted

# These mean that a device's journal contradicts itself: a person has to look.
FREEZING = ("chain_broken", "entry_changed", "boot_backwards")

_UNDECIDED = (*FREEZING, "frozen")

log = structlog.get_logger()


class Writer:
    """Consumes arrivals on a thread of its own.

    ``answer(topic, payload)`` publishes an acknowledgement; ``clock_ms()`` is the hub's UTC time.
    """

    def __init__(
        self,
        engine: Engine,
        answer: Callable[[str, bytes], None],
        live: Live,
        health: Health,
        clock_ms: Callable[[], int],
    ):
        self._engine = engine
        self._answer = answer
        self._live = live
        self._health = health
        self._clock_ms = clock_ms
        self._queue: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._devices: dict[str, devices.Device] = {}
        self._devices_version: tuple = ()
        self._devices_checked_s = float("-inf")
        self._logged_s: dict[tuple[str, str], float] = {}
        self._failing = ""  # topic of the last message that could not be handled
        self._stopping = threading.Event()
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def submit(self, arrival: Arrival) -> bool:
        """Queue an arrival; False where the queue is full and it was dropped.

        A dropped journal message is not lost: unacknowledged, the device sends it again.
        """
        if self._queue.qsize() >= QUEUE_MESSAGES:
            self._health.count("dropped", "queue_full")
            self._health.trouble("queue", "more messages than the database can take; none is lost")
            return False
        self._queue.put(arrival)
        return True

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, or drop it where the database refuses; then end the thread."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def waiting(self) -> int:
        """Messages queued now."""
        return self._queue.qsize()

    def _run(self) -> None:
        ending = False
        while not ending and not self._given_up:
            batch, ending = self._next_batch()
            try:
                self._take(batch)
            except Exception:  # even where the log cannot be written the writer goes on
                self._health.count("failed", "writer")

    def _next_batch(self) -> tuple[list[Arrival], bool]:
        """What waits, up to BATCH_ENTRIES, at least one; True with it where it is the last."""
        batch: list[Arrival] = []
        room = BATCH_ENTRIES
        while room > 0:
            try:
                arrival = self._queue.get(block=not batch)
            except queue.Empty:
                self._health.well("queue")
                break
            if arrival is None:
                return batch, True
            batch.append(arrival)
            # An entry is at least 20 bytes on the wire: a cheap bound on what the batch holds.
            room -= 1 + len(arrival.payload) // 40
        return batch, False

    def _take(self, batch: list[Arrival]) -> None:
        """Commit a batch, however long the database refuses; then acknowledge.

        Where a message of it cannot be handled, that one is dropped and the others are kept.
        """
        attempt = 0
        while batch and not self._given_up:
            try:
                self._commit(batch)
                self._health.well("database")
                return
            except Exception as error:
                if not _of_the_database(error):
                    self._divide(batch, error)
                    return
                reason = _in_one_line(error)
                self._health.trouble("database", f"cannot store ratings now: {reason}")
                log.warning("database refused a batch", reason=reason, messages=len(batch))
                if self._stopping.wait(RETRY_S[min(attempt, len(RETRY_S) - 1)]):
                    self._given_up = True  # not committed, so not acknowledged: devices keep it
                attempt += 1

    def _divide(self, batch: list[Arrival], error: Exception) -> None:
        """Find the message that cannot be handled and keep the others."""
        if len(batch) > 1:
            middle = len(batch) // 2
            self._take(batch[:middle])
            self._take(batch[middle:])
            return
        topic = ascii(batch[0].topic[:200])
        self._failing = batch[0].topic
        self._health.count("failed", "message")
        self._health.trouble(
            "ingest", f"a message on {topic} is not handled: {_in_one_line(error)}"
        )
        log.error("a message is not handled", topic=topic, exc_info=error)

    def _commit(self, batch: list[Arrival]) -> None:
        now_ms = self._clock_ms()
        refused: list[tuple[Arrival, Refusal]] = []
        admitted: list[Message] = []
        taken: list[Message] = []
        frozen: set[str] = set()
        with self._engine.begin() as connection:
            self._refresh_devices(connection)
            for arrival in batch:
                try:
                    admitted.append(admit(arrival, self._devices))
                except Refusal as refusal:
                    refused.append((arrival, refusal))
            others = {refusal.device.id for _, refusal in refused if refusal.device}
            ledger = Ledger(connection, admitted, others)
            for message in admitted:
                device = message.device
                try:
                    if device.id in frozen:
                        raise ProtocolError("frozen", "device", "by an earlier message")
                    if self._apply(ledger, connection, message):
                        taken.append(message)
                except ProtocolError as error:
                    if error.code in FREEZING:
                        devices.freeze(connection, device.id, str(error), now_ms)
                        frozen.add(device.id)
                    refused.append((message.arrival, message.refusal(error)))
            ledger.close()
            devices.seen(
                connection,
                {m.device.id: m.arrival.received_ms for m in taken if not m.arrival.retained},
            )
            if refused:
                refusals.record(connection, [_refused_row(*pair) for pair in refused], now_ms)
            answers = self._answers(ledger, taken, refused, now_ms)
        if frozen:
            self._devices_checked_s = float("-inf")
        self._count(ledger, taken, refused)
        for topic, payload in answers:
            self._answer(topic, payload)
        changed = {message.device for message in taken if message.channel == "state"}
        changed |= {message.device for message in admitted if message.device.id in frozen}
        self._live.publish(ledger.counted | {(one.centre, one.counter) for one in changed})
        self._log(refused)

    def _count(self, ledger: Ledger, taken, refused) -> None:
        self._health.count("stored", n=ledger.stored)
        for message in taken:
            self._health.count("messages", message.channel)
            if message.topic == self._failing:
                self._failing = ""
                self._health.well("ingest")
        for _, refusal in refused:
            self._health.count("refused", refusal.code)

    def _log(self, refused) -> None:
        now_s = time.monotonic()
        for arrival, refusal in refused:
            key = refusal.code, refusal.device.id if refusal.device else ""
            if now_s - self._logged_s.get(key, float("-inf")) >= LOG_EVERY_S:
                self._logged_s[key] = now_s
                log.warning(
                    "message refused", reason=str(refusal), topic=ascii(arrival.topic[:200])
                )

    def _refresh_devices(self, connection) -> None:
        if time.monotonic() - self._devices_checked_s < DEVICES_CHECK_S:
            return
        version = devices.devices_version(connection)
        if version != self._devices_version:
            self._devices = devices.load_devices(connection)
            self._devices_version = version
        self._devices_checked_s = time.monotonic()

    def _apply(self, ledger: Ledger, connection, message: Message) -> bool:
        """Take what a message says; False where it was said before and changes nothing."""
        if message.channel == "journal":
            ledger.take(message)
            return True
        arrival = message.arrival
        said_now = devices.save_state(
            connection, message.device.id, message.body, arrival.received_ms, arrival.retained
        )
        if said_now:
            ledger.announced(message)
            ledger.observe_clock(message)
        else:
            self._health.count("ignored", "old_state")
        return said_now

    def _answers(self, ledger: Ledger, taken, refused, now_ms: int) -> list:
        """One acknowledgement a boot of a device: for its newest message that wants one."""
        wanted = [(one.device, one.body, None) for one in taken if one.wants_answer]
        wanted += [
            (one.device, one.body, one.code) for _, one in refused if one.device and one.body
        ]
        newest: dict[tuple, tuple] = {}
        for one in wanted:
            device, body, _ = one
            known = newest.setdefault((device.id, body.inc, body.boot), one)
            if body.now >= known[1].now:  # an old one may come again after it
                newest[device.id, body.inc, body.boot] = one
        answers = []
        for device, body, code in newest.values():
            ack = {
                "inc": body.inc,
                "boot": body.boot,
                "re": body.now,
                # A box lets go of what is acknowledged: of nothing, while a person has to look.
                "seq": 0 if code in _UNDECIDED else ledger.contiguous_seq(device.id, body.inc),
                "utc": now_ms,
            }
            if code is not None:
                ack["refused"] = code
            topic = topics.topic(device.centre, device.id, "ack")
            answers.append((topic, codec.seal(topic, codec.encode("ack", ack), device.mac)))
        return answers


def _of_the_database(error: Exception) -> bool:
    """True where the database is in trouble, so that waiting helps; else a message is the cause."""
    by_a_message = (IntegrityError, DataError, ProgrammingError)
    return isinstance(error, (DBAPIError, PoolTimeout)) and not isinstance(error, by_a_message)


def _in_one_line(error: Exception) -> str:
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__


def _refused_row(arrival: Arrival, refusal: Refusal) -> tuple:
    device = refusal.device.id if refusal.device else ""
    # ascii: a topic may hold a NUL, which PostgreSQL takes in no text.
    return refusal.code, device, str(refusal), ascii(arrival.topic)[1:-1], arrival.payload
