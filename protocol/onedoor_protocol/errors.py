"""Named reasons for refusing a message. The hub counts and shows them by these names."""

# One row a reason: (code, what it means and what to do). SPEC.md's ERR table is made of it.
REASONS = (
    ("topic", "topic is not onedoor/1/<centre>/<device>/<channel>; correct the device's ids"),
    ("too_long", "payload exceeds its channel's cap; send fewer entries"),
    ("envelope", "payload is not JSON, newline, 64 hex digits; correct the sender"),
    ("mac", "MAC does not match; the device holds another key, flash it again"),
    ("json", "body is not one strict JSON object in ASCII; correct the sender"),
    ("field_missing", "a required field is absent"),
    ("field_type", "a field has the wrong type"),
    ("field_range", "a field is outside its range or length"),
    ("unknown_device", "no such device at this centre; add it with 'onedoor device add'"),
    ("revoked", "the device was revoked; add it again to let it back"),
    ("frozen", "the device is frozen for review; see its page for the reason"),
    ("chain_broken", "the entries do not continue the chain the hub holds"),
    ("entry_changed", "an entry already stored came again with other bytes"),
    ("boot_backwards", "the boot counter ran backwards"),
    ("not_a_device", "a hub channel was written by a client that is not the hub"),
)

CODES = tuple(code for code, _ in REASONS)


class ProtocolError(ValueError):
    """A message refused. ``code`` is one of CODES, ``where`` names the field or part."""

    def __init__(self, code, where, text):
        super().__init__(code + " at " + where + ": " + text)
        self.code = code
        self.where = where
        self.text = text
