"""The hub's own MQTT client: hands journal and state messages to the writer, sends answers."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
import structlog
from onedoor_protocol import messages, topics

from onedoor_hub.broker.accounts import HUB_USER
from onedoor_hub.health import Health
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.settings import SettingsError, without_password

KEEPALIVE_S = 30
DEFAULT_PORT = 1883
_TOPIC_CHARS = 200
_PAYLOAD_BYTES = max(messages.MAX_PAYLOAD_BYTES.values()) + 1

log = structlog.get_logger()


@dataclass(frozen=True)
class Address:
    """Where a broker is and how to sign in."""

    host: str
    port: int
    user: str
    password: str


def parse_address(text: str, secret: str) -> Address:
    """The address of ``mqtt://[user:password@]host[:port]``; the hub's own account by default.

    Raises SettingsError where the text is none.
    """
    wrong = (
        f"broker {without_password(text)!r} is not 'embedded' or mqtt://[user:password@]host[:port]"
    )
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise SettingsError(wrong) from None
    if parts.scheme != "mqtt" or not parts.hostname or parts.path not in ("", "/"):
        raise SettingsError(wrong)
    user = unquote(parts.username) if parts.username else HUB_USER
    password = unquote(parts.password) if parts.password else secret
    return Address(parts.hostname, port, user, password)


def _send_at_once(_client, _userdata, sock) -> None:
    """Else an answer waits up to 40 ms behind the PUBACK before it (Nagle's algorithm)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class HubClient:
    """Connects, stays connected, and passes messages on.

    The session is clean: what the broker could not deliver while the hub was away the devices
    send again, because they were not answered.
    """

    def __init__(
        self,
        address: Address,
        take: Callable[[Arrival], bool],
        health: Health,
        clock_ms: Callable[[], int],
        client_id: str = HUB_USER,
    ):
        self._address = address
        self._take = take
        self._health = health
        self._clock_ms = clock_ms
        # MQTT 3.1.1, which amqtt and Mosquitto both speak.
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311
        )
        self._client.username_pw_set(address.user, address.password)
        self._client.reconnect_delay_set(1, 10)
        # Else an error in a callback, be it only a log that cannot be written, ends the network
        # thread without a word.
        self._client.suppress_exceptions = True
        self._refused = False
        self._sessions = 0
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Begin connecting; keeps trying until ``stop``."""
        self._health.trouble("broker", f"connecting to {self._where()}")
        self._client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect and end the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send an answer; lost while disconnected, as devices ask again."""
        channel = topics.parse(topic)[2]
        if self._client.is_connected():
            self._client.publish(topic, payload, qos=1, retain=channel in topics.RETAINED)

    def session(self) -> int:
        """The number of the present connection, 1 for the first; 0 where there is none."""
        return self._sessions if self._client.is_connected() else 0

    def _where(self) -> str:
        return f"{self._address.host}:{self._address.port}"

    def _on_connect(self, client, _userdata, _flags, reason, _properties):
        self._refused = reason.is_failure
        if self._refused:
            self._health.trouble("broker", f"{self._where()} refuses the hub: {reason}")
            log.warning("broker refuses the hub", broker=self._where(), reason=str(reason))
            return
        self._sessions += 1
        client.subscribe([(f"{topics.PREFIX}/+/+/{channel}", 1) for channel in topics.UP])
        log.info("connected to broker", broker=self._where())

    def _on_connect_fail(self, _client, _userdata):
        self._health.trouble("broker", f"cannot reach {self._where()}; devices keep ratings")

    def _on_subscribe(self, _client, _userdata, _mid, reasons, _properties):
        if any(reason.is_failure for reason in reasons):
            text = f"{self._where()} does not let the hub read; correct the broker's access list"
            self._health.trouble("broker", text)
            log.warning("broker does not let the hub read", broker=self._where())
            return
        self._health.well("broker")

    def _on_disconnect(self, _client, _userdata, _flags, reason, _properties):
        if not self._refused:  # else its reason for refusing stands
            self._health.trouble(
                "broker", f"no connection to {self._where()}; devices keep ratings"
            )
        log.warning("disconnected from broker", broker=self._where(), reason=str(reason))

    def _on_message(self, _client, _userdata, message):
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._health.count("refused", "topic")
            return
        # No longer than it takes to see that it is too long: the queue's memory is bounded.
        topic, payload = topic[:_TOPIC_CHARS], message.payload[:_PAYLOAD_BYTES]
        self._take(Arrival(topic, payload, self._clock_ms(), bool(message.retain)))
