"""Whatever comes in, the hub goes on: floods, hostile topics, any bytes, the golden vectors."""

import json
import random
from pathlib import Path

import pytest
import structlog
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.ingest.gate import Arrival, Refusal, admit
from onedoor_hub.store import devices, schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.refusals import KEPT_SAMPLES
from onedoor_protocol import codec, mac, topics
from onedoor_protocol.errors import CODES, ProtocolError

from tests.support.bad import BAD, sealed, stand_in, status, together
from tests.support.centre import Desk, add_box, count, rated

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"


@pytest.fixture
def desk(engine):
    return Desk(engine)


def test_invented_devices_cannot_grow_the_database(desk):
    """LIM-003: what is kept of refused messages is bounded."""
    box = add_box(desk.engine)
    strangers = [stand_in(box, device=f"box-{n}").state(n) for n in range(1_500)]
    together(desk, *strangers[:700], box.journal(1, 5_000), *strangers[700:])
    assert desk.refused() == {"unknown_device": 1_500}
    assert count(desk.engine, schema.refusal_tally) == 1
    assert count(desk.engine, schema.refusal_sample) == KEPT_SAMPLES
    assert count(desk.engine, schema.stream) == 1
    assert count(desk.engine, schema.entry) == 1


def test_a_flood_of_one_kind_is_one_line_in_the_log(sqlite_engine):
    """LIM-003: the log is kept too."""
    desk, box = Desk(sqlite_engine), add_box(sqlite_engine)
    with structlog.testing.capture_logs() as lines:
        together(desk, *[BAD["mac"](desk, box)] * 2_000, *[BAD["topic"](desk, box)] * 2_000)
    assert sorted(line["reason"].split()[0] for line in lines) == ["mac", "topic"]
    assert desk.refused() == {"mac": 2_000, "topic": 2_000}


HOSTILE_TOPICS = [
    "",
    "/",
    "onedoor/1",
    "onedoor/1/////",
    "onedoor/1/vientiane/box-3-abcdef/journal/more",
    "onedoor/2/vientiane/box-3-abcdef/journal",
    "onedoor/1/+/#/journal",
    "onedoor/1/vientiane/\0/journal",
    "onedoor/1/vientiane/'; DROP TABLE entry;--/journal",
    "onedoor/1/vientiane/\x1b[2J\r\nFAKE LOG LINE/journal",
    "onedoor/1/ວຽງຈັນ/box/journal",
    "onedoor/1/vientiane/" + "x" * 65_000 + "/journal",
    "$SYS/broker",
]


def test_hostile_topics_are_refused_and_logged_harmlessly(desk):
    for number, topic in enumerate(HOSTILE_TOPICS):
        with structlog.testing.capture_logs() as lines:
            assert desk.take((topic, b"{}")) == []
        assert desk.refused() == {"topic": number + 1}
        assert count(desk.engine, schema.refusal_sample) == number + 1
        assert [line["topic"].isascii() and line["topic"].isprintable() for line in lines] == [True]
        assert len(str(lines)) < 1_000


def vector_device(key: str) -> devices.Device:
    raw = bytes.fromhex(key)
    return devices.Device("vientiane-3", 1, "vientiane", "UTC", 3, "active", "", raw, mac.Mac(raw))


def test_the_hub_judges_the_golden_payloads_as_the_protocol_does():
    """PAY-007, PAY-008: same verdict and code, but where only a hub has to be strict."""
    cases = json.loads((VECTORS / "payloads.json").read_text())
    cases = [case for case in cases if topics.parse(case["topic"])[2] in topics.UP]
    assert len(cases) > 50
    wrong = []
    for case in cases:
        raw = case["payload"].encode() if "payload" in case else bytes.fromhex(case["payload_hex"])
        device, expected = vector_device(case["key"]), case.get("error")
        by_hub = verdict(admit, Arrival(case["topic"], raw, 0), {device.id: device})
        by_protocol = verdict(codec.open_payload, case["topic"], raw, device.mac)
        if by_hub != expected or (case.get("gate") != "hub" and by_protocol != expected):
            wrong.append((case, by_hub, by_protocol))
    assert wrong == []


def verdict(judge, *given) -> str | None:
    try:
        judge(*given)
    except ProtocolError as error:
        return error.code
    return None


