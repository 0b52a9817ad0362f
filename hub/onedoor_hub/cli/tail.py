"""``onedoor tail``: messages as they pass the broker, checked and decoded."""

import json
import queue
import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
from onedoor_protocol import codec, topics
from onedoor_protocol.errors import ProtocolError
from sqlalchemy import Engine

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
    messages: queue.Queue = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.username_pw_set(address.user, address.password)

    def on_connect(client, _userdata, _flags, reason, _properties):
        if reason.is_failure:
            messages.put(OSError(f"broker {address.host}:{address.port} refuses: {reason}"))
        client.subscribe(topics.PREFIX + "/#", 1)

    client.on_connect = on_connect
    client.on_message = lambda _client, _userdata, message: messages.put(message)
    try:
        client.connect(address.host, address.port, KEEPALIVE_S)
    except OSError as error:
        raise OSError(f"broker {address.host}:{address.port}: {error.strerror or error}") from None
    client.loop_start()
    try:
        while True:
            message = messages.get()
            if isinstance(message, OSError):
                raise message
            with engine.begin() as connection:
                devices = load_devices(connection)
            clock = time.strftime("%H:%M:%S")
            echo(f"{clock} {describe(message.topic, message.payload, devices)}")
    finally:
        client.loop_stop()
