"""The hub's own word to devices: entries asked for again, and configuration."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onedoor_hub.ingest.asking import AFTER_S, MAX_PAUSE_S, PAUSE_S, Asking, Hole
from onedoor_hub.store import devices, schema

from tests.support.centre import answer_to, count
from tests.support.down import Down

HOLE = Hole("box-1", "ab" * 8, 1, 5, 8)


@pytest.fixture
def down(engine):
    """A hub with one box of 600 ratings."""
    made = Down(engine)
    for number in range(600):
        made.box.rate(1 + number % 4, 4, 1_000 + number)
    return made


def open_a_gap(down):
    down.take(down.box.state(4_000), down.box.journal(1, 5_000, 4), down.box.journal(9, 5_000, 4))


def asked_at(hole, seconds, asking=None):
    """The seconds at which a hole that stays is asked for, looked at once a second."""
    asking = asking or Asking()
    return [at_s for at_s in range(seconds) if asking.due([hole], at_s)]


def test_a_gap_is_asked_for_when_it_stays_and_ever_more_seldom():
    """RSN-001."""
    times = asked_at(HOLE, 4000)
    assert times[0] == AFTER_S
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses[:7] == [PAUSE_S, 20, 40, 80, 160, 320, MAX_PAUSE_S]
    assert set(pauses[7:]) == {MAX_PAUSE_S}


def test_a_gap_that_shrinks_is_left_alone_while_it_does():
    asking = Asking()
    for at_s in range(100):
        assert asking.due([Hole("box-1", "ab" * 8, 1, 5 + at_s, 500)], at_s) == []
    last = Hole("box-1", "ab" * 8, 1, 104, 500)
    assert [at_s for at_s in range(100, 110) if asking.due([last], at_s)] == [99 + AFTER_S]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=60
    )
)
def test_no_device_is_asked_more_often_than_every_ten_seconds(looks):
    """RSN-001: whatever becomes of its gaps, and whether it goes away and comes back."""
    asking, now_s, asked = Asking(), 0, {}
    for device, first, pause_s in looks:
        now_s += pause_s
        present = [Hole(f"box-{n}", "ab" * 8, 1, first, 9) for n in range(device)]
        for hole in asking.due(present, now_s):
            assert now_s - asked.get(hole.device, -PAUSE_S) >= PAUSE_S
            asked[hole.device] = now_s


def test_the_hub_asks_the_box_for_its_gap(down):
    """RSN-001, CMD-002: bound to incarnation and boot, numbered upwards."""
    open_a_gap(down)
    down.pass_time(60)
    assert [one["do"] for one in down.asked] == ["resend"] * 3
    assert {(one["inc"], one["boot"]) for one in down.asked} == {(down.box.incarnation.hex(), 1)}
    assert {(one["first"], one["last"]) for one in down.asked} == {(5, 8)}
    numbers = [one["n"] for one in down.asked]
    assert numbers == sorted(set(numbers))
    down.take(down.box.journal(5, 9_000, 4))
    down.pass_time(1200)
    assert len(down.asked) == 3, "and no more once it is filled"


def test_the_numbers_rise_though_the_hub_restarts_and_its_clock_is_set_back(down):
    """CMD-002: a device ignores a number that is not higher."""
    open_a_gap(down)
    down.pass_time(10)
    down.desk.now_ms -= 10 * 365 * 86_400_000
    down.restart()
    down.pass_time(10)
    first, second = [one["n"] for one in down.asked]
    assert second == first + 1


def test_gaps_close_together_are_asked_for_at_once_and_far_ones_one_by_one(down):
    box = down.box
    down.take(box.state(4_000))
    down.take(*[box.journal(first, 5_000, 4) for first in (1, 9, 17, 400, 500)])
    down.pass_time(5)
    assert [(one["first"], one["last"]) for one in down.asked] == [(5, 16)]
    down.take(box.journal(5, 6_000, 12))
    down.pass_time(15)
    assert [(one["first"], one["last"]) for one in down.asked[1:]] == [(21, 399)]


@pytest.mark.parametrize("why", ["offline", "frozen", "revoked", "no broker", "another journal"])
def test_nobody_is_asked_who_could_not_answer(down, why):
    box = down.box
    open_a_gap(down)
    if why == "offline":
        down.take(box.state(6_000, online=0))
    elif why in ("frozen", "revoked"):
        with down.engine.begin() as connection:
            devices.set_status(connection, box.device, why, "to see", down.desk.now_ms)
    elif why == "no broker":
        down.session = 0
    else:
        down.take(down.wiped().state(100))
    down.pass_time(60)
    assert down.asked == []


def test_a_box_that_comes_back_is_asked_in_its_new_boot(down):
    open_a_gap(down)
    down.pass_time(20)
    before = len(down.asked)
    down.box.start_boot()
    down.take(down.box.state(300))
    down.pass_time(8)
    assert [one["boot"] for one in down.asked[before:]] == [2]


def test_a_configuration_reaches_the_box_and_only_once(down):
    """DES-001: another process changes it, the running hub notices."""
    down.pass_time(2)
    assert down.desired == []
    said = down.command("configure", down.box.device, "--lockout-ms", "900")
    assert "lock-out 900 ms, thanks 1000 ms" in said, "the other value is the firmware's own"
    down.pass_time(5)
    ((first,)) = down.desired
    assert (first["lockout_ms"], first["thanks_ms"]) == (900, 1000)


def test_each_change_has_a_higher_revision_and_the_same_again_has_none(down):
    """DES-001."""
    changes = (("--lockout-ms", "900"), ("--thanks-ms", "300"), ("--thanks-ms", "300"))
    for flag, value in changes:
        down.command("configure", down.box.device, flag, value)
        down.pass_time(2)
    assert [(one["lockout_ms"], one["thanks_ms"]) for one in down.desired] == [
        (900, 1000),
        (900, 300),
    ]
    first, second = [one["rev"] for one in down.desired]
    assert second > first


def test_the_revision_outlives_a_hub_restored_from_before_it(down):
    """It follows the clock, so a box that took a later one does not ignore the next."""
    down.command("configure", down.box.device, "--lockout-ms", "900")
    down.pass_time(2)
    with down.engine.begin() as connection:
        connection.execute(schema.device_order.delete())
    down.restart()
    down.command("configure", down.box.device, "--lockout-ms", "900")
    down.pass_time(2)
    assert down.desired[1]["rev"] >= down.desired[0]["rev"]


def test_every_configuration_is_told_again_on_a_new_connection(down):
    """DES-001: a broker that lost what it had retained has it again."""
    down.command("configure", down.box.device, "--thanks-ms", "300")
    down.pass_time(2)
    down.session = 0
    down.pass_time(2)
    assert len(down.desired) == 1
    down.session = 2
    down.pass_time(5)
    assert down.desired == [down.desired[0]] * 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--lockout-ms", "60001"], "60000"),
        (["--thanks-ms", "99"], "100"),
        ([], "say --lockout-ms or --thanks-ms"),
    ],
)
def test_a_configuration_out_of_range_is_refused_in_words(down, words, text):
    assert text in down.command("configure", down.box.device, *words, status=2)
    assert count(down.engine, schema.device_order) == 0


def test_an_unknown_device_is_not_configured(down):
    assert "no device 'box-9'" in down.command("configure", "box-9", "--thanks-ms", "300", status=1)


def test_a_step_of_the_hubs_clock_is_remarked_for_a_day(down):
    """Of ten years or of a minute; not of what a disciplined clock is moved by."""
    down.pass_time(3)
    down.desk.now_ms += 900
    down.pass_time(3)
    assert down.health.remarks() == {}
    down.desk.now_ms -= 5 * 365 * 86_400_000
    down.pass_time(3)
    assert "clock" in down.health.remarks()
    assert down.health.troubles() == {}
    down.pass_time(86_400 + 3_600)
    assert down.health.remarks() == {}


def test_the_hub_that_asks_still_acknowledges_what_it_holds(down):
    open_a_gap(down)
    down.pass_time(20)
    assert answer_to(down.box, down.take(down.box.journal(13, 9_000, 4)))["seq"] == 4
