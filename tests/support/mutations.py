"""Payloads spoilt in their bytes or in their structure, from a seed. Most of them are sealed with
the box's own key, so that they get past the MAC and to the decoder and the ledger."""

import json

from onedoor_hub.demo.paper import PaperDevice
from onedoor_protocol import topics

from tests.support.bad import sealed

NUMBERS = (
    "-0 -1 0 00 01 1.0 0.5 1e3 1E400 -1e-9 0x10 +1 .5 1. 1e NaN Infinity -Infinity 255 256 65535 "
    "65536 4294967295 4294967296 1099511627775 1099511627776 9007199254740993 "
    "9223372036854775807 9223372036854775808 18446744073709551616 1" + "0" * 300
).split()
TEXTS = (
    b'""',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\u00"',
    b'"\\x41"',
    b'"' + b"f" * 16 + b'"',
    b'"' + b"F" * 16 + b'"',
    b'"' + b"0" * 1_500 + b'"',
    '"ກ"'.encode(),
    b'"\xc0\xaf"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xff"',
    b'"\x00"',
    b'"\x7f"',
    b'"a\nb"',
)
OTHERS = (b"null", b"true", b"false", b"{}", b"[]", b"[[]]", b'{"a":1}', b"", b",", b"nul")
SYNTAX = b'"{}[],:\\ 0123456789-+.eEtfn/\x00\x1f\x7f\x80\xff'


