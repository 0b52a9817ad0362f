"""What the pages say of gaps, of lost entries, of unknown times and of a clock that was set."""

import re

import pytest
from onedoor_hub.app import create_app
from onedoor_hub.context import Hub
from onedoor_hub.ingest.orders import MISSING_AFTER_S
from onedoor_hub.live import Live
from onedoor_hub.store import schema
from onedoor_hub.store.engine import reading

from tests.support.down import Down

HOUR_MS = 3_600_000


@pytest.fixture
def down(sqlite_engine):
    made = Down(sqlite_engine)
    for number in range(40):
        made.box.rate(1 + number % 4, 4, 1_000 + number)
    return made


def page(down, path="/"):
    """The words of a page."""
    hub = Hub(reading(down.engine), Live(), down.health, lambda: down.desk.now_ms)
    answer = create_app(hub).test_client().get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def test_a_gap_that_is_asked_for_is_a_note_until_it_is_filled(down):
    box = down.box
    down.take(box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000))
    note = f"Counter 3: 4 entries of box {box.device} did not arrive; the hub asks for them again."
    assert note not in page(down), "not before the hub asked"
    down.pass_time(10)
    assert note in page(down)
    down.take(box.journal(5, 6_000, 4))
    assert note not in page(down)


def test_what_is_missing_for_good_is_said_on_both_pages(down):
    box = down.box
    down.take(
        box.state(4_000), box.journal(1, 5_000, 4), box.journal(9, 5_000), box.journal(41, 5_000)
    )
    down.stay(MISSING_AFTER_S + 7200)
    warning = f"Counter 3: 4 entries of box {box.device} are missing for good; its certificate"
    assert warning in page(down)
    assert "37 of 41 entries received ; 4 are missing for good" in page(down, "/counters/3")


def test_what_the_box_let_go_before_it_came_is_missing_for_good_too(down):
    """RSN-004: said at once, before anything comes behind it."""
    box = down.box
    down.take(box.journal(1, 5_000, 4))
    box.acked = 8
    down.take(box.state(6_000))
    html = page(down, "/counters/3")
    assert "4 of 41 entries received, 33 still to come ; 4 are missing for good" in html


def test_ratings_of_unknown_time_are_said_with_the_time_they_lie_between(down):
    box = down.box
    box.start_boot()
    down.desk.now_ms += 5 * HOUR_MS
    down.take(box.journal(1, 2_000), box.journal(33, 2_000))
    assert re.search(
        r"40 of them at an unknown time, so they are in no day \( ?made between .+ and .+ ?\)",
        page(down, "/counters/3"),
    )


def test_a_clock_that_was_set_is_said_with_both_times(down):
    down.pass_time(2)
    down.desk.now_ms -= 5 * 365 * 24 * HOUR_MS
    down.pass_time(2)
    html = page(down)
    assert "The hub's clock was set; ratings of that time" in html.replace("&#39;", "'")
    assert re.search(r"20\d\d-.*Z -(>|&gt;) 20\d\d-.*Z", html)


@pytest.mark.parametrize("mad_ms", [0, 253402300799999])
def test_the_pages_bear_ratings_of_a_clock_of_no_sense(down, mad_ms):
    """Dated in 1970 or 9999, and read after the clock was mended, east of Greenwich."""
    with down.engine.begin() as connection:
        connection.execute(schema.centre.update().values(time_zone="Asia/Vientiane"))
    sane_ms, down.desk.now_ms = down.desk.now_ms, mad_ms
    down.take(down.box.journal(1, 5_000, heard=(4_900, max(0, mad_ms - 100))))
    down.desk.now_ms = sane_ms
    for path in ("/", "/counters/3", "/api/v1/centres/vientiane/counters"):
        assert "3" in page(down, path)
    assert "31 ratings since the beginning" in page(down, "/counters/3")
