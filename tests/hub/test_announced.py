"""What a box once said it had made stays expected until it came, whatever is said afterwards."""

import pytest
from onedoor_hub.store import gaps, scoreboard
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import reading

from tests.support.down import Down
from tests.support.proof import differences


@pytest.fixture
def down(engine):
    """A hub with one box of 40 ratings, of whose 41 entries the first 12 have come."""
    made = Down(engine)
    will = made.box.state(500, online=0)  # as the broker got it when the box connected
    for number in range(40):
        made.box.rate(1 + number % 4, 4, 1_000 + number)
    made.take(made.box.state(4_000), made.box.journal(1, 5_000, 12))
    made.will = will
    return made


def certified(down):
    with reading(down.engine).begin() as connection:
        return certificate(connection, down.box.device)


def on_the_page(down):
    """(received, expected, missing for good) of the box, as its page says."""
    with reading(down.engine).begin() as connection:
        (box,) = scoreboard.boxes(connection)
        lacking = gaps.by_device(connection, 1).get(down.box.device, gaps.NOTHING)
    return box.received, box.expected, lacking.missing


def test_a_will_from_before_the_presses_takes_none_of_them_back(down):
    """STA-006: a will's seq is that of its connection's beginning."""
    assert certified(down)["expected"] == 41
    down.take(down.will)
    found = certified(down)
    assert (found["received"], found["expected"], found["missing"]) == (12, 41, 0)
    assert found["incarnations"][0]["announced_seq"] == 41
    assert found["incarnations"][0]["chain_state"] == "waiting"
    assert on_the_page(down) == (12, 41, 0)
    assert differences(down.engine) == []


def test_what_a_box_had_made_before_it_lost_its_journal_is_named_missing(down):
    """ENT-012 RSN-004: with the new incarnation nobody is left who could send the old one's."""
    wiped = down.wiped()
    down.take(wiped.state(1_000), wiped.journal(1, 2_000))
    found = certified(down)
    assert (found["received"], found["expected"], found["missing"]) == (13, 42, 29)
    old, new = found["incarnations"]
    assert [(gap["first"], gap["last"], gap["state"]) for gap in old["gaps"]] == [
        (13, 41, gaps.MISSING)
    ]
    assert (old["chain_state"], new["chain_state"]) == ("missing", "unbroken")
    assert on_the_page(down) == (13, 42, 29)
    assert differences(down.engine) == []


def test_what_comes_of_an_old_incarnation_after_all_is_no_longer_missing(down):
    wiped = down.wiped()
    down.take(wiped.state(1_000), wiped.journal(1, 2_000))
    down.take(down.box.journal(13, 6_000))
    found = certified(down)
    assert (found["received"], found["expected"], found["missing"]) == (42, 42, 0)
    assert on_the_page(down) == (42, 42, 0)
