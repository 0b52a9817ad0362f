"""The message table: every field of every channel, with its type and range (JRN, ACK, STA, DES
and CMD clauses).

One table serves the portable check below, the hub's strict decoder, the JSON Schemas, the
AsyncAPI document and the tables in SPEC.md.
"""

from onedoor_protocol import chain
from onedoor_protocol.errors import ProtocolError

MAX_ENTRIES = 32
MAX_UTC_MS = 253402300799999  # 9999-12-31T23:59:59.999Z

# Longest payload in bytes, body, newline and MAC together. Checked before anything is parsed.
MAX_PAYLOAD_BYTES = {"journal": 2048, "state": 1024, "ack": 512, "desired": 2048, "command": 512}


def _int(name, low, high, meaning, required=True):
    return (name, "int", low, high, required, meaning)


def _text(name, low, high, meaning, required=True):
    return (name, "text", low, high, required, meaning)


def _hex(name, chars, meaning):
    return (name, "hex", chars, chars, True, meaning)


_INC = _hex("inc", 2 * chain.INCARNATION_BYTES, "incarnation of the journal")
_BOOT = _int("boot", 1, chain.MAX_BOOT, "number of the current boot")
_NOW = _int("now", 0, chain.MAX_T_MS, "ms since the current boot, when the message was made")

# Shape of one journal entry in ``e``: (name, low, high).
ENTRY = (
    ("kind", 1, 255),
    ("t_ms", 0, chain.MAX_T_MS),
    ("a", 0, 255),
    ("b", 0, 65535),
)

# A field is (name, type, low, high, required, meaning). For "int" low and high bound the value,
# for "text" and "hex" the number of characters, for lists the number of items.
MESSAGES = {
    "journal": (
        _INC,
        _BOOT,
        _NOW,
        _int("eb", 1, chain.MAX_BOOT, "boot in which the entries of this message were made"),
        _int("first", 1, chain.MAX_SEQ, "seq of the first entry; the others follow on"),
        _hex("prev", 2 * chain.CHAIN_BYTES, "chain value before the first entry"),
        ("e", "entries", 1, MAX_ENTRIES, True, "entries as [kind, t_ms, a, b]"),
        ("heard", "heard", 2, 2, False, "[ms since boot, utc]: the newest ack and its arrival"),
    ),
    "state": (
        _INC,
        _BOOT,
        _NOW,
        _int("online", 0, 1, "1 in the birth, 0 in the will and at a clean end"),
        _text("fw", 1, 32, "firmware version"),
        _text("impl", 1, 64, "interpreter and board"),
        _int("seq", 0, chain.MAX_SEQ, "seq of the newest entry, 0 for none"),
        _int("acked", 0, chain.MAX_SEQ, "highest seq the hub has acknowledged"),
        _int("buttons", 4, 5, "number of rating buttons"),
        _int("refused", 0, 0xFFFFFFFF, "presses refused because the journal was full"),
        ("faults", "codes", 0, 8, True, "codes of the faults that hold now"),
        _int("rssi", -127, 0, "signal strength in dBm", False),
    ),
    "ack": (
        _INC,
        _int("boot", 1, chain.MAX_BOOT, "the answered message's boot"),
        _int("re", 0, chain.MAX_T_MS, "the answered message's now"),
        _int("seq", 0, chain.MAX_SEQ, "highest seq up to which the hub has committed every entry"),
        _int("utc", 0, MAX_UTC_MS, "hub time in ms since 1970-01-01T00:00:00Z"),
        _text("refused", 1, 32, "why the answered message was not stored", False),
    ),
    "desired": (
        _int("rev", 1, 0xFFFFFFFF, "revision; a lower one than the newest seen is ignored"),
        _int("lockout_ms", 0, 60000, "pause after a rating in which presses are not taken"),
        _int("thanks_ms", 100, 10000, "how long the thank-you light is lit"),
    ),
    "command": (
        _INC,
        _int("boot", 1, chain.MAX_BOOT, "the boot the command is for"),
        _int("n", 1, MAX_UTC_MS, "number of the command; it rises from one to the next"),
        ("do", "word", 1, 16, True, "window, identify, resend or reboot"),
        _int("tag", 1, 65535, "window: the tag that ratings answer", False),
        _int("for_s", 1, 3600, "window, identify: how long", False),
        _int("first", 1, chain.MAX_SEQ, "resend: first seq wanted", False),
        _int("last", 1, chain.MAX_SEQ, "resend: last seq wanted", False),
    ),
}

