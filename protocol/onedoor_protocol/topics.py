"""Topics ``onedoor/1/<centre>/<device>/<channel>`` (TOP clauses)."""

from onedoor_protocol.errors import ProtocolError

PREFIX = "onedoor/1"
UP = ("journal", "state")  # device -> hub
DOWN = ("ack", "desired", "command")  # hub -> device
RETAINED = ("state", "desired")
MAX_ID_CHARS = 32

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-"


def is_id(text):
    """True where text is a centre or device id: 1 to 32 of a-z, 0-9, '-', not led by '-'."""
    if type(text) is not str or not 1 <= len(text) <= MAX_ID_CHARS or text[0] == "-":
        return False
    return not text.strip(_ALPHABET)


def topic(centre, device, channel):
    """The topic of a device's channel. Raises ProtocolError ``topic`` for a bad id or channel."""
    if not is_id(centre) or not is_id(device):
        raise ProtocolError("topic", "id", "ids are 1 to 32 of a-z, 0-9 and '-'")
    if channel not in UP and channel not in DOWN:
        raise ProtocolError("topic", "channel", "unknown channel")
    return PREFIX + "/" + centre + "/" + device + "/" + channel


def parse(text):
    """(centre, device, channel) of a topic. Raises ProtocolError ``topic`` where it is none."""
    parts = text.split("/")
    if len(parts) != 5 or parts[0] + "/" + parts[1] != PREFIX:
        raise ProtocolError("topic", "prefix", "not " + PREFIX + "/<centre>/<device>/<channel>")
    centre, device, channel = parts[2], parts[3], parts[4]
    topic(centre, device, channel)
    return centre, device, channel


def direction(channel):
    """``"up"`` for a channel the device writes, ``"down"`` for one the hub writes."""
    return "up" if channel in UP else "down"
