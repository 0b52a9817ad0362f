"""The talk with the hub, played by the case, on the interpreter that runs this file."""

import sys

from device_support import UTC_MS, Box
from journal_support import equal, run
from onedoor_device import store
from onedoor_protocol import chain


def ratings(box):
    """seq of the ratings sent, in order of sending."""
    return [seq for seq, entry in box.entries() if entry[0] == chain.KIND_RATING]


def full_box(name, count):
    """A box with a backlog, kept in a folder: in RAM it would not fit beside this program."""
    store._sync_directory_of = lambda path: None
    store._sync = lambda file: None  # nobody cuts the power here, and a thousand syncs take long
    box = Box(store.Store(sys.argv[3] + "/" + name))
    for _ in range(count):
        box.journal.append(2, 5, 0x43, 0)
    return box


def case_birth_before_entries_and_entries_after_its_ack():
    """STA-001 STA-002 CON-006 CON-008: will at connecting, birth, ack, entries."""
    box = Box()
    box.press(0)
    box.run(2000)
    equal([topic.split("/")[-1] for topic, _, _ in box.wire.sent], ["state"], "before the ack")
    equal(box.wire.sent[0][2], True, "birth retained")
    now_ms, topic, will, down = box.wire.connects[0]
    equal(topic, box.topic("state"), "will topic")
    box.wire.sent.append((topic, will, True))
    will = box.bodies("state")[-1]
    box.wire.sent.pop()
    equal((will["online"], will["now"], will["seq"]), (0, now_ms, 2), "will")
    equal(sorted(down), sorted([box.topic(name) for name in ("ack", "desired", "command")]), "down")
    box.ack(0)
    box.run(100)
    equal(box.entries(), [(1, [1, 0, 0, 1]), (2, [2, box.entries()[1][1][1], 0x44, 0])], "entries")
    equal(box.wire.sent[-1][2], False, "journal not retained")


def case_a_birth_without_answer_is_repeated_every_ten_seconds():
    """STA-002: with a new now."""
    box = Box()
    box.leap(31000)
    nows = [body["now"] for body in box.bodies("state")]
    equal(len(nows), 4, "births")
    equal(
        [9000 < after - before < 11000 for before, after in zip(nows, nows[1:])], [True] * 3, "gap"
    )


def case_an_acknowledged_entry_is_let_go_and_not_sent_again():
    """ENT-004 JRN-006."""
    box = Box()
    box.welcome()
    box.press(1)
    equal(ratings(box), [2], "sent")
    box.ack(2)
    box.leap(60000)
    equal((box.journal.acked_seq, ratings(box)), (2, [2]), "acked, sent")
    equal(box.bodies("state")[-1]["acked"] <= 2, True, "never beyond")


def case_without_acknowledgement_entries_come_again_between_3_and_20_seconds():
    """JRN-007: from acked + 1, for as long as it takes."""
    for jitter in (0, 50, 99):
        box = Box(jitter=jitter)
        box.leap(2000)
        box.ack(0)
        box.run(40)
        box.leap(180000)
        times = [body["now"] for body in box.bodies("journal")]
        gaps = [after - before for before, after in zip(times, times[1:])]
        equal(len(gaps) > 7, True, "sendings")
        equal((min(gaps) >= 3000, max(gaps) <= 20000), (True, True), "gaps " + repr(gaps))
        equal([body["first"] for body in box.bodies("journal")], [1] * len(times), "first")


def case_a_message_sent_again_has_a_new_now():
    """JRN-002."""
    box = Box()
    box.welcome()
    box.leap(20000)
    nows = [body["now"] for body in box.bodies("journal")]
    equal(len(nows), len(set(nows)), "different nows")


def case_a_new_press_goes_out_before_the_backlog():
    """JRN-008: within a second, ahead of older entries; and the backlog goes on behind it."""
    box = full_box("fresh", 120)
    box.welcome()
    box.run(100)
    before = len(box.bodies("journal"))
    box.press(0)
    newest = [body for body in box.bodies("journal")[before:] if body["first"] == 122]
    equal(len(newest), 1, "message of its own")
    delay_ms = newest[0]["now"] - newest[0]["e"][0][1]
    equal(delay_ms < 1000, True, "delay " + str(delay_ms))
    while box.journal.acked_seq < 122:
        sent = {seq for seq, _ in box.entries()}
        seq = 0
        while seq + 1 in sent:
            seq += 1
        box.ack(seq)
        box.run(100)
    equal([seq for seq, _ in box.entries()].count(122), 1, "the new press was sent once")
    equal(len(box.entries()), 122, "and each entry once")


def case_no_more_than_eight_messages_under_way_and_twenty_a_second():
    """JRN-001 JRN-006 JRN-009."""
    box = full_box("silent", 1000)
    box.device.presses.lockout_ms = 0
    box.welcome()
    box.run(2500)
    equal(len(box.bodies("journal")) <= 8, True, "under way")
    equal(max([len(body["e"]) for body in box.bodies("journal")]), 32, "entries a message")
    box = full_box("answered", 1000)
    box.welcome()
    for _ in range(60):
        last = box.bodies("journal")[-1] if box.bodies("journal") else None
        if last:
            box.ack(last["first"] + len(last["e"]) - 1)
        box.run(20)
    times = [body["now"] for body in box.bodies("journal")]
    for start in times:
        inside = [now for now in times if start <= now < start + 1000]
        equal(len(inside) <= 20, True, "messages a second")


