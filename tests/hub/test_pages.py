"""The pages as a browser without JavaScript gets them."""

import re

import pytest
from onedoor_hub.app import create_app
from onedoor_hub.store import devices, refusals
from sqlalchemy.exc import OperationalError

from tests.support.board import DAY_MS, NOW_MS, Centre


@pytest.fixture
def centre(sqlite_engine):
    return Centre(sqlite_engine)


def get(centre, path="/", **headers):
    return create_app(centre.hub()).test_client().get(path, headers=headers)


def text(centre, path="/", **headers):
    answer = get(centre, path, **headers)
    assert answer.status_code == 200
    return answer.text


def card(html, number):
    """The HTML of one counter's card."""
    return html.split(f'data-counter="{number}"')[1].split("</article>")[0]


def words(html):
    """What a reader sees of a piece of HTML."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_card_shows_score_count_interval_and_verdict(centre):
    centre.add_counter(3, "Passports", online=1)
    centre.rate(3, *[4] * 12, *[3] * 7, 1)
    html = card(text(centre), 3)
    assert '<span data-ratings="20">20</span>' in html
    assert 'data-verdict="too few"' in html
    assert "95.0% Too few ratings to tell 20 ratings 95% interval 76.4–99.1%" in words(html)
    assert "Passports" in html
    assert "Box online" in html
    assert "Last rating 1:30" in words(html)


def test_a_card_sets_30_days_beside_today(centre):
    centre.add_counter(3)
    centre.rate(3, 4)
    centre.rate(3, *[4] * 80, ago_ms=3 * DAY_MS)
    html = words(card(text(centre), 3))
    assert "Today 100.0% Too few ratings to tell 1 rating 95%" in html
    assert "Last 30 days Target met 100.0% 81 ratings" in html


def test_a_counter_without_ratings_says_so(centre):
    centre.add_counter(1)
    html = card(text(centre), 1)
    assert '<span data-ratings="0">0</span> ratings' in html
    assert "No rating yet" in html
    assert "Box never seen" in html


@pytest.mark.parametrize(
    ("said", "status", "shown"),
    [
        ({"online": 1}, "active", "Box online"),
        ({"online": 0}, "active", "Box offline"),
        ({}, "active", "Box never seen"),
        ({"online": 1}, "frozen", "Box frozen"),
        ({"online": 1}, "revoked", "No box"),
    ],
)
def test_a_card_shows_the_state_of_its_box(centre, said, status, shown):
    box = centre.add_counter(1, **said)
    with centre.engine.begin() as connection:
        devices.set_status(connection, box, status, "two journals claim entry 7", NOW_MS)
    html = text(centre)
    assert shown in card(html, 1)
    assert ("two journals claim entry 7" in html) == (status == "frozen")


def test_what_needs_attention_is_said_in_words(centre):
    centre.add_counter(1, online=0, faults="1", refused=3)
    centre.health.trouble("broker", "no connection to 127.0.0.1:1883")
    with centre.engine.begin() as connection:
        refusals.record(connection, [("mac", "", "", "t", b"")] * 12, NOW_MS - 60_000)
        refusals.record(connection, [("json", "", "", "t", b"")], NOW_MS - 2 * DAY_MS)
    html = words(text(centre))
    assert "The hub cannot talk to the boxes; they keep their ratings until it can." in html
    assert "no connection to 127.0.0.1:1883" in html
    assert "The box at counter 1 is offline" in html
    assert "12 messages refused so far: wrong signature." in html
    assert "not readable" not in html
    assert "reports: a button is stuck." in html
    assert "3 presses could not be kept" in html


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        (0, "mac"),
        (2, "mac · box-1-a, box-2-a"),
        (4, "mac · box-1-a, box-2-a, box-3-a, …"),
    ],
)
def test_a_refusal_names_the_boxes_to_look_at(centre, boxes, said):
    for number in range(1, boxes + 1):
        centre.add_counter(number, box=f"box-{number}-a", online=1)
    rows = [
        ("mac", f"box-{number}-a" if number else "", "", "t", b"") for number in range(boxes + 1)
    ]
    with centre.engine.begin() as connection:
        refusals.record(connection, rows, NOW_MS)
    assert f"<bdi>{said}</bdi>" in text(centre)


def test_a_well_centre_has_no_notices(centre):
    centre.add_counter(1, online=1)
    assert "Needs attention" not in text(centre)


def test_a_box_on_cpython_is_admitted(centre):
    centre.add_counter(1, online=1, impl="cpython 3.11.2")
    assert "The boxes run on CPython" in text(centre)


def test_an_empty_hub_says_how_to_begin(sqlite_engine):
    centre = Centre(sqlite_engine)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM centre")
    assert "onedoor device add" in text(centre)
    assert get(centre, "/events").status_code == 404
    assert get(centre, "/counters/1").status_code == 404


def test_a_centre_without_counters_says_how_to_add_one(centre):
    assert "onedoor device add --centre vientiane --counter 1" in text(centre)


def test_the_first_of_several_centres_is_shown_and_another_can_be_chosen(centre):
    other = Centre(centre.engine, id="pakse", name="Pakse Centre")
    centre.add_counter(1, "Mine")
    other.add_counter(1, "Theirs", box="box-1-other")
    first, second = text(centre), text(centre, "/?centre=pakse")
    assert "Mine" in first
    assert "Theirs" not in first
    assert '<option value="pakse" selected>' in second
    assert "Theirs" in second
    assert "Mine" not in second
    assert "Theirs" in text(centre, "/counters/1?centre=pakse")


@pytest.mark.parametrize(
    "path",
    [
        "/?centre=nowhere",
        "/?centre=",
        "/?centre=%00",
        "/?centre=';DROP TABLE centre",
        "/counters/2",
        "/counters/99999999999999999999",
        "/counters/x",
        "/events?centre=nowhere",
        "/nothing",
        "/static/nothing.js",
    ],
)
def test_what_is_not_there_gets_one_calm_line(centre, path):
    centre.add_counter(1)
    answer = get(centre, path)
    assert answer.status_code == 404
    assert "There is no such page here." in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_cannot_be_written_to(centre):
    answer = create_app(centre.hub()).test_client().post("/")
    assert answer.status_code == 405
    assert "This page can only be read." in answer.text
    assert "GET" in answer.headers["Allow"]


def test_a_failure_shows_no_stack_trace(centre, monkeypatch):
    centre.add_counter(1)

    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("onedoor_hub.pages.notices.collect", broken)
    answer = get(centre)
    assert answer.status_code == 500
    assert "The hub could not answer. Its log says why." in answer.text
    assert "secret detail" not in answer.text


def test_an_unreadable_database_is_said_plainly(centre, monkeypatch):
    def broken(*_):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr("onedoor_hub.store.scoreboard.centres", broken)
    answer = get(centre)
    assert answer.status_code == 503
    assert "The hub cannot read its database right now." in answer.text


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE counter; --",
    "{{ 7*7 }}%(count)s%s{0}",
    "\u202egnp.exe\u2066",
    "=1+1\r\nSet-Cookie: a=b",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text(sqlite_engine, name):
    centre = Centre(sqlite_engine, name=name)
    centre.add_counter(1, name, online=1)
    centre.rate(1, 4)
    centre.health.trouble("broker", name)
    for path in ("/", "/counters/1"):
        html = text(centre, path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "49%" not in html
        if name.startswith("\u202e"):
            assert html.count(f"<bdi>{name}</bdi>") >= 2


def test_the_counter_page_shows_every_figure(centre):
    box = centre.add_counter(2, "Land titles", online=1, seq=1842)
    centre.arrived(box, 1842, 1842)
    centre.rate(2, 4, 4, 3, 1)
    centre.rate(2, *[4] * 10, ago_ms=2 * DAY_MS)
    centre.rate(2, 4, 4, ago_ms=None)
    html = words(text(centre, "/counters/2"))
    assert "Today 75.0% Too few ratings to tell 4 ratings" in html
    assert "Last 30 days 92.9% Too few ratings to tell 14 ratings" in html
    assert "Response rate unknown (open mode)" in html
    assert "Happy Index (0–100) 66.7" in html
    assert "1,842 of 1,842 entries received, no gap" in html
    assert "16 ratings since the beginning; 2 of them at an unknown time" in html
    assert "Excellent 2 50.0% 12 85.7%" in html
    assert "1 PM 4 75.0%" in html  # the hour's table
    assert "Nov 18 10 100.0%" in html  # the day's table


def test_missing_entries_are_said_on_the_counter_page(centre):
    box = centre.add_counter(2, online=1, seq=1842)
    centre.arrived(box, 1830, 1840)
    assert "1,830 of 1,842 entries received, 12 still to come" in text(centre, "/counters/2")


def test_four_and_five_button_ratings_stand_apart_by_smiley(centre):
    centre.add_counter(2, online=1)
    centre.rate(2, 4, 4)
    centre.rate(2, 3, scale=5)
    html = text(centre, "/counters/2")
    assert html.count('<table class="distribution">') == 2
    assert "Okay 1 100.0%" in words(html)
