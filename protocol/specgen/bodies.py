"""Vectors for decoded bodies: each field at, below and above its ends, absent, of a wrong type.

The ranges are written out once more here, by hand from SPEC.md's prose, so that a slip in the
message table shows.
"""

from specgen import plain

Case = dict[str, object]

_BOOT, _T_MS, _SEQ, _U32 = 2**24 - 1, 2**40 - 1, 2**32 - 1, 2**32 - 1
_UTC = 253402300799999

# channel -> (a good body, {number field: (lowest, highest)}, {text field: (shortest, longest)})
_CHANNELS: dict[str, tuple[dict, dict, dict]] = {
    "journal": (
        {"inc": plain.INC, "boot": 2, "now": 7000, "eb": 2, "first": 40, "prev": "0f" * 16,
         "e": [[1, 0, 0, 2], [2, 5000, 0x44, 0]], "heard": [6000, 1_800_000_000_000]},
        {"boot": (1, _BOOT), "now": (0, _T_MS), "eb": (1, _BOOT), "first": (1, _SEQ)},
        {"inc": (16, 16), "prev": (32, 32)},
    ),
    "state": (
        {"inc": plain.INC, "boot": 2, "now": 0, "online": 1, "fw": "0.1.0", "impl": "Pico W",
         "seq": 9, "acked": 8, "buttons": 4, "refused": 0, "faults": [1, 3], "rssi": -60},
        {"boot": (1, _BOOT), "now": (0, _T_MS), "online": (0, 1), "seq": (0, _SEQ),
         "acked": (0, _SEQ), "buttons": (4, 5), "refused": (0, _U32), "rssi": (-127, 0)},
        {"inc": (16, 16), "fw": (1, 32), "impl": (1, 64)},
    ),
    "ack": (
        {"inc": plain.INC, "boot": 2, "re": 7000, "seq": 41, "utc": 1_800_000_000_000,
         "refused": "frozen"},
        {"boot": (1, _BOOT), "re": (0, _T_MS), "seq": (0, _SEQ), "utc": (0, _UTC)},
        {"inc": (16, 16), "refused": (1, 32)},
    ),
    "desired": (
        {"rev": 1, "lockout_ms": 1500, "thanks_ms": 1200},
        {"rev": (1, _U32), "lockout_ms": (0, 60000), "thanks_ms": (100, 10000)},
        {},
    ),
    "command": (
        {"inc": plain.INC, "boot": 2, "n": 1_800_000_000_000, "do": "window", "tag": 7,
         "for_s": 90, "first": 3, "last": 4},
        {"boot": (1, _BOOT), "n": (1, _UTC), "tag": (1, 65535), "for_s": (1, 3600),
         "first": (1, _SEQ), "last": (1, _SEQ)},
        {"inc": (16, 16)},
    ),
}  # fmt: skip
_OPTIONAL = {"heard", "rssi", "refused@ack", "first@command", "last@command"}
_HEX = {"inc", "prev"}


def bodies() -> list[Case]:
    """All cases. ``schema: false`` marks what a JSON Schema cannot refuse."""
    cases: list[Case] = []
    for channel, (good, numbers, texts) in _CHANNELS.items():
        clause = {"journal": "JRN-001", "ack": "ACK-004", "command": "CMD-003"}.get(
            channel, "CMP-002"
        )
        cases.append(_taken(clause, channel, good))
        cases += _absent(channel, good)
        for name, (low, high) in numbers.items():
            cases += _number(channel, good, name, low, high)
        for name, (low, high) in texts.items():
            cases += _text(channel, good, name, low, high)
        cases.append(_taken("CMP-001", channel, good, unknown=[{"a": 1.5}, None]))
    return cases + _lists() + _journal_rules() + _commands()


def _fields(channel: str, changes: dict) -> dict:
    return {**_CHANNELS[channel][0], **changes}


def _taken(clause: str, channel: str, good: dict, **changes: object) -> Case:
    body = {**good, **changes}
    known = {name: body[name] for name in body if name != "unknown"}
    return {
        "clauses": [clause],
        "channel": channel,
        "body": body,
        "json": plain.body(known).decode("ascii"),
    }


def _refused(clause: str, error: str, channel: str, body: object, schema: bool = True) -> Case:
    case: Case = {"clauses": [clause], "channel": channel, "body": body, "error": error}
    return case if schema else {**case, "schema": False}


def _absent(channel: str, good: dict) -> list[Case]:
    cases = []
    for name in good:
        without = {key: value for key, value in good.items() if key != name}
        if name in _OPTIONAL or f"{name}@{channel}" in _OPTIONAL:
            cases.append(_taken("CMP-002", channel, without))
        else:
            cases.append(_refused("CMP-002", "field_missing", channel, without))
    return cases


def _number(channel: str, good: dict, name: str, low: int, high: int) -> list[Case]:
    def changed(value: object) -> dict:
        body = {**good, name: value}
        if channel == "journal" and name in ("boot", "eb"):  # a boot entry names its boot
            body["e"] = good["e"][1:]
            body["boot"] = max(good["boot"], high) if name == "eb" else value
            body["eb"] = value if name == "eb" else 1
        if channel == "journal" and name == "first":
            body["e"] = good["e"][1:]
        return body

    cases = [_taken("LIM-002", channel, changed(value)) for value in (low, high)]
    for value in (low - 1, high + 1, 2**64, -(2**64)):
        cases.append(_refused("LIM-002", "field_range", channel, changed(value)))
    for value in (True, None, "1", [1], {}, 1.5):
        cases.append(_refused("PAY-004", "field_type", channel, changed(value)))
    return cases