# What each command needs beside inc, boot, n and do.
COMMANDS = {
    "window": ("tag", "for_s"),
    "identify": ("for_s",),
    "resend": ("first", "last"),
    "reboot": (),
}


def _refuse(code, where, text):
    raise ProtocolError(code, "$." + where, text)


def _check_int(value, low, high, where):
    if type(value) is not int:  # a bool is no number here
        _refuse("field_type", where, "expected a whole number")
    if not low <= value <= high:
        _refuse("field_range", where, "expected " + str(low) + " to " + str(high))


def _check_text(value, low, high, where):
    if type(value) is not str:
        _refuse("field_type", where, "expected text")
    if not low <= len(value) <= high:
        _refuse("field_range", where, "expected " + str(low) + " to " + str(high) + " characters")
    for char in value:
        if not " " <= char <= "~":
            _refuse("field_range", where, "expected printable ASCII")


def _check_hex(value, low, high, where):
    _check_text(value, low, high, where)
    for char in value:
        if char not in "0123456789abcdef":
            _refuse("field_range", where, "expected lower-case hex digits")


def _check_list(value, low, high, where):
    if type(value) is not list:
        _refuse("field_type", where, "expected a list")
    if not low <= len(value) <= high:
        _refuse("field_range", where, "expected " + str(low) + " to " + str(high) + " items")


def _check_entries(value, low, high, where):
    _check_list(value, low, high, where)
    for index, entry in enumerate(value):
        at = where + "[" + str(index) + "]"
        _check_list(entry, len(ENTRY), len(ENTRY), at)
        for number, (_, least, most) in enumerate(ENTRY):
            _check_int(entry[number], least, most, at + "[" + str(number) + "]")


def _check_heard(value, low, high, where):
    _check_list(value, low, high, where)
    _check_int(value[0], 0, chain.MAX_T_MS, where + "[0]")
    _check_int(value[1], 0, MAX_UTC_MS, where + "[1]")


def _check_codes(value, low, high, where):
    _check_list(value, low, high, where)
    for index, code in enumerate(value):
        _check_int(code, 1, 255, where + "[" + str(index) + "]")


def _check_word(value, low, high, where):
    _check_text(value, low, high, where)
    if value not in COMMANDS:
        _refuse("field_range", where, "expected window, identify, resend or reboot")


_CHECKS = {
    "int": _check_int,
    "text": _check_text,
    "hex": _check_hex,
    "entries": _check_entries,
    "heard": _check_heard,
    "codes": _check_codes,
    "word": _check_word,
}


def check_journal(boot, eb, first, entries):
    """Refuse journal fields that fit the table each, but not together.

    Shared with the hub's strict decoder. Raises ProtocolError ``field_range``.
    """
    if first + len(entries) - 1 > chain.MAX_SEQ:
        _refuse("field_range", "first", "the entries run past the highest seq")
    if eb > boot:
        _refuse("field_range", "eb", "later than the current boot")
    for index, (kind, _, a, b) in enumerate(entries):
        if kind == chain.KIND_BOOT and (index or a << 16 | b != eb):
            _refuse("field_range", "e[" + str(index) + "]", "expected the first entry of boot eb")
        if kind == chain.KIND_RATING and not chain.is_rating(a):
            _refuse("field_range", "e[" + str(index) + "][2]", "expected a rating of 4 or 5")


def check(channel, body):
    """Refuse a decoded body that does not fit its channel's table.

    Unknown fields are left alone (CMP-001). Raises ProtocolError ``json`` where the body is no
    dict, else ``field_missing``, ``field_type`` or ``field_range`` with the path of the field.
    """
    if type(body) is not dict:
        raise ProtocolError("json", "body", "expected an object")
    for name, kind, low, high, required, _ in MESSAGES[channel]:
        if name in body:
            _CHECKS[kind](body[name], low, high, name)
        elif required:
            _refuse("field_missing", name, "required on " + channel)
    if channel == "journal":
        check_journal(body["boot"], body["eb"], body["first"], body["e"])
    if channel == "command":
        for name in COMMANDS[body["do"]]:
            if name not in body:
                _refuse("field_missing", name, "required by " + body["do"])
