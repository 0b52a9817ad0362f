"""Both brokers behind one face, and plain MQTT clients that speak to them."""

import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from onedoor_hub.broker.accounts import HUB_USER, TAIL_USER, device_passwords, hub_secret
from onedoor_hub.broker.client import Address
from onedoor_hub.broker.embedded import EmbeddedBroker
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.store.engine import migrate, open_engine
from onedoor_protocol import topics
from onedoor_protocol.mac import broker_password

from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port, wait_until


class Refused(Exception):
    """The broker did not let a client in."""


class Client:
    """An MQTT client that remembers what it was sent. Raises Refused where it is not let in."""

    def __init__(self, port, user, password, client_id=None, will=None, clean=True):
        self.heard: list[tuple[str, bytes]] = []
        self.granted: list[int] = []
        self.lost = threading.Event()
        self._answered = threading.Event()
        self._reason = None
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=user if client_id is None else client_id,
            protocol=mqtt.MQTTv311,
            clean_session=clean,
            reconnect_on_failure=False,
        )
        if user is not None:
            self.mqtt.username_pw_set(user, password)
        if will is not None:
            self.mqtt.will_set(*will)
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_disconnect = lambda *_: self.lost.set()
        self.mqtt.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        self.mqtt.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.extend(
            reason.value for reason in reasons
        )
        self.mqtt.connect("127.0.0.1", port, keepalive=10)
        self.mqtt.loop_start()
        if not self._answered.wait(10) or self._reason.is_failure:
            self.close()
            raise Refused(str(self._reason))

    def _on_connect(self, _client, _userdata, _flags, reason, _properties):
        self._reason = reason
        self._answered.set()

    def subscribe(self, *filters: str) -> list[int]:
        """Subscribe; returns what was granted, 128 for a refusal."""
        self.granted.clear()
        self.mqtt.subscribe([(one, 1) for one in filters])
        wait_until(lambda: len(self.granted) == len(filters), what="SUBACK")
        return list(self.granted)

    def send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish with QoS 1; returns at once."""
        self.mqtt.publish(topic, payload, 1, retain)

    def close(self) -> None:
        """Disconnect in good order."""
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def vanish(self) -> None:
        """Drop the connection without a word, as a power cut would."""
        self.mqtt.loop_stop()
        self.mqtt.socket().close()


class Box(Client):
    """A paper device that is connected and hears its hub."""

    def __init__(self, port: int, device: PaperDevice):
        super().__init__(port, device.device, broker_password(device.key))
        self.device = device
        mine = [topics.topic(device.centre, device.device, name) for name in topics.DOWN]
        self.subscribe(*mine)

    def say(self, message: tuple[str, bytes]) -> None:
        """Send a message that the device made."""
        self.send(*message, retain=message[0].endswith("/state"))

    def acknowledged(self) -> int:
        """The highest seq that the hub has acknowledged to this connection, -1 for no answer."""
        bodies = [self.device.read(*one) for one in list(self.heard) if one[0].endswith("/ack")]
        return max((body["seq"] for body in bodies), default=-1)


class House:
    """A data folder with its database, and a broker of one kind that knows its devices."""

    def __init__(self, kind: str, folder: Path):
        self.kind = kind
        self.folder = folder
        self.database_url = f"sqlite:///{folder / 'hub.db'}"
        self.engine = open_engine(self.database_url)
        migrate(self.engine)
        self._mosquitto = Mosquitto(folder / "mosquitto") if kind == "mosquitto" else None
        self._embedded: EmbeddedBroker | None = None
        self.port = self._mosquitto.port if self._mosquitto else free_port()
        self._clients: list[Client] = []

    @property
    def address(self) -> Address:
        if self._mosquitto:
            return self._mosquitto.address
        return Address("127.0.0.1", self.port, HUB_USER, hub_secret(self.folder))

    @property
    def url(self) -> str:
        address = self.address
        return f"mqtt://{HUB_USER}:{address.password.replace(' ', '%20')}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the broker; for Mosquitto, with the devices that there are now."""
        if self._mosquitto:
            passwords = device_passwords(self.engine)
            self._mosquitto.allow({TAIL_USER: self.address.password} | passwords)
            self._mosquitto.start()
        else:
            self._embedded = EmbeddedBroker("127.0.0.1", self.port, self.database_url, self.folder)
            self._embedded.start()

    def kill(self) -> None:
        """End the broker; what it held is gone."""
        if self._mosquitto:
            self._mosquitto.kill()
        elif self._embedded:
            self._embedded.stop()
            self._embedded = None

    def client(self, *given, **named) -> Client:
        """A client that is closed with the house."""
        return self._keep(Client(self.port, *given, **named))

    def box(self, device: PaperDevice) -> Box:
        """A box that is closed with the house."""
        return self._keep(Box(self.port, device))

    def hub(self) -> Client:
        """A client with the hub's own account."""
        return self.client(HUB_USER, self.address.password)

    def _keep(self, client):
        self._clients.append(client)
        return client

    def close(self) -> None:
        """End everything that was started."""
        for client in self._clients:
            client.close()
        self.kill()
        self.engine.dispose()
