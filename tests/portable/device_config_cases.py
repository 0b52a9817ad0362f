"""config.json: what is taken, and the one line that says what is wrong."""

from device_support import KEY, PINS, settings
from journal_support import equal, refused, run
from onedoor_device.config import ConfigError, parse

BROKER = {"host": "10.0.0.2", "port": 1884}


def case_a_whole_configuration_is_taken():
    wifi = {"ssid": "centre", "password": ""}
    config = parse(settings(broker=BROKER, wifi=wifi, buttons=5, light="each"), PINS)
    equal((config.device, config.centre, config.key), ("box-1", "vientiane", KEY), "names and key")
    equal((config.host, config.port, config.keepalive_s), ("10.0.0.2", 1884, 30), "broker")
    equal(config.wifi, ("centre", ""), "wifi")
    equal((config.button_pins, config.light_pins), (PINS[0], PINS[1]), "pins")


def case_the_least_configuration_has_four_buttons_and_a_light_each():
    config = parse(settings(), PINS)
    equal((config.button_pins, config.light_pins), ((2, 3, 4, 5), (10, 11, 12, 13)), "pins")
    equal((config.port, config.wifi, config.one_light), (1883, (), False), "defaults")
    status = parse(settings(light="status"), PINS)
    equal((status.one_light, status.light_pins), (True, (15,)), "status light")
    moved = parse(settings(pins={"buttons": [6, 7, 8, 9], "lights": [0, 1, 2, 3]}), PINS)
    equal((moved.button_pins, moved.light_pins), ((6, 7, 8, 9), (0, 1, 2, 3)), "moved pins")


def case_what_is_wrong_is_said_in_one_line():
    for changes, words in (
        ({"device": None}, "device is missing"),
        ({"device": 7}, "device: expected text"),
        ({"device": "Box 1"}, "device: expected 1 to 32 of a-z"),
        ({"centre": "-x"}, "centre: expected 1 to 32"),
        ({"key": "00"}, "key: expected 64 hex digits"),
        ({"key": "zz" * 32}, "key: expected 64 hex digits"),
        ({"broker": None}, "broker is missing"),
        ({"broker": "hub"}, "broker: expected an object"),
        ({"broker": {}}, "broker.host is missing"),
        ({"broker": {"host": ""}}, "broker.host is empty"),
        ({"broker": {"host": "h", "port": 0}}, "broker.port: expected 1 to 65535, not 0"),
        ({"broker": {"host": "h", "keepalive_s": 4}}, "broker.keepalive_s: expected 5 to 120"),
        ({"wifi": "centre"}, "wifi: expected an object"),
        ({"wifi": {"ssid": "centre"}}, "wifi.password is missing"),
        ({"buttons": 3}, "buttons: expected 4 to 5, not 3"),
        ({"buttons": True}, "buttons: expected a whole number"),
        ({"light": "none"}, 'light: expected "each" or "status"'),
        ({"pins": []}, "pins: expected an object"),
        ({"pins": {"buttons": [1, 2, 3]}}, "pins.buttons: expected 4 GPIO numbers"),
        ({"pins": {"lights": [1, 2, 3, 29]}}, "pins.lights: expected 4 GPIO numbers, each 0 to 28"),
        ({"pins": {"lights": [1, 2, 6, 2]}}, "pins: GP2 is used twice"),
    ):
        text = str(refused(ConfigError, parse, settings(**changes), PINS))
        equal(words in text, True, repr(changes) + " says " + text)
        equal("\n" in text or not text.startswith("config.json: "), False, text)


def case_no_object_is_no_configuration():
    for data in (None, [], "x", 4):
        refused(ConfigError, parse, data, PINS)


if __name__ == "__main__":
    run(globals())
