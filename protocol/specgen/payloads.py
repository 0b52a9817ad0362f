"""Vectors for whole payloads: sealed well, and spoilt in every way the receiver must see."""

from specgen import plain

Case = dict[str, object]

CAPS = {"journal": 2048, "state": 1024, "ack": 512, "desired": 2048, "command": 512}
_ACK = {"inc": plain.INC, "boot": 1, "re": 3200, "seq": 2, "utc": 1_800_000_000_000}
_STATE = {
    "inc": plain.INC, "boot": 1, "now": 3200, "online": 1, "fw": "0.1.0", "impl": "example",
    "seq": 2, "acked": 2, "buttons": 5, "refused": 0, "faults": [], "rssi": -71,
}  # fmt: skip
_JOURNAL = {
    "inc": plain.INC, "boot": 1, "now": 45010, "eb": 1, "first": 1,
    "prev": plain.chain_values(plain.DEVICE, plain.INC, [])[0],
    "e": [[1, 0, 0, 1], [2, 45000, 0x43, 0]],
}  # fmt: skip
_DESIRED = {"rev": 3, "lockout_ms": 1500, "thanks_ms": 1200}
_COMMAND = {"inc": plain.INC, "boot": 1, "n": 17, "do": "identify", "for_s": 20}
_GOOD = {
    "journal": _JOURNAL, "state": _STATE, "ack": _ACK, "desired": _DESIRED, "command": _COMMAND,
}  # fmt: skip


def payloads() -> list[Case]:
    """All cases; ``body`` is what a good payload holds."""
    return _good() + _lengths() + _envelopes() + _macs() + _json()


def _case(clauses: list[str], channel: str, payload: bytes, **expected: object) -> Case:
    case: Case = {"clauses": clauses, "key": plain.KEY.hex(), "topic": plain.topic(channel)}
    if payload.isascii():
        case["payload"] = payload.decode("ascii")
    else:
        case["payload_hex"] = payload.hex()
    return {**case, **expected}


def _good() -> list[Case]:
    cases = []
    for channel, body in _GOOD.items():
        compact = plain.body(body)
        cases.append(_case(["PAY-001"], channel, plain.sealed(compact, channel), body=body))
        backwards = dict(reversed(body.items()))
        spaced = plain.body(backwards).replace(b",", b" , ").replace(b":", b" : ")
        cases.append(_case(["PAY-005"], channel, plain.sealed(spaced, channel), body=body))
    return cases


def _lengths() -> list[Case]:
    cases = []
    for channel, cap in CAPS.items():
        clauses = ["PAY-006", "LIM-001"]
        room = cap - len(plain.sealed(plain.body({**_GOOD[channel], "pad": ""}), channel))
        for extra in (0, 1):
            body = {**_GOOD[channel], "pad": "x" * (room + extra)}
            payload = plain.sealed(plain.body(body), channel)
            verdict: Case = {"error": "too_long"} if extra else {"body": body}
            cases.append(_case(clauses, channel, payload, **verdict))
        # Length is looked at first, so rubbish beyond the cap is too long and nothing else.
        cases.append(_case(["PAY-007"], channel, b"\xff" * (cap + 1), error="too_long"))
    return cases


def _envelopes() -> list[Case]:
    body = plain.body(_ACK)
    good = plain.sealed(body, "ack")
    mac = good[-64:]
    spoilt = [
        b"", b"\n", b"{}", mac, b"\n" + mac, b"{\n" + mac, body, body + b"\n", body + mac,
        body + b" " + mac, plain.sealed(b"{", "ack"), body + b"\n" + mac[:-1], good + b"\n",
        good + b"0", body + b"\r" + mac, b"\x00" * 65 + body, good[:-1], good[:40],
    ]  # fmt: skip
    return [_case(["PAY-001"], "ack", payload, error="envelope") for payload in spoilt]