class Mutations:
    """Each call of ``one`` is a spoilt message (topic, payload) of a box."""

    def __init__(self, chance, box: PaperDevice):
        self._chance = chance
        self._box = box
        self.ways = (
            self._bytes,
            self._numbers,
            self._texts,
            self._nesting,
            self._lengths,
            self._fields,
            self._entries,
            self._envelope,
        )

    def one(self) -> tuple[str, bytes]:
        """A message spoilt in one way, now and then in a second."""
        channel = self._chance.choice(topics.UP)
        body = self._good(channel)
        for _ in range(1 if self._chance.random() < 0.8 else 2):
            way = self._chance.choice(self.ways)
            body = way(body)
        if isinstance(body, tuple):
            return body
        return sealed(self._box, body, channel)

    def _good(self, channel: str) -> bytes:
        now_ms = self._chance.randrange(100_000)
        if channel == "state":
            return self._box.state(now_ms)[1][:-65]
        first = self._chance.randrange(1, len(self._box.entries) + 1)
        return self._box.journal(first, now_ms, self._chance.randrange(1, 33))[1][:-65]

    def _bytes(self, body):
        if isinstance(body, tuple):
            return body
        changed = bytearray(body)
        for _ in range(self._chance.randrange(1, 5)):
            at = self._chance.randrange(len(changed) + 1)
            how = self._chance.randrange(4)
            new = self._chance.choice((SYNTAX, bytes(range(256))))
            if how == 0:
                changed[at:at] = bytes([self._chance.choice(new)])
            elif how == 1:
                del changed[at : at + self._chance.randrange(1, 9)]
            elif how == 2:
                changed[at : at + 1] = bytes([self._chance.choice(new)])
            else:
                changed[at:at] = changed[at : at + self._chance.randrange(1, 40)]
        return bytes(changed)

    def _replaced(self, body, digits: bool, new: bytes):
        """One value of the body, a number or a text, replaced."""
        spans, at = [], 0
        while at < len(body):
            if digits and body[at : at + 1].isdigit() and body[at - 1 : at] in (b":", b"[", b","):
                end = at
                while body[end : end + 1].isdigit():
                    end += 1
                spans.append((at, end))
                at = end
            elif not digits and body[at : at + 2] == b':"':
                end = body.find(b'"', at + 2) + 1
                spans.append((at + 1, end or len(body)))
                at = end or len(body)
            else:
                at += 1
        if not spans:
            return body + new
        start, end = self._chance.choice(spans)
        return body[:start] + new + body[end:]

    def _numbers(self, body):
        if isinstance(body, tuple):
            return body
        return self._replaced(body, True, self._chance.choice(NUMBERS).encode())

    def _texts(self, body):
        if isinstance(body, tuple):
            return body
        return self._replaced(body, False, self._chance.choice(TEXTS + OTHERS))

    def _nesting(self, body):
        if isinstance(body, tuple):
            return body
        depth = self._chance.choice((2, 10, 100, 500, 900))
        opening, closing = self._chance.choice(((b"[", b"]"), (b'{"e":', b"}"), (b'[{"a":', b"}]")))
        deep = opening * (depth // len(opening)) + b"0"
        if self._chance.random() < 0.7:
            deep += closing * (depth // len(opening))
        if self._chance.random() < 0.3:
            return deep
        return self._replaced(body, self._chance.random() < 0.5, deep)

    def _lengths(self, body):
        if isinstance(body, tuple):
            return body
        how = self._chance.randrange(4)
        if how == 0:
            return b"{}"[: self._chance.randrange(3)]
        if how == 1:  # about the cap
            return (
                body[:-1] + b" " * max(0, 1983 - len(body) + self._chance.randrange(-3, 4)) + b"}"
            )
        if how == 2:
            return body + bytes(self._chance.randrange(1, 70_000))
        return body[: self._chance.randrange(len(body) + 1)]

    def _fields(self, body):
        fields = _loaded(body)
        if not fields:
            return self._bytes(body)
        name = self._chance.choice(list(fields))
        how = self._chance.randrange(4)
        if how == 0:
            del fields[name]
        elif how == 1:
            fields[name.upper()] = fields.pop(name)
        elif how == 2:
            fields[name] = self._chance.choice((None, True, [], {}, "", -1, 2**64, fields))
            if fields[name] is fields:
                fields[name] = dict.fromkeys("abc", 1)
        else:  # twice: which one counts?
            again = json.dumps({name: self._chance.choice((1, "00" * 8, [[1, 0, 0, 1]]))})
            return body[:-1] + b"," + again[1:].encode()
        return json.dumps(fields, separators=(",", ":")).encode()

    def _entries(self, body):
        fields = _loaded(body)
        entries = fields.get("e")
        if not isinstance(entries, list) or not all(type(one) is list and one for one in entries):
            return self._numbers(body)
        entry = self._chance.choice(entries or [[0]])
        place = self._chance.randrange(len(entry))
        how = self._chance.randrange(5)
        if how == 0:
            entry[place] = self._chance.choice((0, 1, 2, 255, 256, 65_536, 2**40, -1, None, "2"))
        elif how == 1:
            entry.append(0)
        elif how == 2:
            entry.pop()
        elif how == 3:
            fields["e"] = entries * self._chance.choice((0, 2, 33))
        else:
            fields[self._chance.choice(("first", "boot", "eb", "now"))] = self._chance.choice(
                (0, 1, 2, 7, 2**24 - 1, 2**24, 2**31, 2**32 - 1, 2**32, 2**40)
            )
        return json.dumps(fields, separators=(",", ":")).encode()

    def _envelope(self, body):
        """Not sealed, or not as it should be; also where the topic is wrong."""
        if isinstance(body, tuple):
            return body
        topic, payload = sealed(self._box, body, self._chance.choice(topics.UP))
        how = self._chance.randrange(4)
        if how == 0:
            at = self._chance.randrange(len(topic) + 1)
            return topic[:at] + self._chance.choice("/+#\0ກ-Z ") + topic[at:], payload
        if how == 1:
            return topic, payload[: self._chance.randrange(len(payload))]
        if how == 2:
            return topic, self._chance.randbytes(self._chance.randrange(2_200))
        return topic, payload + self._chance.choice((b"\n", b" ", b"0", payload))


def _loaded(body) -> dict:
    """The fields of a body; none where it is no object any more."""
    try:
        fields = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