def test_the_golden_session_is_taken_as_a_whole(desk):
    """The session of SPEC.md, byte for byte, ends as one rating and the documented answers."""
    steps = json.loads((VECTORS / "session.json").read_text())
    with desk.engine.begin() as connection:
        number = devices.ensure_centre(connection, "vientiane", 0)
        devices.ensure_counter(connection, number, 3)
        row = {"id": "vientiane-3", "centre": number, "counter": 3, "kind": "box"}
        row |= {"key": bytes.fromhex(steps[0]["key"]), "status": "active"}
        row |= {"created_ms": 0, "changed_ms": 0}
        connection.execute(schema.device.insert().values(row))
    for step, following in zip(steps, steps[1:] + [steps[-1]], strict=True):
        if topics.parse(step["topic"])[2] not in topics.UP:
            continue
        answered = topics.parse(following["topic"])[2] == "ack"
        if answered:
            desk.now_ms = following["body"]["utc"]
        answers = desk.take((step["topic"], step["payload"].encode()))
        expected = [(following["topic"], following["payload"].encode())] if answered else []
        assert answers == expected, step["step"]
    assert rated(desk.engine) == 1


class Mutations:
    """Bad messages made of good ones, from a seed."""

    def __init__(self, chance, box):
        self.chance, self.box = chance, box

    def one(self):
        make = self.chance.choice((self.bytes_changed, self.cut, self.noise, self.body_changed))
        return make()

    def good(self):
        if self.chance.random() < 0.5:
            return self.box.state(self.chance.randrange(10_000))
        return self.box.journal(self.chance.randrange(1, 20), self.chance.randrange(10_000), 5)

    def bytes_changed(self):
        topic, payload = self.good()
        changed = bytearray(payload)
        for _ in range(self.chance.randrange(1, 4)):
            changed[self.chance.randrange(len(changed))] = self.chance.randrange(256)
        return topic, bytes(changed)

    def cut(self):
        topic, payload = self.good()
        at = self.chance.randrange(len(payload))
        return topic, payload[:at] + payload[at + self.chance.randrange(1, 90) :]

    def noise(self):
        topic, _ = self.good()
        return topic, self.chance.randbytes(self.chance.randrange(3_000))

    def body_changed(self):
        """Authentic, but with changed bytes or fields: past the MAC, on to the decoder."""
        topic, payload = self.good()
        channel, body = topics.parse(topic)[2], bytearray(payload[:-65])
        if self.chance.random() < 0.5:
            for _ in range(self.chance.randrange(1, 3)):
                body[self.chance.randrange(len(body))] = self.chance.choice(
                    b'"{}[],:0919-eE.tfn\\ '
                )
            return sealed(self.box, bytes(body), channel)
        fields = json.loads(bytes(body))
        name = self.chance.choice(list(fields))
        odd = (None, True, -1, 0, 2**31, 2**40, 2**64, 10**30, 0.5, "", "f" * 16, [], {}, [[]])
        fields[name] = self.chance.choice(odd)
        return sealed(self.box, json.dumps(fields).encode(), channel)


def test_no_bytes_can_stop_the_hub_or_harm_its_neighbours(desk):
    """ERR-004: 4,000 mutated messages from a fixed seed around the good ones of another box."""
    good, victim = add_box(desk.engine, counter=3), add_box(desk.engine, counter=4)
    for number in range(40):
        good.rate(1 + number % 4, 4, 1_000 + number)
        victim.rate(1 + number % 4, 4, 1_000 + number)
    mutations = Mutations(random.Random(20_261_123), victim)
    sent = 0
    for round_ in range(40):
        bad = [mutations.one() for _ in range(100)]
        sent += len(bad)
        together(desk, *bad[:50], good.journal(1 + round_, 10_000 + round_, 2), *bad[50:])
        status(desk, victim, "active")  # whatever it was frozen for
    counts = desk.health.counts()
    assert counts.get(("failed", "message"), 0) == counts.get(("failed", "writer"), 0) == 0
    assert set(desk.refused()) <= set(CODES)
    assert {"mac", "envelope", "json", "field_type", "field_range"} <= set(desk.refused())
    kept = sum(n for (name, _), n in counts.items() if name in ("messages", "ignored"))
    assert sum(desk.refused().values()) + kept == sent + 40
    assert desk.health.troubles() == {}
    with desk.engine.begin() as connection:
        found = certificate(connection, good.device)["incarnations"][0]
    assert (found["received"], found["chain_state"]) == (41, "unbroken")
    rated(desk.engine)


def test_the_gate_never_raises_anything_but_a_refusal():
    box = PaperDevice("vientiane", "vientiane-3", bytes(32), bytes(8))
    box.start_boot()
    for number in range(30):
        box.rate(4, 4, number)
    device = vector_device("00" * 32)
    mutations = Mutations(random.Random(7), box)
    refused = 0
    for _ in range(20_000):
        try:
            admit(Arrival(*mutations.one(), 0), {device.id: device})
        except Refusal as refusal:
            refused += refusal.code in CODES
    assert refused > 15_000
