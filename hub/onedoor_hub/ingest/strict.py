"""The strict gate: msgspec decoders made from the protocol's message table.

MicroPython's JSON reads ``{"v":1,}`` and CPython's reads NaN; msgspec reads neither, and checks
types and ranges while it decodes (under 2 µs a message). Unknown fields are ignored.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from onedoor_protocol import chain, messages
from onedoor_protocol.errors import ProtocolError

# \Z and not $, which lets a final newline pass.
_HEX = r"^[0-9a-f]*\Z"
_ASCII = r"^[ -~]*\Z"

_Entry = tuple[  # type: ignore[valid-type]
    tuple(Annotated[int, Meta(ge=low, le=high)] for _, low, high in messages.ENTRY)
]


def _field_type(kind: str, low: int, high: int) -> Any:
    if kind == "int":
        return Annotated[int, Meta(ge=low, le=high)]
    if kind == "text":
        return Annotated[str, Meta(min_length=low, max_length=high, pattern=_ASCII)]
    if kind == "hex":
        return Annotated[str, Meta(min_length=low, max_length=high, pattern=_HEX)]
    if kind == "entries":
        return Annotated[list[_Entry], Meta(min_length=low, max_length=high)]
    if kind == "heard":
        device_ms = Annotated[int, Meta(ge=0, le=chain.MAX_T_MS)]
        return tuple[device_ms, Annotated[int, Meta(ge=0, le=messages.MAX_UTC_MS)]]
    if kind == "codes":
        code = Annotated[int, Meta(ge=1, le=255)]
        return Annotated[list[code], Meta(min_length=low, max_length=high)]
    raise ValueError(f"the message table has a type {kind!r} that the hub does not know")


def _struct(channel: str, names: tuple[str, ...] = ()) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for name, kind, low, high, required, _ in messages.MESSAGES[channel]:
        if names and name not in names:
            continue
        annotation = _field_type(kind, low, high)
        optional = (name, annotation | msgspec.UnsetType, msgspec.UNSET)  # absent, but never null
        fields.append((name, annotation) if required else optional)
    return msgspec.defstruct(channel.capitalize(), fields, kw_only=True, gc=False)


_DECODERS = {
    channel: msgspec.json.Decoder(_struct(channel), strict=True) for channel in ("journal", "state")
}
_IDENTITY = msgspec.json.Decoder(_struct("journal", ("inc", "boot", "now")), strict=True)


def identity(body: bytes) -> Any:
    """An object with a journal body's inc, boot and now; None where they cannot be read."""
    try:
        return _IDENTITY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def decode(channel: str, body: bytes) -> Any:
    """The body of a journal or state message as an object with the table's fields.

    Raises ProtocolError ``json``, ``field_missing``, ``field_type`` or ``field_range``; the
    ``where`` of a field error is its path, e.g. ``$.e[3][0]``.
    """
    if not (body.isascii() and body.decode().isprintable()):  # as codec.is_printable, and faster
        raise ProtocolError("json", "body", "expected printable ASCII")
    try:
        message: Any = _DECODERS[channel].decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProtocolError("json", "body", str(error)[:100]) from None
    if channel == "journal":
        messages.check_journal(message.boot, message.eb, message.first, message.e)
    return message


def _refusal(text: str) -> ProtocolError:
    """Name a msgspec error: its texts are ``Expected … - at `$.path` ``."""
    message, _, where = text.partition(" - at ")
    where = where.strip("`") or "$"
    if where == "$" and message.startswith("Expected `object`"):
        return ProtocolError("json", "body", "expected an object")
    if "missing required field" in message:
        return ProtocolError("field_missing", where, message)
    wrong_type = ", got " in message and "Expected `array` of" not in message
    return ProtocolError("field_type" if wrong_type else "field_range", where, message)