def _macs() -> list[Case]:
    body = plain.body(_ACK)
    topic = plain.topic("ack")
    mac = plain.mac(body, topic, "down").encode("ascii")
    forged = {
        "another key": plain.mac(body, topic, "down", plain.OTHER_KEY),
        "the other direction": plain.mac(body, topic, "up"),
        "another channel": plain.mac(body, plain.topic("command"), "down"),
        "another device": plain.mac(body, "onedoor/1/vientiane/vientiane-4/ack", "down"),
        "another centre": plain.mac(body, "onedoor/1/luang/vientiane-3/ack", "down"),
        "no digits": "z" * 64,
        "zeros": "0" * 64,
        "upper case": mac.decode("ascii").upper(),
    }
    cases = [
        _case(["MAC-003"], "ack", body + b"\n" + text.encode("ascii"), error="mac", name=name)
        for name, text in forged.items()
    ]
    for spoilt in (
        body[:-1] + b" }",
        body.replace(b"3200", b"3201"),
        body[:-1] + b',"x":1}',
        b"{}",
    ):
        cases.append(_case(["MAC-003", "MAC-002"], "ack", spoilt + b"\n" + mac, error="mac"))
    # The MAC is looked at before the JSON, so what is no JSON either is refused for its MAC.
    cases.append(_case(["PAY-007"], "ack", b"not json\n" + b"0" * 64, error="mac"))
    # A line feed stands 65 bytes from the end, so only the MAC can tell that the rest is wrong.
    for tail in (b"\xff" * 64, b"\n" + mac[:-1], b"\n" * 64):
        cases.append(_case(["MAC-003"], "ack", body + b"\n" + tail, error="mac"))
    return cases


def _json() -> list[Case]:
    good = plain.body(_STATE)
    everyone = [
        b"[]", b"17", b'"{}"', b"null", b"true", b"{ ", b"}{", good[:-1],
        good + b"x", good + b"{}", b"\xef\xbb\xbf" + good, good.replace(b"example", b"ex\xc3\xa9"),
        good.replace(b"example", b"ex\xff"), good.replace(b",", b",\n"), good + b" \t",
        good.replace(b"example", b"ex\x7f"), good.replace(b"example", b"ex\x00"),
        good.decode("ascii").encode("utf-16"), b"[" * 900, b'{"x":' + b"[" * 800 + b"}",
        good.replace(b'"', b"'"), b"(" + good + b")",
    ]  # fmt: skip
    hub_only = [
        good[:-1] + b",}", good.replace(b"[]", b"[1,]"), good.replace(b"3200", b"03200"),
        good.replace(b'"boot":1', b'"boot" 1'), good[:-1] + b',"x":NaN}',
        good[:-1] + b',"x":-Infinity}', good[:-1] + b',"x":tru}', good[:-1] + b",1:2}",
        good[:-1] + b",/*x*/}", good[:-1] + b"]", b"{]",
    ]  # fmt: skip
    wrong = [
        ("PAY-004", "field_type", good.replace(b'"boot":1', b'"boot":1.0')),
        ("PAY-004", "field_type", good.replace(b'"boot":1', b'"boot":1e2')),
        ("PAY-004", "field_type", good.replace(b'"boot":1', b'"boot":true')),
        ("PAY-004", "field_type", good.replace(b'"boot":1', b'"boot":null')),
        ("PAY-004", "field_type", good.replace(b'"boot":1', b'"boot":"1"')),
        ("PAY-003", "field_range", good.replace(b"example", b"ex\\u00e9")),
        ("PAY-003", "field_range", good.replace(b"example", b"ex\\n")),
        ("CMP-002", "field_range", good.replace(b'"boot":1', b'"boot":0')),
        ("CMP-002", "field_range", good.replace(b'"boot":1', b'"boot":' + b"9" * 500)),
        ("CMP-002", "field_missing", good.replace(b'"boot"', b'"Boot"')),
        ("CMP-002", "field_missing", b"{}"),
    ]
    cases = [
        _case(["PAY-002", "PAY-003"], "state", plain.sealed(body, "state"), error="json")
        for body in everyone
    ]
    cases += [
        _case(["PAY-008"], "state", plain.sealed(body, "state"), error="json", gate="hub")
        for body in hub_only
    ]
    cases += [
        _case([clause], "state", plain.sealed(body, "state"), error=error)
        for clause, error, body in wrong
    ]
    return cases
