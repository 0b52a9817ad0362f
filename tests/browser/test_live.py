"""The pages live: what changes in the hub changes before the reader's eyes."""

import pytest
from onedoor_hub.pages import centre as pages
from onedoor_hub.store import schema
from playwright.sync_api import expect
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

# Less than the 5 s after which a page is renewed anyway. How fast a press is, the bench measures.
SOON_MS = 4_000


def press(centre, counter, *values):
    """What the writer does for a press: tally, commit, tell the pages."""
    centre.rate(counter, *values)
    centre.live.publish({(centre.id, counter)})


def ratings(page, counter):
    return page.locator(f'[data-counter="{counter}"] [data-ratings]')


def is_live(page):
    expect(page.locator('[data-live="live"]')).to_be_visible()


def test_a_press_shows_without_a_reload(centre, open_page):
    page = open_page()
    is_live(page)
    page.evaluate("window.same = true")
    shown = int(ratings(page, 1).get_attribute("data-ratings"))
    for n in range(1, 6):
        press(centre, 1, 4)
        selector = f'[data-counter="1"] [data-ratings="{shown + n}"]'
        page.wait_for_selector(selector, timeout=SOON_MS)
    assert ratings(page, 1).inner_text() == str(shown + 5)
    assert page.evaluate("window.same") is True


def test_every_open_page_hears_of_a_press(centre, open_page):
    readers = [open_page(), open_page("/?lang=lo"), open_page("/?centre=vientiane&lang=fr")]
    for page in readers:
        is_live(page)
    before = int(ratings(readers[0], 5).get_attribute("data-ratings"))
    press(centre, 5, 1, 2)
    for page in readers:
        expect(ratings(page, 5)).to_have_attribute("data-ratings", str(before + 2), timeout=SOON_MS)


def test_a_burst_ends_at_the_right_count(centre, open_page):
    page = open_page()
    is_live(page)
    before = int(ratings(page, 3).get_attribute("data-ratings"))
    for _ in range(60):
        press(centre, 3, 4)
    expect(ratings(page, 3)).to_have_attribute("data-ratings", str(before + 60), timeout=SOON_MS)


def test_a_box_that_goes_offline_shows_at_once(centre, open_page):
    page = open_page()
    is_live(page)
    expect(page.locator('[data-counter="1"] .state')).to_have_text("Box online")
    with centre.engine.begin() as connection:
        state = schema.device_state
        connection.execute(update(state).where(state.c.device == "box-1-abcdef").values(online=0))
    centre.live.publish({(centre.id, 1)})
    expect(page.locator('[data-counter="1"] .state')).to_have_text("Box offline", timeout=SOON_MS)
    expect(page.locator(".notices")).to_contain_text("The boxes at counters 1, 4 are offline")


def test_the_counter_page_is_live_and_keeps_an_opened_table_open(centre, open_page):
    page = open_page("/counters/2")
    is_live(page)
    page.get_by_text("As a table").first.click()
    expect(page.locator("#hours-table")).to_have_attribute("open", "")
    before = int(page.locator("[data-ratings]").get_attribute("data-ratings"))
    press(centre, 2, 1)
    expect(page.locator("[data-ratings]")).to_have_attribute(
        "data-ratings", str(before + 1), timeout=SOON_MS
    )
    expect(page.locator("#hours-table")).to_have_attribute("open", "")


def test_a_lost_hub_is_said_and_its_return_brings_everything(centre, open_page, monkeypatch):
    page = open_page()
    is_live(page)
    before = int(ratings(page, 1).get_attribute("data-ratings"))

    def broken(*_):
        raise OperationalError("SELECT", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr("onedoor_hub.store.scoreboard.centres", broken)
        patched.setattr("onedoor_hub.store.scoreboard.counters", broken)
        centre.live.publish({(centre.id, 1)})
        expect(page.locator('[data-live="lost"]')).to_contain_text("Connection to the hub lost")
        expect(page.locator('[data-live="lost"]')).to_contain_text("1:30")
        expect(ratings(page, 1)).to_have_attribute("data-ratings", str(before))
        centre.rate(1, 4, 4)  # while nobody could see it
    expect(page.locator('[data-live="live"]')).to_be_visible(timeout=10_000)
    expect(ratings(page, 1)).to_have_attribute("data-ratings", str(before + 2))
    press(centre, 1, 4)
    expect(ratings(page, 1)).to_have_attribute("data-ratings", str(before + 3), timeout=SOON_MS)
    page.errors.clear()  # the browser reports each refused reconnection


def test_a_hub_that_falls_silent_is_called_lost(centre, chromium, url, monkeypatch):
    monkeypatch.setattr(pages, "BEAT_S", 3600)
    page = chromium.new_page()
    page.clock.install()
    page.goto(url)
    is_live(page)
    page.clock.fast_forward(15_000)
    expect(page.locator('[data-live="live"]')).to_be_visible()
    page.clock.fast_forward(2_000)
    expect(page.locator('[data-live="lost"]')).to_be_visible()
    page.close()


@pytest.mark.parametrize("path", ["/", "/counters/2"])
def test_no_request_leaves_the_hub(open_page, url, path):
    page = open_page(path)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    is_live(page)
    page.wait_for_timeout(500)
    assert len(asked) >= 5
    assert [address for address in asked if not address.startswith(url + "/")] == []
