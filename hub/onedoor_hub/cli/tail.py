"""``onedoor tail``: messages as they pass the broker, checked and decoded."""

import contextlib
import json
import queue
import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
from onedoor_protocol import codec, topics
from onedoor_protocol.errors import ProtocolError
from sqlalchemy import Engine

from onedoor_hub.broker.accounts import HUB_USER, TAIL_USER
from onedoor_hub.broker.client import KEEPALIVE_S, Address
from onedoor_hub.store.devices import load_devices


def describe(topic: str, payload: bytes, devices: dict) -> str:
    """One line for a message: its topic, what the MAC says of it, and its body."""
    try:
        device_id = topics.parse(topic)[1]
        device = devices.get(device_id)
        if device is None:
            return f"{topic} UNKNOWN DEVICE {payload[:200]!r}"
        body = codec.open_payload(topic, payload, device.mac)
    except ProtocolError as error:
        return f"{topic!a} REFUSED {error}"
    return f"{topic} {json.dumps(body, separators=(',', ':'))}"


def follow(address: Address, engine: Engine, echo: Callable[[str], None]) -> None:
    """Print until interrupted. Raises OSError where the broker cannot be reached or refuses."""
    where = f"broker {address.host}:{address.port}"
    # With the hub's own user it would put the hub off: one connection a client id.
    user = TAIL_USER if address.user == HUB_USER else address.user
    client_id = TAIL_USER if user == TAIL_USER else ""
    heard: queue.Queue[tuple[str, bytes] | OSError] = queue.Queue()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311
    )
    client.username_pw_set(user, address.password)

    def on_connect(client, _userdata, _flags, reason, _properties):
        if reason.is_failure:
            heard.put(OSError(f"{where} refuses: {reason}"))
        client.subscribe(topics.PREFIX + "/#", 1)

    def on_subscribe(_client, _userdata, _mid, reasons, _properties):
        if reasons[0].is_failure:
            heard.put(OSError(f"{where} does not let user {user!r} read {topics.PREFIX}/#"))

    def on_disconnect(_client, _userdata, _flags, _reason, _properties):
        heard.put(OSError(f"{where} ended the connection; is another 'onedoor tail' running?"))

    def on_message(_client, _userdata, message):
        with contextlib.suppress(UnicodeDecodeError):  # such a topic is none of ours
            heard.put((message.topic, message.payload))

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_disconnect = on_disconnect
    client.on_message = on_message
    try:
        client.connect(address.host, address.port, KEEPALIVE_S)
    except OSError as error:
        raise OSError(f"{where}: {error.strerror or error}") from None
    client.loop_start()
    try:
        while True:
            got = heard.get()
            if isinstance(got, OSError):
                raise got
            with engine.begin() as connection:
                devices = load_devices(connection)
            echo(f"{time.strftime('%H:%M:%S')} {describe(*got, devices)}")
    except KeyboardInterrupt:
        pass  # how it is meant to end
    finally:
        client.on_disconnect = None
        client.disconnect()
        client.loop_stop()
