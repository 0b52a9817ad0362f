"""JSON Schemas (2020-12) of the bodies, from the message table."""

from onedoor_protocol import chain, messages

Schema = dict[str, object]

_RATINGS = sorted(chain.rating(value, scale) for scale in (4, 5) for value in range(1, scale + 1))


def _integer(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _entry() -> Schema:
    fields = [{"title": name, **_integer(low, high)} for name, low, high in messages.ENTRY]
    return {
        "type": "array",
        "prefixItems": fields,
        "items": False,
        "minItems": len(fields),
        "if": {"prefixItems": [{"const": chain.KIND_RATING}]},
        "then": {"prefixItems": [True, True, {"enum": _RATINGS}]},
    }


def _field(kind: str, low: int, high: int) -> Schema:
    if kind == "int":
        return _integer(low, high)
    if kind in ("text", "hex"):
        # What must not occur, as "$" would let a final newline pass in some languages.
        others = "[^ -~]" if kind == "text" else "[^0-9a-f]"
        return {
            "type": "string",
            "minLength": low,
            "maxLength": high,
            "not": {"pattern": others},
        }
    if kind == "word":
        return {"type": "string", "enum": sorted(messages.COMMANDS)}
    if kind == "heard":
        pair = [_integer(0, chain.MAX_T_MS), _integer(0, messages.MAX_UTC_MS)]
        return {"type": "array", "prefixItems": pair, "items": False, "minItems": 2}
    items = _entry() if kind == "entries" else _integer(1, 255)
    return {"type": "array", "items": items, "minItems": low, "maxItems": high}


def schema(channel: str) -> Schema:
    """The schema of a channel's body. Rules between several fields stand in SPEC.md only."""
    fields = messages.MESSAGES[channel]
    made: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"OneDoor 1 {channel}",
        "description": f"Body of a message on the channel {channel}, before newline and MAC.",
        "type": "object",
        "required": [name for name, _, _, _, required, _ in fields if required],
        "properties": {
            name: {"description": meaning, **_field(kind, low, high)}
            for name, kind, low, high, _, meaning in fields
        },
    }
    if channel == "command":
        made["allOf"] = [
            {
                "if": {"properties": {"do": {"const": do}}},
                "then": {"required": list(needed)},
            }
            for do, needed in sorted(messages.COMMANDS.items())
            if needed
        ]
    return made
