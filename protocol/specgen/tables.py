"""The tables and examples inside SPEC.md, from the message table and the session vector."""

import re

from onedoor_protocol import chain, errors, messages, topics

from specgen import plain, vectors

_MARKED = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _range(kind: str, low: int, high: int) -> str:
    if kind == "int":
        return f"{low} … {high}"
    if kind == "text":
        return f"{low} … {high} characters"
    if kind == "hex":
        return f"{low} hex digits, lower case"
    if kind == "entries":
        return f"{low} … {high} entries"
    if kind == "heard":
        return f"[0 … {chain.MAX_T_MS}, 0 … {messages.MAX_UTC_MS}]"
    if kind == "codes":
        return f"{low} … {high} numbers of 1 … 255"
    return ", ".join(f"`{word}`" for word in sorted(messages.COMMANDS))


_TYPES = {"int": "number", "text": "text", "hex": "text", "word": "text"}


def _fields(channel: str) -> str:
    rows = [
        [
            f"`{name}`",
            _TYPES.get(kind, "list"),
            _range(kind, low, high),
            "yes" if required else "no",
            meaning,
        ]
        for name, kind, low, high, required, meaning in messages.MESSAGES[channel]
    ]
    text = _table(["field", "type", "range", "required", "meaning"], rows)
    if channel == "command":
        needs = [
            [f"`{do}`", ", ".join(f"`{name}`" for name in fields) or "nothing more"]
            for do, fields in sorted(messages.COMMANDS.items())
        ]
        text += "\n" + _table(["`do`", "needs"], needs)
    return text


def _channels() -> str:
    rows = [
        [
            f"`{channel}`",
            "up: device to hub" if channel in topics.UP else "down: hub to device",
            "yes" if channel in topics.RETAINED else "no",
            str(messages.MAX_PAYLOAD_BYTES[channel]),
        ]
        for channel in topics.UP + topics.DOWN
    ]
    return _table(["channel", "direction", "retained", "payload cap in bytes"], rows)


def _kinds() -> str:
    rows = [[str(number), name, a, b] for number, name, a, b in chain.KINDS]
    return _table(["kind", "name", "`a`", "`b`"], rows)


def _entry() -> str:
    meanings = {
        "kind": "what happened, see the next table",
        "t_ms": "milliseconds from the start of boot `eb` to when it happened",
        "a": "depends on the kind",
        "b": "depends on the kind",
    }
    rows = [[f"`{name}`", f"{low} … {high}", meanings[name]] for name, low, high in messages.ENTRY]
    return _table(["part", "range", "meaning"], rows)


def _errors() -> str:
    return _table(["code", "meaning"], [[f"`{code}`", text] for code, text in errors.REASONS])


def _example() -> str:
    ack = vectors.session()[2]
    return f"```\n{ack['payload']}\n```\n"


def _session() -> str:
    parts = []
    for number, step in enumerate(vectors.session(), start=1):
        topic = str(step["topic"])
        sender = "device" if topic.rsplit("/", 1)[1] in topics.UP else "hub"
        kept = ", retained" if step["retain"] else ""
        parts.append(
            f"{number}. {step['step']}: the {sender} on `{topic}`{kept}\n\n"
            f"   ```\n   " + str(step["payload"]).replace("\n", "\n   ") + "\n   ```\n"
        )
    return "\n".join(parts)


def _bytes() -> str:
    boot, press = [1, 0, 0, 1], [2, 45000, 0x43, 0]
    values = plain.chain_values(plain.DEVICE, plain.INC, [boot, press])
    sent = str(vectors.session()[5]["payload"])
    body, mac = sent.split("\n")
    topic = plain.topic("journal")
    head = f"onedoor/1 up\n{topic}\n"
    rows = [
        ["chain value before entry 1", values[0]],
        ["boot entry, packed", plain.pack(1, *boot).hex()],
        ["chain value after it", values[1]],
        ["press, packed", plain.pack(2, *press).hex()],
        ["chain value after it", values[2]],
        ["what the MAC covers begins with", head.encode("ascii").hex()],
        ["… and goes on with the body, which begins with", body[:16].encode("ascii").hex()],
        ["length of all that", f"{len(head) + len(body)} bytes"],
        ["MAC", mac],
    ]
    return _table(["what", "value"], [[what, f"`{value}`"] for what, value in rows])


def _tables() -> dict[str, str]:
    made = {channel: _fields(channel) for channel in messages.MESSAGES}
    return made | {
        "channels": _channels(),
        "kinds": _kinds(),
        "entry": _entry(),
        "errors": _errors(),
        "example-ack": _example(),
        "session": _session(),
        "example-bytes": _bytes(),
    }


def filled(spec: str) -> str:
    """SPEC.md's text with every marked table made anew. Raises KeyError for an unknown one."""
    tables = _tables()
    return _MARKED.sub(lambda found: found[1] + tables[found[2]] + found[3], spec)
