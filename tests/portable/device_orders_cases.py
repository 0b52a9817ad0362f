"""Commands, configuration and connections, on the interpreter that runs this file."""

from device_support import Box
from journal_support import equal, run
from onedoor_protocol import chain


def ratings(box):
    """seq of the ratings sent, in order of sending."""
    return [seq for seq, entry in box.entries() if entry[0] == chain.KIND_RATING]


def case_commands_of_another_boot_or_number_are_ignored():
    """CMD-001 CMD-002 CMD-003: and one that is played again."""
    box = Box()
    box.welcome()
    head = box.head()
    head.update({"n": 5, "do": "identify", "for_s": 1})
    for wrong in ({"inc": "00" * 8}, {"boot": 9}):
        body = dict(head)
        body.update(wrong)
        box.hear("command", body)
        box.run(100)
        equal(box.lit, 0, "after " + repr(wrong))
    payload = box.hear("command", head)
    box.run(1200)
    equal(box.device.lights.identify_until_ms > 0, True, "the right one")
    until_ms = box.device.lights.identify_until_ms
    box.wire.inbox.append((box.topic("command"), payload))
    lower = dict(head)
    lower["n"] = 4
    box.hear("command", lower)
    box.run(100)
    equal(box.device.lights.identify_until_ms, until_ms, "played again, and a lower number")


def case_a_window_tags_its_first_rating_only():
    """CMD-004 ENT-007: a new window replaces the old one; after its end, no tag."""
    box = Box()
    box.device.presses.lockout_ms = 0
    box.welcome()
    box.command("window", tag=7, for_s=5)
    box.run(40)
    box.press(0, then=1100)
    box.press(1, then=1100)
    box.command("window", tag=8, for_s=5)
    box.run(40)
    box.command("window", tag=9, for_s=5)
    box.run(40)
    box.press(2, then=1100)
    box.command("window", tag=10, for_s=1)
    box.run(1200)
    box.press(3)
    _, _, entries = box.journal.read(1, 32)
    tags = [b for kind, _, _, b in entries if kind == chain.KIND_RATING]
    equal(tags, [7, 0, 9, 0], "tags")


def case_an_open_window_invites_until_it_is_answered():
    box = Box()
    box.welcome()
    box.command("window", tag=7, for_s=10)
    lit = dark = 0
    for _ in range(800):
        box.run(5)
        lit += box.lit == 15
        dark += box.lit == 0
    equal((lit > 300, dark > 300), (True, True), "slow blinking")
    box.press(0, then=1100)
    lit = 0
    for _ in range(400):
        box.run(5)
        lit += box.lit
    equal(lit, 0, "answered")


def case_identify_blinks_and_presses_are_taken():
    """CMD-005."""
    box = Box()
    box.welcome()
    box.command("identify", for_s=2)
    box.run(40)
    changes = 0
    before = box.lit
    for _ in range(300):
        box.run(5)
        changes += box.lit != before
        before = box.lit
    equal(changes >= 5, True, "blinks")
    box.press(0)
    equal(len(ratings(box)), 1, "ratings")


def case_reboot_is_left_to_main_which_says_goodbye():
    """CMD-006 STA-003."""
    box = Box()
    box.welcome()
    box.command("reboot")
    box.run(40)
    equal(box.device.reboot, True, "asked for")
    box.device.session.close(box.now_ms, box.wire)
    equal((box.bodies("state")[-1]["online"], box.wire.ended), (0, "on purpose"), "goodbye")


def case_desired_is_applied_at_once_and_kept():
    """DES-001 DES-002 DES-003: a lower revision is ignored, also after a restart."""
    box = Box()
    box.welcome()
    box.hear("desired", {"rev": 5, "lockout_ms": 0, "thanks_ms": 200})
    box.run(40)
    box.press(0, then=200)
    equal(box.lit, 0, "short thanks")
    box.press(0, then=200)
    equal(len(ratings(box)), 2, "no lock-out")
    box.wire.inbox.append((box.topic("desired"), b""))
    box.hear("desired", {"rev": 4, "lockout_ms": 9000, "thanks_ms": 9000})
    box.run(100)
    again = Box(box.store)
    again.welcome()
    again.hear("desired", {"rev": 4, "lockout_ms": 9000, "thanks_ms": 9000})
    again.run(40)
    again.press(0, then=200)
    again.press(0, then=200)
    _, _, entries = again.journal.read(again.journal.last_seq, 1)
    equal((again.lit, entries[0][0]), (0, chain.KIND_RATING), "still without lock-out")
    again.hear("desired", {"rev": 6, "lockout_ms": 9000, "thanks_ms": 200})
    again.run(40)
    equal(again.device.presses.lockout_ms, 9000, "a higher revision")


def case_a_damaged_desired_file_means_the_built_in_values():
    box = Box()
    box.welcome()
    box.hear("desired", {"rev": 5, "lockout_ms": 0, "thanks_ms": 200})
    box.run(40)
    for damaged in (b"", b"{", b"[]", b'{"rev":5}', b'{"rev":5,"lockout_ms":-1,"thanks_ms":200}'):
        box.store.rewrite("desired.json", damaged)
        equal(Box(box.store).device.presses.lockout_ms, 1500, repr(damaged))


def case_connecting_again_waits_longer_each_time_and_at_random():
    """CON-009: from 5 seconds at most, doubling, up to 120."""
    for jitter in (0, 99):
        box = Box(jitter=jitter)
        box.wire.broken = True
        box.leap(900000)
        times = [connect[0] for connect in box.wire.connects]
        gaps = [after - before for before, after in zip(times, times[1:])]
        equal(gaps[0] <= 5000, True, "first gap")
        equal(max(gaps) <= 120000, True, "longest gap")
        equal(sorted(gaps) == gaps and gaps[-1] >= 10000, True, "longer each time")
    few, many = Box(jitter=0), Box(jitter=99)
    for box in (few, many):
        box.wire.broken = True
        box.leap(20000)
    equal(len(few.wire.connects) != len(many.wire.connects), True, "at random")


def case_presses_go_on_while_there_is_no_network_and_follow_later():
    box = Box()
    box.wire.network = False
    box.run(100)
    box.press(0, then=1600)
    box.press(1)
    equal(box.wire.connects, [], "no attempt")
    box.wire.network = True
    box.leap(2000)
    box.ack(0)
    box.run(100)
    equal(ratings(box), [2, 3], "both, once")


def case_a_lost_connection_is_reborn():
    """CON-008 STA-001: after each connect."""
    box = Box()
    box.welcome()
    box.wire.broken = True
    box.run(40)
    box.wire.broken = False
    equal(box.wire.connected, False, "lost")
    box.leap(5000)
    equal((len(box.wire.connects), box.bodies("state")[-1]["online"]), (2, 1), "born again")
    box.press(0)
    equal(ratings(box), [], "nothing before the ack")
    box.ack(1)
    box.run(100)
    equal(ratings(box), [2], "after it")


def case_a_state_tells_of_a_change_and_else_every_ten_minutes():
    """STA-004 STA-006 ENT-009."""
    box = Box()
    box.welcome()
    box.ack(1)
    box.leap(590000)
    equal(len(box.bodies("state")), 1, "quiet")
    box.leap(20000)
    equal(len(box.bodies("state")), 2, "ten minutes")
    box.closed = 1
    box.leap(32000)
    state = box.bodies("state")[-1]
    equal((state["faults"], len(box.bodies("state"))), ([chain.FAULT_STUCK], 3), "fault")
    equal(state["seq"], box.journal.last_seq, "seq of that moment")


if __name__ == "__main__":
    run(globals())
