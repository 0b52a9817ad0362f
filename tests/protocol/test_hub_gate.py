"""The hub's strict decoder (msgspec) gives the verdicts of the vectors, hub-only ones included.

PAY-008: the hub is the strict gate; a device may be as lenient as its JSON library.
"""

import json
from pathlib import Path

import pytest
from onedoor_hub.ingest import strict
from onedoor_protocol.errors import ProtocolError

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"
BEFORE_JSON = ("too_long", "envelope", "mac")


def raw_payload(case: dict) -> bytes:
    return case["payload"].encode() if "payload" in case else bytes.fromhex(case["payload_hex"])


def upward(channel: str) -> list[tuple[bytes, str | None]]:
    """(body bytes, expected code or None) of every vector that a device could have sent."""
    bodies = json.loads((VECTORS / "bodies.json").read_text())
    found = [
        (json.dumps(case["body"]).encode(), case.get("error"))
        for case in bodies
        if case["channel"] == channel
    ]
    payloads = json.loads((VECTORS / "payloads.json").read_text())
    return found + [
        (raw_payload(case)[:-65], case.get("error"))
        for case in payloads
        if case["topic"].endswith("/" + channel) and case.get("error") not in BEFORE_JSON
    ]


def verdict(channel: str, body: bytes) -> str | None:
    try:
        strict.decode(channel, body)
    except ProtocolError as error:
        return error.code
    return None


@pytest.mark.parametrize("channel", ["journal", "state"])
def test_the_hub_judges_every_body_as_the_vectors_do(channel):
    wrong = [
        (body, code, verdict(channel, body))
        for body, code in upward(channel)
        if verdict(channel, body) != code
    ]
    assert wrong == []


def test_the_vectors_hold_bodies_that_only_the_hub_refuses():
    payloads = json.loads((VECTORS / "payloads.json").read_text())
    hub_only = [case for case in payloads if case.get("gate") == "hub"]
    assert {case["error"] for case in hub_only} == {"json"}
    assert len(hub_only) >= 10