def _text(channel: str, good: dict, name: str, low: int, high: int) -> list[Case]:
    sample = "0123456789abcdef" * 4
    lengths = {low, high}
    cases = [_taken("LIM-002", channel, good, **{name: sample[:n]}) for n in sorted(lengths)]
    for value in (sample[: low - 1], (sample + "0")[: high + 1], "0" * (max(low, 2) - 1) + "\n"):
        cases.append(_refused("LIM-002", "field_range", channel, {**good, name: value}))
    for value in ("\u00e9" * low, "\x7f" * low, "\x00" * low):
        cases.append(_refused("PAY-003", "field_range", channel, {**good, name: value}))
    for value in (1, True, None, ["0" * low], {}):
        cases.append(_refused("CMP-002", "field_type", channel, {**good, name: value}))
    if name in _HEX:
        for digit in "gG F":
            cases.append(_refused("LIM-002", "field_range", channel, {**good, name: digit * low}))
    else:
        cases.append(_taken("PAY-003", channel, good, **{name: ' "\\/~'}))
    return cases


def _lists() -> list[Case]:
    cases = []
    for faults in ([], [1], [255] * 8):
        cases.append(_taken("LIM-002", "state", _fields("state", {"faults": faults})))
    for faults in ([0], [256], [1] * 9, [-1]):
        body = _fields("state", {"faults": faults})
        cases.append(_refused("LIM-002", "field_range", "state", body))
    for faults in (1, {}, None, [True], ["1"], [[1]]):
        body = _fields("state", {"faults": faults})
        cases.append(_refused("CMP-002", "field_type", "state", body))
    for heard in ([0, 0], [_T_MS, _UTC]):
        cases.append(_taken("JRN-005", "journal", _fields("journal", {"heard": heard})))
    for heard in ([], [1], [1, 2, 3], [-1, 0], [0, -1], [_T_MS + 1, 0], [0, _UTC + 1]):
        body = _fields("journal", {"heard": heard})
        cases.append(_refused("LIM-002", "field_range", "journal", body))
    for heard in (1, {}, None, [1, "2"], [True, 2], "12"):
        body = _fields("journal", {"heard": heard})
        cases.append(_refused("CMP-002", "field_type", "journal", body))
    return cases


def _journal_rules() -> list[Case]:
    def body(entries: object, **changes: object) -> dict:
        return _fields("journal", {"e": entries, **changes})

    full = [[2, n, 0x41, n] for n in range(32)]
    unknown = [[5, 1, 2, 3], [16, 0, 0, 0], [255, _T_MS, 255, 65535]]
    cases = [
        _taken("JRN-001", "journal", body(full)),
        _taken("ENT-010", "journal", body(unknown)),
        _taken("ENT-005", "journal", body([[1, 0, 1, 0]], boot=65536, eb=65536)),
        _taken("JRN-002", "journal", body([[2, 1, 0x55, 65535]], boot=9, eb=3)),
        _taken("JRN-003", "journal", body(full, first=_SEQ - 31)),
        _refused("JRN-001", "field_range", "journal", body([])),
        _refused("JRN-001", "field_range", "journal", body([*full, [2, 32, 0x41, 0]])),
        _refused("JRN-002", "field_range", "journal", body(full, eb=3), schema=False),
        _refused("JRN-003", "field_range", "journal", body(full, first=_SEQ - 30), schema=False),
    ]
    for entry in ([1, 0, 0, 3], [1, 0, 1, 2], [1, 0, 0, 0]):
        cases.append(_refused("ENT-005", "field_range", "journal", body([entry]), schema=False))
    second = [[2, 0, 0x41, 0], [1, 0, 0, 2]]
    cases.append(_refused("ENT-005", "field_range", "journal", body(second), schema=False))
    for a in (0x00, 0x40, 0x45, 0x50, 0x56, 0x31, 0x61, 0xFF):
        bad = body([[2, 0, a, 0]])
        cases.append(_refused("ENT-006", "field_range", "journal", bad))
    for entry in (
        [], [2, 0, 0x41], [2, 0, 0x41, 0, 0], [0, 0, 0, 0], [256, 0, 0, 0], [4, -1, 0, 0],
        [4, _T_MS + 1, 0, 0], [4, 0, -1, 0], [4, 0, 256, 0], [4, 0, 0, -1], [4, 0, 0, 65536],
    ):  # fmt: skip
        cases.append(_refused("ENT-001", "field_range", "journal", body([entry])))
    for entry in (2, "2", None, {}, ["2", 0, 0x41, 0], [2, 0, 0x41, True], [2, None, 0x41, 0]):
        cases.append(_refused("ENT-001", "field_type", "journal", body([entry])))
    for entries in (None, {}, 1, "[]"):
        cases.append(_refused("CMP-002", "field_type", "journal", body(entries)))
    return cases


def _commands() -> list[Case]:
    head = {"inc": plain.INC, "boot": 2, "n": 5}
    needs = {"window": {"tag": 1, "for_s": 90}, "identify": {"for_s": 10}, "reboot": {},
             "resend": {"first": 2, "last": 9}}  # fmt: skip
    cases = []
    for do, extra in needs.items():
        cases.append(_taken("CMD-003", "command", {**head, "do": do, **extra}))
        for name in extra:
            less = {key: value for key, value in extra.items() if key != name}
            cases.append(
                _refused("CMD-003", "field_missing", "command", {**head, "do": do, **less})
            )
    for do in ("", "Window", "window ", "explode", "x" * 17):
        cases.append(_refused("CMD-003", "field_range", "command", {**head, "do": do}))
    for do in (None, 1, True, ["window"], {}):
        cases.append(_refused("CMP-002", "field_type", "command", {**head, "do": do}))
    for channel in _CHANNELS:
        for body in ([], 1, "x", None):
            cases.append(_refused("PAY-002", "json", channel, body))
    return cases
