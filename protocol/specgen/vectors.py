"""Vectors for topics, MACs, passwords, entries, chains, and one whole session."""

from specgen import plain

Case = dict[str, object]

# RFC 4231, cases 1 to 4: digests as published. HMAC pads short keys with zeros, so that their
# keys, padded to 32 bytes, are device keys with the same digests.
_RFC_4231 = [
    ("0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe".hex(),
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    ("aa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        bytes(range(1, 26)).hex(),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
]

_BAD_TOPICS = {
    "TOP-001": [
        "", "onedoor", "onedoor/1/c/d", "onedoor/1/c/d/journal/", "onedoor/1/c/d/journal/x",
        "/onedoor/1/c/d/journal", "onedoor/2/c/d/journal", "Onedoor/1/c/d/journal",
        "onedoor/01/c/d/journal", "onedoor//c/d/journal", "$SYS/1/c/d/journal",
    ],
    "TOP-002": [
        "onedoor/1//d/journal", "onedoor/1/c//journal", "onedoor/1/-c/d/journal",
        "onedoor/1/c/-d/journal", "onedoor/1/C/d/journal", "onedoor/1/c/d_1/journal",
        "onedoor/1/c/d.1/journal", "onedoor/1/c/d 1/journal", "onedoor/1/c/é/journal",
        "onedoor/1/c/" + "d" * 33 + "/journal", "onedoor/1/" + "c" * 33 + "/d/journal",
        "onedoor/1/+/d/journal", "onedoor/1/c/#/journal", "onedoor/1/c/d\n/journal",
    ],
    "TOP-003": [
        "onedoor/1/c/d/", "onedoor/1/c/d/Journal", "onedoor/1/c/d/journals",
        "onedoor/1/c/d/up", "onedoor/1/c/d/+", "onedoor/1/c/d/#",
    ],
}  # fmt: skip


def topics() -> list[Case]:
    """Good topics taken apart, bad ones refused."""
    good = [
        (centre, device, channel)
        for centre, device in (("vientiane", "vientiane-3"), ("c", "0"), ("9" * 32, "z-" * 16))
        for channel in ("journal", "state", "ack", "desired", "command")
    ]
    cases: list[Case] = [
        {
            "clauses": ["TOP-001", "TOP-002", "TOP-003", "CHA-001"],
            "topic": f"onedoor/1/{centre}/{device}/{channel}",
            "centre": centre,
            "device": device,
            "channel": channel,
            "direction": "up" if channel in ("journal", "state") else "down",
        }
        for centre, device, channel in good
    ]
    for clause, bad in _BAD_TOPICS.items():
        cases += [{"clauses": [clause], "topic": text, "error": "topic"} for text in bad]
    return cases


def macs() -> list[Case]:
    """RFC 4231's own cases, then MACs of messages."""
    cases: list[Case] = [
        {
            "clauses": ["MAC-002"],
            "name": f"RFC 4231 case {number}",
            "key": key.ljust(64, "0"),
            "message_hex": message.hex(),
            "hmac": digest,
        }
        for number, (key, message, digest) in enumerate(_RFC_4231, start=1)
    ]
    bodies = [b"{}", b'{"now":1}', b"x" * 31, b"y" * 64, b"z" * 1983]
    for key in (plain.KEY, bytes(32), b"\xff" * 32):
        for label, channel in (("up", "journal"), ("up", "state"), ("down", "ack")):
            for body in bodies:
                topic = plain.topic(channel)
                cases.append(
                    {
                        "clauses": ["MAC-002"],
                        "key": key.hex(),
                        "direction": label,
                        "topic": topic,
                        "body": body.decode("ascii"),
                        "mac": plain.mac(body, topic, label, key),
                    }
                )
    return cases


def passwords() -> list[Case]:
    """Broker passwords of a few keys."""
    keys = [plain.KEY, plain.OTHER_KEY, bytes(32), b"\xff" * 32]
    return [
        {"clauses": ["CON-003"], "key": key.hex(), "password": plain.password(key)} for key in keys
    ]


def entries() -> list[Case]:
    """Packed entries at the ends of each range, and every possible field ``a`` of a rating."""
    top = (0xFFFFFFFF, 255, 0xFFFFFFFFFF, 255, 0xFFFF)
    rows = [(1, 1, 0, 0, 1), (2, 2, 45000, 0x43, 0), (7, 3, 2**32, 1, 12), top]
    for index, highest in enumerate(top):
        row = [1, 1, 0, 0, 0]
        row[index] = highest
        rows.append((row[0], row[1], row[2], row[3], row[4]))
    cases: list[Case] = [
        {
            "clauses": ["ENT-013"],
            "seq": row[0],
            "entry": list(row[1:]),
            "packed": plain.pack(*row).hex(),
        }
        for row in rows
    ]
    ratings = {
        16 * scale + value: (value, scale) for scale in (4, 5) for value in range(1, scale + 1)
    }
    for a in range(256):
        if a in ratings:
            value, scale = ratings[a]
            cases.append({"clauses": ["ENT-006"], "a": a, "value": value, "scale": scale})
        elif a >> 4 in (3, 4, 5, 6) or a in (0, 15, 255):
            cases.append({"clauses": ["ENT-006"], "a": a, "error": "field_range"})
    return cases


def chains() -> list[Case]:
    """The chain value before the first entry and after each."""
    boot, good = [1, 0, 0, 1], [2, 45000, 0x43, 0]
    long = [boot] + [[2, 2000 * n, 0x41 + n % 4, n * 2047 % 65536] for n in range(1, 40)]
    histories = [
        (plain.DEVICE, plain.INC, []),
        (plain.DEVICE, plain.INC, [boot, good]),
        (plain.DEVICE, "fedcba9876543210", [boot, good]),
        ("d", "0" * 16, [boot, good, [3, 46000, 1, 3], [4, 0xFFFFFFFFFF, 5, 65535]]),
        ("z" * 32, "f" * 16, long),
    ]
    return [
        {
            "clauses": ["CHN-001", "CHN-002", "JRN-004"],
            "device": device,
            "inc": inc,
            "entries": history,
            "chain": plain.chain_values(device, inc, history),
        }
        for device, inc, history in histories
    ]


def session() -> list[Case]:
    """First start, one press, one acknowledgement, clean end: what goes over the wire."""
    boot, good = [1, 0, 0, 1], [2, 45000, 0x43, 0]
    values = plain.chain_values(plain.DEVICE, plain.INC, [boot, good])
    utc = 1_800_000_000_000

    def state(now: int, online: int, seq: int, acked: int) -> dict[str, object]:
        return {
            "inc": plain.INC, "boot": 1, "now": now, "online": online, "fw": "0.1.0",
            "impl": "example", "seq": seq, "acked": acked, "buttons": 4, "refused": 0, "faults": [],
        }  # fmt: skip

    def journal(now: int, first: int, entry: list[int], heard: list[int]) -> dict[str, object]:
        return {
            "inc": plain.INC, "boot": 1, "now": now, "eb": 1, "first": first,
            "prev": values[first - 1], "e": [entry], "heard": heard,
        }  # fmt: skip

    def ack(re: int, seq: int, later_ms: int) -> dict[str, object]:
        return {"inc": plain.INC, "boot": 1, "re": re, "seq": seq, "utc": utc + later_ms}

    steps = [
        ("the will, given to the broker with CONNECT", "state", state(3000, 0, 1, 0)),
        ("the birth", "state", state(3200, 1, 1, 0)),
        ("the hub holds nothing yet", "ack", ack(3200, 0, 0)),
        ("the boot entry", "journal", journal(3270, 1, boot, [3260, utc])),
        ("the boot entry is committed", "ack", ack(3270, 1, 70)),
        ("a press on 'good'", "journal", journal(45010, 2, good, [3330, utc + 70])),
        ("the press is committed", "ack", ack(45010, 2, 41810)),
        ("switched off in the evening", "state", state(90000, 0, 2, 2)),
    ]
    return [
        {
            "clauses": [
                "PAY-001",
                "CHA-001",
                "CHA-002",
                "ENT-001",
                "ACK-004",
                "CON-006",
                "STA-003",
            ],
            "step": step,
            "key": plain.KEY.hex(),
            "topic": plain.topic(channel),
            "retain": channel == "state",
            "body": body,
            "payload": plain.sealed(plain.body(body), channel).decode("ascii"),
        }
        for step, channel, body in steps
    ]
