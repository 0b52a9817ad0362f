"""No gap is given up while its box is away: with the acknowledgement it would let its entries go.

RSN-005 counts the days in which the box was there and did not send what it was asked for.
"""

import pytest
from onedoor_hub.ingest.orders import MISSING_AFTER_ASKS, MISSING_AFTER_S
from onedoor_hub.store import gaps, schema
from onedoor_hub.store.engine import reading
from sqlalchemy import select

from tests.support.centre import answer_to, rated
from tests.support.down import Down
from tests.support.proof import differences

DAY_S = 24 * 3600


@pytest.fixture
def down(engine):
    """A hub that asked a box for entries 5 to 8 as often as it asks, and got none of them."""
    made = Down(engine)
    for number in range(40):
        made.box.rate(1 + number % 4, 4, 1_000 + number)
    made.take(made.box.state(4_000), made.box.journal(1, 5_000, 4), made.box.journal(9, 5_000))
    made.stay(120)
    assert len(made.asked) >= MISSING_AFTER_ASKS
    return made


def states(engine):
    with reading(engine).begin() as connection:
        return list(connection.scalars(select(schema.gap.c.state)))


def assert_it_still_counts_once_the_box_is_back(down):
    """The box kept entries 5 to 8 all along."""
    assert states(down.engine) == [gaps.OPEN]
    box = down.box
    assert answer_to(box, down.take(box.state(9_000_000)))["seq"] == 4, "it may let nothing more go"
    down.take(box.journal(5, 9_000_100, 4), box.journal(41, 9_000_100))
    assert rated(down.engine) == 40
    assert differences(down.engine) == []


def test_a_box_that_was_asked_and_then_had_no_network_for_weeks_loses_nothing(down):
    down.take(down.box.state(4_000, online=0))
    down.pass_time(3 * MISSING_AFTER_S)
    assert_it_still_counts_once_the_box_is_back(down)


def test_a_power_cut_of_the_whole_centre_leaves_no_will_and_still_nothing_is_given_up(down):
    """Broker and box went in one instant: the hub's newest word of the box is 'online'."""
    for _ in range(20):
        down.restart()
        down.pass_time(DAY_S)
    assert_it_still_counts_once_the_box_is_back(down)


def test_what_a_box_does_not_send_in_seven_days_of_being_there_is_given_up(down):
    down.take(down.box.state(4_000, online=0))
    down.pass_time(MISSING_AFTER_S)
    down.stay(60)
    down.stay(MISSING_AFTER_S - 3600)
    assert states(down.engine) == [gaps.OPEN]
    down.stay(2 * 3600)
    assert states(down.engine) == [gaps.MISSING]
