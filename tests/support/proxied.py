"""Cables without root: TCP proxies, which can hold, stall and break connections but lose no
packet, as losses below TCP are not theirs to make."""

import contextlib
import random
import selectors
import socket
import threading
import time
from collections import deque

from tests.support.cables import Cable

RETRANSMISSION_S = 0.3  # what a lost packet costs
BROKEN = 0.05  # of the losses, the connection is broken


class _Pipe:
    """One direction of one connection."""

    def __init__(self, source, target, cable, down: bool):
        self.source, self.target, self.cable, self.down = source, target, cable, down
        self.held: deque[tuple[float, bytes]] = deque()


class Proxied:
    """``count`` cables as proxies before a broker on this machine."""

    before = ()
    listen = "127.0.0.1"

    def __init__(self, count: int, seed: int = 1):
        self.cables = [Cable() for _ in range(count)]
        self._chance = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._pipes: list[_Pipe] = []
        self._port = 0
        self._stopping = False
        self._listeners = []
        for cable in self.cables:
            listener = socket.create_server(("127.0.0.1", 0))
            self._selector.register(listener, selectors.EVENT_READ, cable)
            self._listeners.append(listener)
        self._thread = threading.Thread(target=self._run, name="cables", daemon=True)

    def address(self, number: int, port: int) -> tuple[str, int]:
        """Where a box on a cable finds the broker's ``port``."""
        self._port = port
        return self._listeners[number].getsockname()

    def start(self) -> None:
        """Begin to carry bytes."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(0.01):
                if isinstance(key.data, Cable):
                    self._accept(key.fileobj, key.data)
                else:
                    self._take(key.data)
            for pipe in list(self._pipes):
                self._pass(pipe)

    def _accept(self, listener, cable: Cable) -> None:
        near = listener.accept()[0]
        far = socket.create_connection(("127.0.0.1", self._port))
        for source, target, down in ((near, far, False), (far, near, True)):
            pipe = _Pipe(source, target, cable, down)
            self._pipes.append(pipe)
            self._selector.register(source, selectors.EVENT_READ, pipe)

    def _take(self, pipe: _Pipe) -> None:
        cable = pipe.cable
        try:
            data = pipe.source.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._break(pipe)
            return
        due_s = time.monotonic() + cable.delay_s
        cable.held += bool(cable.delay_s)
        if self._chance.random() < cable.loss:
            cable.lost += 1
            due_s += RETRANSMISSION_S
            if self._chance.random() < BROKEN:
                self._break(pipe)
                return
        cable.passed += 1
        pipe.held.append((due_s, data))

    def _pass(self, pipe: _Pipe) -> None:
        cable = pipe.cable
        if cable.cut or (cable.deaf and pipe.down):
            cable.lost += bool(pipe.held)
            return
        while pipe.held and pipe.held[0][0] <= time.monotonic():
            try:
                pipe.target.sendall(pipe.held.popleft()[1])
            except OSError:
                self._break(pipe)
                return

    def _break(self, pipe: _Pipe) -> None:
        for one in [one for one in self._pipes if one.source in (pipe.source, pipe.target)]:
            self._pipes.remove(one)
            self._selector.unregister(one.source)
            with contextlib.suppress(OSError):
                one.source.close()

    def close(self) -> None:
        """Break every connection."""
        self._stopping = True
        self._thread.join()
        for pipe in list(self._pipes):
            self._break(pipe)
        for listener in self._listeners:
            listener.close()
