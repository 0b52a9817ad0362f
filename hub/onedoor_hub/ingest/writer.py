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
from sqlalchemy.exc import SQLAlchemyError

from onedoor_hub.health import Health
from onedoor_hub.ingest.gate import Arrival, Message, Refusal, admit
from onedoor_hub.ingest.ledger import Ledger
from onedoor_hub.live import Live
from onedoor_hub.store import devices, refusals

QUEUE_MESSAGES = 10_000
BATCH_ENTRIES = 500
DEVICES_CHECK_S = 0.2
RETRY_S = (0.1, 0.5, 1.0, 2.0)  # pauses while the database refuses; the last repeats

# These mean that a device's journal contradicts itself: a person has to look.
FREEZING = ("chain_broken", "entry_changed", "boot_backwards")

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
        self._queue: queue.Queue[Arrival | None] = queue.Queue(QUEUE_MESSAGES)
        self._devices: dict[str, devices.Device] = {}
        self._devices_version: tuple = ()
        self._devices_checked_s = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def submit(self, arrival: Arrival) -> bool:
        """Queue an arrival; False where the queue is full and it was dropped.

        A dropped journal message is not lost: unacknowledged, the device sends it again.
        """
        try:
            self._queue.put_nowait(arrival)
        except queue.Full:
            self._health.count("dropped", "queue_full")
            self._health.trouble("queue", "more messages than the database can take; none is lost")
            return False
        return True

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def waiting(self) -> int:
        """Messages queued now."""
        return self._queue.qsize()

    def _run(self) -> None:
        while True:
            arrival = self._queue.get()
            if arrival is None:
                return
            batch = [arrival]
            room = BATCH_ENTRIES - 1
            while room > 0:
                try:
                    arrival = self._queue.get_nowait()
                except queue.Empty:
                    self._health.well("queue")
                    break
                if arrival is None:
                    self._take(batch)
                    return
                batch.append(arrival)
                # An entry is at least 20 bytes on the wire: a cheap bound on what the batch holds.
                room -= 1 + len(arrival.payload) // 40
            self._take(batch)

    def _take(self, batch: list[Arrival]) -> None:
        """Commit a batch, however long the database refuses; then acknowledge."""
        attempt = 0
        while True:
            try:
                self._commit(batch)
                self._health.well("database")
                return
            except SQLAlchemyError as error:
                reason = str(getattr(error, "orig", None) or error).splitlines()[0]
                self._health.trouble("database", f"cannot store ratings now: {reason}")
                log.warning("database refused a batch", reason=reason, messages=len(batch))
                if self._stopping.is_set():
                    return  # not committed, so not acknowledged: the devices keep it
                time.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            except Exception:
                if len(batch) == 1:
                    self._health.count("refused", "internal")
                    log.exception("a message could not be handled", topic=batch[0].topic[:200])
                    return
                for arrival in batch:  # find the one, keep the others
                    self._take([arrival])
                return

    def _commit(self, batch: list[Arrival]) -> None:
        now_ms = self._clock_ms()
        refused: list[tuple[Arrival, Refusal]] = []
        taken: list[Message] = []
        with self._engine.begin() as connection:
            self._refresh_devices(connection)
            for arrival in batch:
                try:
                    taken.append(admit(arrival, self._devices))
                except Refusal as refusal:
                    refused.append((arrival, refusal))
            others = {refusal.device.id for _, refusal in refused if refusal.device}
            ledger = Ledger(connection, taken, others)
            for message in taken:
                try:
                    self._apply(ledger, connection, message)
                except ProtocolError as error:
                    if error.code in FREEZING:
                        devices.set_status(
                            connection, message.device.id, "frozen", str(error), now_ms
                        )
                    refused.append((message.arrival, Refusal(error, message.device, message.body)))
            ledger.close()
            devices.seen(
                connection,
                {m.device.id: m.arrival.received_ms for m in taken if not m.arrival.retained},
            )
            if refused:
                self._record(connection, refused, now_ms)
            answers = self._answers(ledger, taken, refused, now_ms)
        self._health.count("stored", n=ledger.stored)
        for message in taken:
            self._health.count("messages", message.channel)
        for _, refusal in refused:
            self._health.count("refused", refusal.code)
        for topic, payload in answers:
            self._answer(topic, payload)
        self._live.publish(
            ledger.counted
            | {(m.device.centre, m.device.counter) for m in taken if m.channel == "state"}
        )

    def _refresh_devices(self, connection) -> None:
        if time.monotonic() - self._devices_checked_s < DEVICES_CHECK_S:
            return
        version = devices.devices_version(connection)
        if version != self._devices_version:
            self._devices = devices.load_devices(connection)
            self._devices_version = version
        self._devices_checked_s = time.monotonic()

    def _apply(self, ledger: Ledger, connection, message: Message) -> None:
        if message.channel == "journal":
            ledger.take(message)
        else:
            ledger.observe_clock(message)
            arrival = message.arrival
            devices.save_state(
                connection, message.device.id, message.body, arrival.received_ms, arrival.retained
            )

    def _record(self, connection, refused, now_ms: int) -> None:
        rows = []
        for arrival, refusal in refused:
            device = refusal.device.id if refusal.device else ""
            rows.append((refusal.code, device, str(refusal), arrival.topic, arrival.payload))
            log.warning("message refused", reason=str(refusal), topic=arrival.topic[:200])
        refusals.record(connection, rows, now_ms)

    def _answers(self, ledger: Ledger, taken, refused, now_ms: int) -> list:
        """One acknowledgement a device: for its newest message that wants one."""
        newest: dict[str, tuple] = {}
        for message in taken:
            if message.channel == "journal" or (
                message.body.online and not message.arrival.retained
            ):
                newest[message.device.id] = (message.device, message.body, None)
        for _, refusal in refused:
            if refusal.device is not None and refusal.body is not None:
                newest[refusal.device.id] = (refusal.device, refusal.body, refusal.code)
        answers = []
        for device, body, code in newest.values():
            ack = {
                "inc": body.inc,
                "boot": body.boot,
                "re": body.now,
                "seq": ledger.contiguous_seq(device.id, body.inc),
                "utc": now_ms,
            }
            if code is not None:
                ack["refused"] = code
            topic = topics.topic(device.centre, device.id, "ack")
            answers.append((topic, codec.seal(topic, codec.encode("ack", ack), device.mac)))
        return answers
