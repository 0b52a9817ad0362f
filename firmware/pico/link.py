"""The MQTT connection: umqtt.simple, with what it leaves open mended.

umqtt 1.3.4 waits for each PUBACK, lets packet ids run past 65,535, loses its time-out with the
first message, sends no pings, trusts every length it reads, and asserts where a peer
misbehaves. Here every wait ends after ``TIMEOUT_S`` and every fault is an OSError.
"""

import select
import socket

from umqtt import simple

# Longest wait for the network in main; presses are taken by the tick meanwhile.
TIMEOUT_S = 5
# Downward payloads are 2048 bytes at most, their topics under 100.
MAX_PACKET_BYTES = 4096
POLL_MS = 20
_PUBACK = 0x40


class _Socket:
    """A TCP socket whose waits always end; ``setblocking(True)`` does not undo that."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.settimeout(TIMEOUT_S)
        self.connect = self._socket.connect
        self.close = self._socket.close

    def setblocking(self, flag):
        self._socket.settimeout(TIMEOUT_S if flag else 0)

    def read(self, count):
        data = self._socket.read(count)
        if data is None:
            raise OSError("no answer from the broker")
        if len(data) < count:
            raise OSError("the broker closed the connection")
        return data

    def write(self, data, count=None):
        data = data if count is None else memoryview(data)[:count]
        if self._socket.write(data) != len(data):
            raise OSError("the broker takes no more data")

    def poll_on(self, poll):
        poll.register(self._socket, select.POLLIN)


class _Sockets:
    """What umqtt takes for the socket module."""

    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = _Socket


simple.socket = _Sockets


class _Client(simple.MQTTClient):
    """umqtt's client with asynchronous publish and safe lengths."""

    def _next_id(self):
        # umqtt adds 1 before it uses the number; 0 is no packet id.
        self.pid %= 65535

    def publish(self, topic, msg, retain=False, qos=1):
        """Publish with QoS 1 and do not wait: the hub's own ack decides (CON-007)."""
        self._next_id()
        self.pid += 1
        size = 2 + len(topic) + 2 + len(msg)
        packet = bytearray(b"\x33" if retain else b"\x32")
        while size > 0x7F:
            packet.append(size & 0x7F | 0x80)
            size >>= 7
        packet.append(size)
        packet += len(topic).to_bytes(2, "big") + topic.encode() + self.pid.to_bytes(2, "big") + msg
        self.sock.write(packet)

    def subscribe(self, topic, qos=0):
        self._next_id()
        super().subscribe(topic, qos)

    def wait_msg(self):
        op = super().wait_msg()
        if op == _PUBACK:
            self.sock.read(3)
            return None
        return op

    def _recv_len(self):
        size = shift = 0
        while True:
            byte = self.sock.read(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
            if shift > 14:
                raise OSError("the broker sent a packet that is too long")
        if size > MAX_PACKET_BYTES:
            raise OSError("the broker sent a packet of " + str(size) + " bytes")
        return size


class Link:
    """One connection to the broker at a time. ``wifi`` is the board's Wi-Fi."""

    def __init__(self, config, password, wifi):
        self.connected = False
        self._config = config
        self._password = password
        self._wifi = wifi
        self._client = None
        self._poll = None
        self._inbox = []
        self._heard_ms = 0
        self._pinged_ms = None

    def ready(self, now_ms):
        """True where the network is there, so that a connection may be tried."""
        return self._wifi.ready(now_ms)

    def rssi(self):
        """Signal strength in dBm, or None."""
        return self._wifi.rssi()

    def connect(self, now_ms, will_topic, will, down):
        """Connect with a retained will and subscribe to the topics ``down``. Raises OSError."""
        config = self._config
        client = _Client(
            config.device,
            config.host,
            config.port,
            user=config.device,
            password=self._password,
            keepalive=config.keepalive_s,
        )
        client.set_callback(self._on_message)
        client.set_last_will(will_topic, will, retain=True, qos=1)
        self._client = client
        self._inbox = []
        self._guard(client.connect)
        for topic in down:
            self._guard(client.subscribe, topic, 1)
        self._poll = select.poll()
        client.sock.poll_on(self._poll)  # type: ignore  # it is our _Socket, see above
        self._heard_ms = now_ms
        self._pinged_ms = None
        self.connected = True

    def publish(self, topic, payload, retain):
        """Publish with QoS 1. Returns once the network has taken it. Raises OSError."""
        self._guard(self._client.publish, topic, payload, retain)

    def receive(self, now_ms):
        """The next (topic, payload) or None; waits 20 ms at most for one to begin.

        Raises OSError where the connection is lost or the broker no longer answers (CON-005).
        """
        if not self._wifi.ready(now_ms):
            raise OSError("no Wi-Fi")
        if not self._inbox:
            if self._poll.poll(POLL_MS):
                self._guard(self._client.wait_msg)
                self._heard_ms = now_ms
                self._pinged_ms = None
            else:
                self._keep_alive(now_ms)
        return self._inbox.pop(0) if self._inbox else None

    def disconnect(self):
        """End the connection on purpose: the broker then keeps the will to itself."""
        self._guard(self._client.disconnect)
        self.close()

    def close(self):
        """Drop the connection, so that the broker sends the will; safe to call at any time."""
        self.connected = False
        client, self._client = self._client, None
        if client is not None and client.sock is not None:
            client.sock.close()

    def _keep_alive(self, now_ms):
        half_ms = 500 * self._config.keepalive_s
        if self._pinged_ms is not None:
            if now_ms - self._pinged_ms >= half_ms:
                raise OSError("the broker does not answer")
        elif now_ms - self._heard_ms >= half_ms:
            self._guard(self._client.ping)
            self._pinged_ms = now_ms

    def _on_message(self, topic, payload):
        self._inbox.append((topic.decode(), payload))

    def _guard(self, work, *arguments):
        try:
            return work(*arguments)
        except simple.MQTTException as error:
            raise OSError("the broker refused: " + reason(error.args[0])) from None
        except (AssertionError, IndexError, ValueError, MemoryError) as error:
            raise OSError("the broker sent nonsense: " + repr(error)) from None


def reason(code):
    """What a CONNACK or SUBACK return code means."""
    return {
        2: "the client id",
        4: "user or password; flash the box again",
        5: "this device is not allowed; add it with 'onedoor device add'",
        0x80: "a subscription",
    }.get(code, "code " + str(code))
