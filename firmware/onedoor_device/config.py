"""The box's configuration: checked once at start, refused in one clear line."""

import binascii

from onedoor_protocol import mac, topics

KEEPALIVE_S = 30


class ConfigError(ValueError):
    """The configuration cannot be used; the text says what, where and what to do."""


class Config:
    """A checked configuration. Build it with ``parse``."""

    def __init__(self):
        self.device = self.centre = self.host = ""
        self.key = b""  # 32 bytes
        self.port = 1883
        self.keepalive_s = KEEPALIVE_S
        # (ssid, password), empty where the board needs no Wi-Fi
        self.wifi = ()  # type: tuple
        self.buttons = 4
        self.one_light = False
        self.button_pins = self.light_pins = None  # tuples of GPIO numbers, left to right


def parse(data, default_pins):
    """A ``Config`` from the decoded ``config.json``.

    ``default_pins`` is (buttons, lights, status light) as GPIO numbers, the first two for five
    buttons, left to right. Raises ConfigError.
    """
    if type(data) is not dict:
        raise ConfigError("config.json: expected a JSON object; flash the box again")
    config = Config()
    config.device = _id(data, "device")
    config.centre = _id(data, "centre")
    config.key = _key(data)
    _broker(config, _get(data, "broker", dict))
    config.wifi = _wifi(data.get("wifi"))
    if "buttons" in data:
        config.buttons = _int(data, "buttons", 4, 5, "")
    light = data.get("light", "each")
    if light not in ("each", "status"):
        raise ConfigError('config.json: light: expected "each" or "status"')
    config.one_light = light == "status"
    _pins(config, data.get("pins", {}), default_pins)
    return config


def _get(data, name, kind, where=""):
    value = data.get(name)
    if value is None:
        raise ConfigError("config.json: " + where + name + " is missing; flash the box again")
    if type(value) is not kind:
        what = {dict: "an object", str: "text", int: "a whole number"}[kind]
        raise ConfigError("config.json: " + where + name + ": expected " + what)
    return value


def _int(data, name, low, high, where):
    value = _get(data, name, int, where)
    if not low <= value <= high:
        text = ": expected " + str(low) + " to " + str(high) + ", not " + str(value)
        raise ConfigError("config.json: " + where + name + text)
    return value


def _id(data, name):
    value = _get(data, name, str)
    if not topics.is_id(value):
        raise ConfigError("config.json: " + name + ": expected 1 to 32 of a-z, 0-9 and '-'")
    return value


def _key(data):
    text = _get(data, "key", str)
    problem = "config.json: key: expected 64 hex digits, as 'onedoor device key' prints them"
    if len(text) != 2 * mac.KEY_BYTES:
        raise ConfigError(problem)
    try:
        return binascii.unhexlify(text)
    except ValueError:
        raise ConfigError(problem) from None


def _broker(config, broker):
    config.host = _get(broker, "host", str, "broker.")
    if not config.host:
        raise ConfigError("config.json: broker.host is empty; give the hub's address")
    if "port" in broker:
        config.port = _int(broker, "port", 1, 65535, "broker.")
    if "keepalive_s" in broker:
        config.keepalive_s = _int(broker, "keepalive_s", 5, 120, "broker.")


def _wifi(wifi):
    if wifi is None:
        return ()
    if type(wifi) is not dict:
        raise ConfigError("config.json: wifi: expected an object with ssid and password")
    return _get(wifi, "ssid", str, "wifi."), _get(wifi, "password", str, "wifi.")


def _pins(config, pins, default_pins):
    if type(pins) is not dict:
        raise ConfigError("config.json: pins: expected an object with buttons and lights")
    lights = (default_pins[2],) if config.one_light else default_pins[1][: config.buttons]
    config.button_pins = _row(pins, "buttons", default_pins[0][: config.buttons])
    config.light_pins = _row(pins, "lights", lights)
    used = config.button_pins + config.light_pins
    for pin in used:
        if used.count(pin) > 1:
            raise ConfigError("config.json: pins: GP" + str(pin) + " is used twice")


def _row(pins, name, default):
    row = pins.get(name)
    if row is None:
        return tuple(default)
    expected = "config.json: pins." + name + ": expected " + str(len(default)) + " GPIO numbers"
    if type(row) is not list or len(row) != len(default):
        raise ConfigError(expected)
    for pin in row:
        if type(pin) is not int or not 0 <= pin <= 28:
            raise ConfigError(expected + ", each 0 to 28")
    return tuple(row)
