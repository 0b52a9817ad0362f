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


if __name__ == "__main__":
    run(globals())
