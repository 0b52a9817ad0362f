"""Every named thing of the system in the reader's words."""

from flask_babel import gettext as _

from onedoor_hub import scores

# Names of the buttons from best to worst, by scale.
SMILEYS = {
    4: {4: "excellent", 3: "good", 2: "fair", 1: "poor"},
    5: {5: "excellent", 4: "good", 3: "okay", 2: "fair", 1: "poor"},
}


def verdict(code: str) -> str:
    """A verdict as a short phrase."""
    return {
        scores.MET: _("Target met"),
        scores.NOT_MET: _("Target not met"),
        scores.TOO_FEW: _("Too few ratings to tell"),
    }[code]


def verdict_name(code: str) -> str:
    """A verdict as the name of its icon and colour."""
    return code.replace(" ", "-")


def state(code: str) -> str:
    """A counter's box in one or two words."""
    return {
        "online": _("Box online"),
        "offline": _("Box offline"),
        "never": _("Box never seen"),
        "frozen": _("Box frozen"),
        "none": _("No box"),
    }[code]


def smiley(name: str) -> str:
    """A button's name."""
    return {
        "excellent": _("Excellent"),
        "good": _("Good"),
        "okay": _("Okay"),
        "fair": _("Fair"),
        "poor": _("Poor"),
    }[name]


def trouble(part: str) -> str:
    """What a part of the hub in trouble means for the reader."""
    return {
        "broker": _("The hub cannot talk to the boxes; they keep their ratings until it can."),
        "database": _("The hub cannot store ratings; the boxes keep them until it can."),
        "queue": _("Ratings arrive faster than the hub can store them; none is lost."),
    }.get(part) or _("A part of the hub does not work: %(part)s.", part=part)


def remark(part: str) -> str:
    """What the reader should know of a part of the hub that works."""
    return {
        "clock": _(
            "The hub's clock was set; ratings of that time may stand in a wrong hour or day."
        ),
    }.get(part, part)


def refusal(code: str) -> str:
    """Why messages were refused; the code itself where it is new to us."""
    return {
        "topic": _("sent to a wrong address"),
        "too_long": _("too long"),
        "envelope": _("not in the agreed form"),
        "mac": _("wrong signature"),
        "json": _("not readable"),
        "field_missing": _("incomplete"),
        "field_type": _("a value of the wrong kind"),
        "field_range": _("a value out of range"),
        "unknown_device": _("unknown device"),
        "revoked": _("revoked device"),
        "frozen": _("frozen device"),
        "chain_broken": _("journal does not continue"),
        "entry_changed": _("stored entry sent again with other content"),
        "boot_backwards": _("start counter ran backwards"),
        "not_a_device": _("sender is not the hub"),
        "internal": _("an error in the hub; its log says which"),
    }.get(code, code)


def fault(code: int) -> str:
    """A fault that a box reports."""
    return {
        1: _("a button is stuck"),
        3: _("its memory is full"),
        5: _("its memory fails"),
    }.get(code) or _("fault %(code)s", code=code)
