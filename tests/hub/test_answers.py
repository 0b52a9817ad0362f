"""Which message of a batch is answered, and what a race does to a device's status."""

from onedoor_hub.store import devices
from onedoor_hub.store.engine import reading

from tests.support.centre import Desk, add_box, answer_to


def test_an_old_message_delivered_again_does_not_take_the_newest_ones_answer(sqlite_engine):
    """ACK-001: of several messages it is the newest that is answered, not the one that came last.

    A device forgets what it sent long ago, and would ignore an answer to it (ACK-005).
    """
    desk, box = Desk(sqlite_engine), add_box(sqlite_engine)
    box.rate(4, 4, 10)
    old = box.journal(1, 1_000)
    box.rate(4, 4, 2_000)
    ack = answer_to(box, desk.take(box.journal(3, 2_500), old))
    assert (ack["re"], ack["seq"]) == (2_500, 3)


def test_an_old_message_of_an_earlier_boot_does_not_either(sqlite_engine):
    desk, box = Desk(sqlite_engine), add_box(sqlite_engine)
    box.rate(4, 4, 10)
    old = box.journal(1, 1_000)
    box.start_boot()
    answers = [box.read(*one) for one in desk.take(box.journal(1, 500), box.journal(3, 600), old)]
    assert [(ack["boot"], ack["re"], ack["seq"]) for ack in answers] == [(2, 600, 3), (1, 1_000, 3)]


def test_a_refusal_of_an_older_message_does_not_hide_that_the_newer_one_was_stored(sqlite_engine):
    """ACK-008: the device would wait for half a minute before it sends entries again."""
    desk, box = Desk(sqlite_engine), add_box(sqlite_engine)
    box.rate(4, 4, 10)
    topic, _ = box.journal(1, 1_000)
    wrong = {"inc": box.incarnation.hex(), "boot": 1, "now": 900, "eb": 1, "first": 1}
    wrong |= {"prev": "00" * 16, "e": [[2, 10, 0x44, 0]]}
    spoilt = box.seal("journal", wrong)[1].split(b"\n")[0].replace(b'"first":1,', b"")
    sealed = topic, spoilt + b"\n" + box._mac.of("up", topic, spoilt)
    ack = answer_to(box, desk.take(sealed, box.journal(1, 1_000)))
    assert (ack["re"], ack["seq"], "refused" in ack) == (1_000, 2, False)
    assert desk.refused() == {"field_missing": 1}


def test_a_device_revoked_a_moment_ago_is_not_frozen_over(sqlite_engine):
    """Else 'onedoor device release' would let a stolen box back."""
    stolen, forked = add_box(sqlite_engine), add_box(sqlite_engine)
    with sqlite_engine.begin() as connection:
        devices.set_status(connection, stolen.device, "revoked", "stolen", 5)
        before = devices.devices_version(connection)
        devices.freeze(connection, forked.device, "fork", 6)
        assert devices.devices_version(connection) != before
        devices.freeze(connection, stolen.device, "fork", 7)
    with reading(sqlite_engine).begin() as connection:
        found = devices.load_devices(connection)
    assert (found[stolen.device].status, found[stolen.device].reason) == ("revoked", "stolen")
    assert (found[forked.device].status, found[forked.device].reason) == ("frozen", "fork")
