"""Messages that a hub refuses, one maker for each reason: (desk, box) to (topic, payload)."""

import json

from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.ingest.gate import Arrival
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.store import devices
from onedoor_protocol import mac, topics


def together(desk, *messages, retained=False):
    """Like ``desk.take``, but surely in one batch; returns the answers."""
    before = len(desk.answers)
    writer = Writer(
        desk.engine,
        lambda topic, payload: desk.answers.append((topic, payload)),
        desk.live,
        desk.health,
        lambda: desk.now_ms,
    )
    for topic, payload in messages:
        if not writer.submit(Arrival(topic, payload, desk.now_ms, retained)):
            raise AssertionError("the writer's queue is full")
    writer.start()
    writer.stop()
    return desk.answers[before:]


def stand_in(box, device="", key=b"", incarnation=b""):
    """A device that has some things in common with another, in its first boot."""
    other = PaperDevice(
        box.centre, device or box.device, key or box.key, incarnation or box.incarnation
    )
    other.start_boot()
    return other


def sealed(box, body: bytes, channel="journal"):
    """(topic, payload) of any bytes at all, authenticated with the box's key."""
    topic = topics.topic(box.centre, box.device, channel)
    return topic, body + b"\n" + mac.Mac(box.key).of("up", topic, body)


def journal_with(box, **changes):
    """An authentic journal message with some fields changed; None takes a field away."""
    body = json.loads(box.journal(1, 5_000)[1].split(b"\n")[0]) | changes
    body = {name: value for name, value in body.items() if value is not None}
    return sealed(box, json.dumps(body).encode())


def status(desk, box, word):
    with desk.engine.begin() as connection:
        devices.set_status(connection, box.device, word, "by this test", desk.now_ms)


def bad_topic(_desk, box):
    return f"onedoor/1/Vientiane/{box.device}/journal", box.journal(1, 5_000)[1]


def too_long(_desk, box):
    return sealed(box, json.dumps({"pad": "x" * 2048}).encode())


def no_envelope(_desk, box):
    return box.journal(1, 5_000)[0], b"{}"


def wrong_key(_desk, box):
    return stand_in(box, key=bytes(32)).state(5_000)


def unknown(_desk, box):
    return stand_in(box, device="box-9-zzzzzz").state(5_000)


def revoked(desk, box):
    status(desk, box, "revoked")
    return box.journal(1, 5_000)


def frozen(desk, box):
    status(desk, box, "frozen")
    return box.journal(1, 5_000)


def broken_chain(_desk, box):
    return journal_with(box, prev="00" * 16)


def changed_entry(desk, box):
    desk.take(box.journal(1, 5_000))
    box.entries[1] = (2, 1_000, 0x41, 0)
    return box.journal(2, 6_000)


def boots_backwards(desk, box):
    box.boot = 7
    box.start_boot()
    desk.take(box.journal(1, 5_000), box.journal(3, 5_000))
    box.boot = 2
    box.start_boot()
    return box.journal(4, 10)


def from_the_hub(_desk, box):
    body = {"inc": box.incarnation.hex(), "boot": 1, "re": 0, "seq": 99, "utc": 0}
    return box.seal("ack", body)


BAD = {
    "topic": bad_topic,
    "too_long": too_long,
    "envelope": no_envelope,
    "mac": wrong_key,
    "json": lambda _desk, box: sealed(box, b'{"inc":NaN,}'),
    "field_missing": lambda _desk, box: journal_with(box, first=None),
    "field_type": lambda _desk, box: journal_with(box, first="1"),
    "field_range": lambda _desk, box: journal_with(box, first=0),
    "unknown_device": unknown,
    "revoked": revoked,
    "frozen": frozen,
    "chain_broken": broken_chain,
    "entry_changed": changed_entry,
    "boot_backwards": boots_backwards,
    "not_a_device": from_the_hub,
}
