"""Boxes on paper that send their journals to a real broker, from a process of their own."""

import json
import pickle
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import mac, topics

from tests.bench import wire

LONGEST_S = 300


@dataclass
class Job:
    """What one box sends: sealed messages in order, each with the newest entry it carries.

    At most ``window`` of them are without the hub's acknowledgement at any time, but for a load
    with a rate of its own. ``acknowledged`` False: nobody answers, the broker's PUBACK counts.
    """

    device: PaperDevice
    messages: list[tuple[int, str, bytes]]
    window: int = 64
    acknowledged: bool = True


@dataclass
class Outcome:
    """When (``time.monotonic``) messages were sent and acknowledged, by device and newest entry.

    Kept for a load with a rate only.
    """

    started_s: float = 0.0
    ended_s: float = 0.0
    sent_s: dict[tuple[str, int], float] = field(default_factory=dict)
    acked_s: dict[tuple[str, int], float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the first message to the last acknowledgement."""
        return self.ended_s - self.started_s


class Load:
    """A process that connects all boxes, says so, and sends when told to."""

    def __init__(self, port: int, jobs: list[Job], rate: float | None = None):
        """``rate``: messages a second, boxes in turn; None: as fast as the windows let."""
        # Not multiprocessing: its child would first import all that this process has imported.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        self._say((port, jobs, rate))
        self._hear()

    def _say(self, what) -> None:
        pickle.dump(what, self._process.stdin)
        self._process.stdin.flush()

    def _hear(self):
        try:
            return pickle.load(self._process.stdout)
        except EOFError:
            raise RuntimeError("the load's process ended early; see its error above") from None

    def go(self) -> None:
        """Begin to send."""
        self._say("go")

    def finish(self) -> Outcome:
        """Wait until all is acknowledged."""
        outcome = self._hear()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        return outcome


class _Connection:
    def __init__(self, port: int, job: Job):
        self.job = job
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._out = bytearray()
        device = job.device
        self._out += wire.connect(device.device, mac.broker_password(device.key))
        self._out += wire.subscribe(topics.topic(device.centre, device.device, "ack"))
        self.ready = False
        self._packets = [
            (seq, wire.publish(topic, payload, number))
            for number, (seq, topic, payload) in enumerate(job.messages)
        ]
        self._next = 0
        self._done = 0
        self._acked_s: list[float] = []
        self.flush()

    @property
    def finished(self) -> bool:
        return self._done == len(self._packets)

    @property
    def exhausted(self) -> bool:
        return self._next == len(self._packets)

    def flush(self) -> None:
        if self._out:
            self.socket.setblocking(True)
            self.socket.sendall(self._out)
            self._out.clear()

    def send(self, outcome: Outcome) -> None:
        """Send the next message."""
        seq, packet = self._packets[self._next]
        self._next += 1
        outcome.sent_s[self.job.device.device, seq] = time.monotonic()
        self._out += packet
        self.flush()

    def fill(self) -> None:
        """Send what the window lets."""
        while not self.exhausted and self._next - self._done < self.job.window:
            self._out += self._packets[self._next][1]
            self._next += 1
        self.flush()

    def read(self) -> None:
        self._received += self.socket.recv(65536)
        for kind, body in wire.packets(self._received):
            if kind == wire.CONNACK and body[1]:
                raise ConnectionError(f"the broker refuses {self.job.device.device}")
            if kind == wire.SUBACK:
                self.ready = True
            elif kind == wire.PUBACK and not self.job.acknowledged:
                self._done += 1
            elif kind == wire.PUBLISH:
                packet_id, payload = wire.delivery(body)
                self._out += wire.puback(packet_id)
                self._acknowledge(json.loads(payload.partition(b"\n")[0]))

    def _acknowledge(self, ack: dict) -> None:
        if "refused" in ack:
            raise RuntimeError(f"the hub refuses {self.job.device.device}: {ack['refused']}")
        while not self.finished and self._packets[self._done][0] <= ack["seq"]:
            self._acked_s.append(time.monotonic())
            self._done += 1

    def acked_s(self) -> dict[tuple[str, int], float]:
        """When each message was acknowledged."""
        keys = ((self.job.device.device, seq) for seq, _ in self._packets)
        return dict(zip(keys, self._acked_s, strict=False))


def run(port: int, jobs: list[Job], rate: float | None, say, hear) -> None:
    """Connect, ``say("ready")``, ``hear()`` and send; in the end say the Outcome.

    Raises TimeoutError where something is not acknowledged.
    """
    selector = selectors.DefaultSelector()
    connections = [_Connection(port, job) for job in jobs]
    for one in connections:
        selector.register(one.socket, selectors.EVENT_READ, one)

    def serve(timeout_s: float, fill: bool = False) -> None:
        for key, _ in selector.select(timeout_s):
            key.data.read()
            if fill:
                key.data.fill()
            key.data.flush()

    while not all(one.ready for one in connections):
        serve(10)
    say("ready")
    hear()
    outcome = Outcome(started_s=time.monotonic())
    if rate is not None:
        _paced(connections, rate, outcome, serve)
    for one in connections:
        one.fill()
    deadline_s = time.monotonic() + LONGEST_S
    while not all(one.finished for one in connections):
        if time.monotonic() > deadline_s:
            raise TimeoutError("not everything was acknowledged")
        serve(1, fill=True)
    outcome.ended_s = time.monotonic()
    if rate is not None:
        for one in connections:
            outcome.acked_s |= one.acked_s()
    say(outcome)


def _paced(connections, rate, outcome, serve) -> None:
    number = 0
    while not all(one.exhausted for one in connections):
        due_s = outcome.started_s + number / rate
        while (left_s := due_s - time.monotonic()) > 0:
            serve(left_s)
        sender = connections[number % len(connections)]
        number += 1
        if not sender.exhausted:
            sender.send(outcome)


def main() -> None:
    """The load's process: a pickled (port, jobs, rate) and then "go" come in on stdin."""

    def say(what) -> None:
        pickle.dump(what, sys.stdout.buffer)
        sys.stdout.buffer.flush()

    run(*pickle.load(sys.stdin.buffer), say, lambda: pickle.load(sys.stdin.buffer))


if __name__ == "__main__":
    # Under its own name, so that what is pickled here is found there.
    from tests.bench import load

    load.main()
