"""A TCP proxy before the broker that can fail in each way a network fails."""

import contextlib
import socket
import threading
import time


class Proxy:
    """Listens on ``port`` and passes on to the broker, in one of these modes:

    ``through``; ``refuse``: nobody listens; ``black hole``: connecting gets no answer;
    ``silent``: connections are taken and nothing ever comes back; ``half open``: connections
    stay up and nothing passes any more, in either direction.
    """

    def __init__(self, to_port: int) -> None:
        self.mode = "refuse"
        self.sent: list[bytes] = []  # what each connection's client sent
        self._to_port = to_port
        self._held: list[socket.socket] = []
        self._listener: socket.socket | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def be(self, mode: str) -> None:
        """Change the mode; connections that are up stay up only for ``half open``."""
        self.mode = mode
        if mode == "half open":
            return
        self.drop()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        if mode == "refuse":
            return
        listener = self._listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(0 if mode == "black hole" else 16)
        if mode == "black hole":
            # Linux drops the SYN of a connection for which the queue has no room.
            for _ in range(3):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self._held.append(filler)
        else:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def drop(self) -> None:
        """Cut all connections."""
        held, self._held = self._held, []
        for one in held:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        self.be("refuse")

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            self._held.append(client)
            if self.mode != "through":
                continue
            broker = socket.create_connection(("127.0.0.1", self._to_port))
            self._held.append(broker)
            self.sent.append(b"")
            number = len(self.sent) - 1
            for source, target, keep in ((client, broker, number), (broker, client, None)):
                threading.Thread(
                    target=self._pass, args=(source, target, keep), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, keep: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                while self.mode == "half open":
                    time.sleep(0.05)  # held back for good: the mode's change cuts the connection
                if keep is not None:
                    self.sent[keep] += data
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def packets(stream: bytes) -> list[tuple[int, bytes]]:
    """The MQTT packets of a connection: (first byte, what follows the length)."""
    found, at = [], 0
    while at + 1 < len(stream):
        first, size, shift, at = stream[at], 0, 0, at + 1
        while True:
            byte, at = stream[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append((first, stream[at : at + size]))
        at += size
    return found