def case_a_message_holds_entries_of_one_boot():
    """JRN-001 JRN-002 JRN-004 ENT-005: with the chain before its first entry."""
    first = Box()
    first.press(0)
    box = Box(first.store)
    box.welcome()
    box.run(300)
    bodies = box.bodies("journal")
    equal(
        [(body["eb"], body["first"], len(body["e"])) for body in bodies], [(1, 1, 2), (2, 3, 1)], ""
    )
    equal([body["boot"] for body in bodies], [2, 2], "the current boot")
    value = b""
    for body in bodies:
        previous = bytes([int(body["prev"][at : at + 2], 16) for at in range(0, 32, 2)])
        equal(previous, value or previous, "prev of " + str(body["first"]))
        value = previous
        for index, (kind, t_ms, a, b) in enumerate(body["e"]):
            value = chain.step(value, chain.pack(body["first"] + index, kind, t_ms, a, b))
    equal(value, box.journal.head, "chain")


def case_heard_is_the_newest_ack_and_each_now_gives_the_time_once():
    """JRN-005 ACK-007: an ack that is played again does not set the clock back."""
    box = Box()
    box.run(40)
    payload = box.ack(0)
    heard_at_ms = box.now_ms + 20
    box.run(40)
    box.press(0)
    equal(box.bodies("journal")[-1]["heard"], [heard_at_ms, UTC_MS + 40], "heard")
    box.run(3000)
    box.wire.inbox.append((box.topic("ack"), payload))
    box.run(40)
    box.press(0)
    equal(box.bodies("journal")[-1]["heard"], [heard_at_ms, UTC_MS + 40], "after the replay")


def case_acks_that_answer_nothing_of_ours_are_ignored():
    """ACK-005 ACK-006: other incarnation, other boot, a now never sent, a seq never made."""
    box = Box()
    box.welcome()
    box.press(0)
    for wrong in (
        {"inc": "00" * 8},
        {"boot": 7},
        {"re": box.now_ms + 1},
        {"seq": 3},
    ):
        body = dict(wrong)
        box.ack(body.pop("seq", 2), **body)
        box.run(40)
        equal(box.journal.acked_seq, 0, "acked after " + repr(wrong))
    box.ack(2)
    box.run(40)
    equal(box.journal.acked_seq, 2, "the right one")
    box.ack(1)
    box.run(40)
    equal(box.journal.acked_seq, 2, "never lowered")


def case_forged_and_mangled_messages_change_nothing():
    """MAC-003 MAC-005 PAY-001 ERR-004 CMP-002: and the box goes on."""
    box = Box()
    box.welcome()
    box.press(0)
    topic = box.topic("ack")
    payload = box.ack(2)
    box.wire.inbox.clear()
    sent = len(box.wire.sent)
    for bad in (b"", b"x", payload[:-1], payload + b"0", payload[:-1] + b"z", b"\n" * 65):
        box.wire.inbox.append((topic, bad))
    box.wire.inbox.append((box.topic("command"), payload))
    box.wire.inbox.append((topic[:-3] + "other", payload))
    box.wire.inbox.append((topic, payload[:-64] + b"0" * 64))
    box.run(200)
    equal((box.journal.acked_seq, len(box.wire.sent)), (0, sent), "acked, answers")
    box.wire.inbox.append((topic, payload))
    box.run(40)
    equal(box.journal.acked_seq, 2, "an honest one")


def case_a_refusal_keeps_the_entries_and_waits_half_a_minute():
    """ACK-008 CMP-004: the fault shows; seq counts all the same; whatever the code."""
    box = Box()
    box.welcome()
    box.press(0)
    box.press(0, then=1600)
    box.press(1)
    box.ack(1, refused="some_new_code")
    box.run(40)
    count = len(box.bodies("journal"))
    box.run(300)
    lit = 0
    for _ in range(600):
        box.run(5)
        lit += box.lit != 0
    equal(lit > 10, True, "fault light")
    box.leap(26000)
    equal((box.journal.acked_seq, len(box.bodies("journal"))), (1, count), "kept quiet")
    box.leap(20000)
    equal(box.bodies("journal")[-1]["first"], 2, "again, from acked + 1")
    box.ack(box.journal.last_seq)
    box.run(200)
    equal(box.lit, 0, "fault light off")


def case_a_hub_that_comes_back_gets_everything_at_once():
    """ACK-003 STA-002: it answers the retained birth; no need to wait for the time-out."""
    box = Box()
    box.welcome()
    birth = box.bodies("state")[-1]["now"]
    box.leap(100000)
    count = len(box.bodies("journal"))
    box.ack(0, re=birth)
    box.run(60)
    equal(len(box.bodies("journal")) > count, True, "sent at once")


def case_a_resend_is_answered_with_what_is_held():
    """RSN-002 RSN-003."""
    box = full_box("resend", 100)
    box.welcome()
    box.run(1000)
    box.ack(60)
    box.run(400)
    count = len(box.entries())
    box.command("resend", first=50, last=70)
    box.run(100)
    equal([seq for seq, _ in box.entries()[count:]], list(range(61, 71)), "held")
    states = len(box.bodies("state"))
    box.command("resend", first=70, last=61)
    box.run(100)
    equal((len(box.entries()) - count, len(box.bodies("state"))), (10, states), "nothing asked")
    box.command("resend", first=5, last=9)
    box.run(100)
    equal(box.bodies("state")[states]["acked"], 60, "none held: a state says so")


if __name__ == "__main__":
    run(globals())
