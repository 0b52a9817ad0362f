"""Which message counts as under way, on the interpreter that runs this file."""

from journal_support import equal, run
from onedoor_device.outbox import Outbox


def sent(outbox, newest, now_ms):
    """Send what the outbox gives for new entries one at a time; the ``now`` of each message."""
    nows = []
    for seq in range(1, newest + 1):
        wanted = outbox.next(seq, now_ms)
        if wanted is None:
            break
        outbox.sent(wanted[0], wanted[1], now_ms)
        nows.append(now_ms)
        now_ms += 100
    return nows


def eight_under_way():
    """An outbox whose eight messages carry entry 1, entry 2, …, and their ``now`` values."""
    outbox = Outbox(lambda limit: 0)
    nows = sent(outbox, 20, 1000)
    equal(len(nows), 8, "messages under way")
    return outbox, nows


def case_an_answer_to_a_message_covers_those_made_before_it():
    """JRN-006 ACK-001: although the hub lacks entry 1 and can acknowledge none."""
    outbox, nows = eight_under_way()
    outbox.answered(0, nows[4], 2000)
    for number in range(5):
        wanted = outbox.next(20, 2000 + number)
        equal(wanted is not None, True, "message " + str(number) + " after the answer")
        outbox.sent(wanted[0], 1, 2000 + number)
    equal(outbox.next(20, 2005), None, "a ninth under way")


def case_an_acknowledgement_covers_the_messages_of_its_entries():
    """JRN-006: whichever message it answers."""
    outbox, nows = eight_under_way()
    outbox.answered(3, nows[0], 2000)
    for number in range(3):
        wanted = outbox.next(20, 2000 + number)
        equal(wanted is not None, True, "message " + str(number) + " after the answer")
        outbox.sent(wanted[0], 1, 2000 + number)
    equal(outbox.next(20, 2003), None, "a ninth under way")


def case_after_a_silence_and_on_a_new_connection_nothing_is_under_way():
    """JRN-006 JRN-007."""
    outbox, _ = eight_under_way()
    equal(outbox.next(20, 4000), None, "before 3 s are over")
    equal(outbox.next(20, 1000 + 20000), (1, 20), "after the silence, from acked + 1")
    outbox, _ = eight_under_way()
    outbox.restart(2, 20, 4000)
    equal(outbox.next(20, 4000), (3, 18), "on a new connection, from acked + 1")


def case_a_hole_that_cannot_be_read_holds_up_nothing_behind_it():
    """JRN-007: the hub answers and acked stands still; all 20,000 entries go out all the same."""
    outbox = Outbox(lambda limit: 0)
    outbox.restart(0, 20000, 0)
    now_ms, furthest, again, messages = 0, 300, 0, 0
    while furthest < 20000 and messages < 2000:
        now_ms += 10
        wanted = outbox.next(20000, now_ms)
        if wanted is None:
            continue
        if wanted[0] <= 300:  # as the session does where the journal cannot read
            outbox.skip(301)
            continue
        equal(wanted[0] <= furthest + 1, True, "nothing is left out")
        again += wanted[0] <= furthest
        furthest = max(furthest, wanted[0] + wanted[1] - 1)
        outbox.sent(wanted[0], wanted[1], now_ms)
        messages += 1
        outbox.answered(0, now_ms, now_ms)
    equal(furthest, 20000, "newest entry sent")
    equal(again * 10 < messages, True, str(again) + " of " + str(messages) + " messages again")


def case_where_the_hub_answers_what_it_may_lack_goes_out_again():
    """JRN-007 RSN-002: after each silence."""
    outbox = Outbox(lambda limit: 0)
    outbox.restart(0, 20, 0)
    for now_ms in (0, 20000, 60000):
        equal(outbox.next(20, now_ms), (1, 20), "at " + str(now_ms))
        outbox.sent(1, 20, now_ms)
        outbox.answered(0, now_ms, now_ms)
        equal(outbox.next(20, now_ms + 1000), None, "a second later")


if __name__ == "__main__":
    run(globals())
