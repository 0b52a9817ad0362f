"""umqtt's gaps are mended: packet ids wrap, and no broker can stop or exhaust a box."""

import socket
import subprocess
import threading
import time

import pytest
from onedoor_hub import firmware
from onedoor_hub.interpreter import micropython

from tests.firmware.hub_double import DEVICE, KEY
from tests.firmware.proxy import packets

CONNACK, SUBACK = b"\x20\x02\x00\x00", b"\x90\x03"
QUICK = {"rev": 1, "lockout_ms": 0, "thanks_ms": 100}

WRAP = """
from link import Link
from onedoor_protocol.mac import broker_password
class Config:
    device, host, port, keepalive_s = {device!r}, "127.0.0.1", {port}, 30
class Wifi:
    def ready(self, now_ms):
        return True
link = Link(Config, broker_password({key!r}), Wifi())
topic = "onedoor/1/vientiane/" + Config.device + "/"
link.connect(0, topic + "state", b"gone", [topic + "ack"])
link._client.pid = 65533
for number in range(4):
    link.publish(topic + "journal", b"x" * 300, False)
    while link.receive(0):
        pass
link.disconnect()
"""


def test_packet_ids_wrap_from_65535_to_1(proxy, tmp_path):
    """MQTT has no packet id 0 and none past 65535; umqtt counts on."""
    proxy.be("through")
    found = firmware.sources()
    path = [found.pico, found.device.parent, found.bench_board, found.protocol.parent]
    path = ":".join(map(str, [*path, found.umqtt.parent]))
    script = tmp_path / "wrap.py"
    script.write_text(WRAP.format(device=DEVICE, port=proxy.port, key=KEY))
    done = subprocess.run(
        [str(micropython()), "-X", "heapsize=190k", str(script)],
        env={"MICROPYPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    published = [body for first, body in packets(proxy.sent[-1]) if first == 0x32]
    ids = [int.from_bytes(body[2 + int.from_bytes(body[:2]) :][:2]) for body in published]
    assert ids == [65534, 65535, 1, 2]
    assert packets(proxy.sent[-1])[-1][0] == 0xE0, "an orderly DISCONNECT"


class RogueBroker:
    """Answers each new connection with the next of some scripts, then falls silent."""

    def __init__(self, scripts):
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        held = []
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            held.append(client)
            script = self._scripts.pop(0) if self._scripts else [None]
            threading.Thread(target=self._talk, args=(client, script), daemon=True).start()

    def _talk(self, client, script):
        stream = b""
        try:
            for answer in script:
                if answer is SUBACK:
                    while len(subscriptions := [p for p in whole(stream) if p[0] == 0x82]) < 3:
                        stream += client.recv(4096)
                        new = [p for p in whole(stream) if p[0] == 0x82][len(subscriptions) :]
                        for _, body in new:
                            client.sendall(SUBACK + body[:2] + b"\x01")
                elif answer is None:
                    client.close()
                else:
                    stream += client.recv(4096)
                    client.sendall(answer)
        except OSError:
            return

    def close(self):
        self._listener.close()


def whole(stream):
    """The packets that are there in full."""
    try:
        return packets(stream)
    except IndexError:
        return packets(stream[: stream.rfind(b"\x82")])


@pytest.mark.parametrize(
    ("script", "words"),
    [
        # A reset where it closes before it has read all.
        ([b"\x20\x02", None], "the broker closed the connection|ECONNRESET"),
        ([b"\x20\x02\x00"], "ETIMEDOUT"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "the broker sent nonsense"),
        ([b"\x20\x02\x00\x05"], "the broker refused: this device is not allowed"),
        ([b"\x20\x02\x00\x04"], "the broker refused: user or password"),
        ([CONNACK + b"\x30\xff\xff\xff\x7f"], "a packet that is too long"),
        ([CONNACK + b"\x30\xff\xff\x03"], "the broker sent a packet of 65535 bytes"),
        ([CONNACK, SUBACK, b"\x30\x05\x00\xff\x41\x42\x43"], "ETIMEDOUT"),
        ([CONNACK, SUBACK, b"\xd0\x07"], "the broker sent nonsense"),
        ([CONNACK, SUBACK, b"\x30\x04\x00\x02\xff\xfe"], "the broker sent nonsense"),
    ],
)
def test_a_broker_that_misbehaves_neither_stops_nor_exhausts_a_box(make_box, script, words):
    """ERR-004: one line on the console, another try, and presses are taken all the while."""
    rogue = RogueBroker([script])
    box = make_box(rogue.port, desired=QUICK)
    end_s = time.monotonic() + 25
    while not any(word in box.console() for word in words.split("|")):
        assert time.monotonic() < end_s, box.console()
        time.sleep(0.1)
    assert "Traceback" not in box.console()
    box.press("good")
    assert box.wait_for_light()
    rogue.close()
