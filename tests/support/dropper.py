"""A network that loses one message: a TCP forwarder before the broker that reads MQTT."""

import contextlib
import socket
import threading


class Dropper:
    """Passes everything on from ``port`` to the broker, but for PUBLISH packets on a topic that
    ends in ``losing`` while that is set; ``lost`` holds them."""

    def __init__(self, to_port: int) -> None:
        self.losing = ""
        self.lost: list[bytes] = []
        self._to_port = to_port
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut all connections and stop listening."""
        for one in [self._listener, *self._held]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
                broker = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                return
            self._held += [client, broker]
            for work in ((self._up, client, broker), (self._down, broker, client)):
                threading.Thread(target=work[0], args=work[1:], daemon=True).start()

    def _down(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        self._end(source, target)

    def _up(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), source.makefile("rb") as stream:
            while True:
                packet = _packet(stream)
                if self.losing and packet[0] & 0xF0 == 0x30 and self._is_wanted(packet):
                    self.lost.append(packet)
                else:
                    target.sendall(packet)
        self._end(source, target)

    def _is_wanted(self, packet: bytes) -> bool:
        return f"/{self.losing}".encode() in packet[:100]

    def _end(self, *ends: socket.socket) -> None:
        for one in ends:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _packet(stream) -> bytes:
    """One whole MQTT packet. Raises EOFError."""
    head = stream.read(1)
    size, shift = 0, 0
    while True:
        byte = stream.read(1)
        if not byte:
            raise EOFError
        head += byte
        size |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return head + stream.read(size)
