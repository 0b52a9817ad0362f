"""The pages can be read by everyone: any width, scheme, language, keyboard, without JavaScript."""

import re
from pathlib import Path

import pytest
from onedoor_hub.pages.language import LANGUAGES
from playwright.sync_api import expect

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SOON_MS = 4_000
BOTH = pytest.mark.parametrize("path", ["/", "/counters/2"])
PHONE, LAPTOP, WALL = (
    {"width": 360, "height": 740},
    {"width": 1366, "height": 768},
    {"width": 1920, "height": 1080},
)


def is_live(page):
    expect(page.locator('[data-live="live"]')).to_be_visible()


def violations(page):
    """What axe-core finds against WCAG 2.2 A and AA, one line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
    found = page.evaluate("rules => axe.run(document, rules)", rules)
    assert found["passes"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@BOTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_violation(open_page, path, scheme, language):
    page = open_page(f"{path}?lang={language}", color_scheme=scheme, viewport=LAPTOP)
    is_live(page)
    assert violations(page) == []


@BOTH
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_a_phone_with_everything_open_and_the_hub_lost(
    open_page, path, scheme
):
    page = open_page(path, color_scheme=scheme, viewport=PHONE)
    is_live(page)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.evaluate("document.querySelector('[data-live]').dataset.live = 'lost'")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_where_there_is_nothing(chromium, url, scheme):
    page = chromium.new_page(color_scheme=scheme)
    page.goto(url + "/nothing")
    assert violations(page) == []
    page.close()


@BOTH
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_screen(open_page, path, language):
    page = open_page(f"{path}?lang={language}")
    is_live(page)
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    for width in (320, 360, 768, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(
            """() => Array.from(document.querySelectorAll("main p, main b, main h3, main td"))
            .filter(e => e.offsetParent && !e.closest(".unseen"))
            .filter(e => getComputedStyle(e).display !== "inline")
            .filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => e.outerHTML.slice(0, 120))"""
        )
        assert cut == []


def test_a_long_name_without_spaces_fits_a_phone(centre, open_page):
    centre.add_counter(7, "X" * 120, online=1)
    page = open_page(viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@BOTH
def test_the_page_reads_without_javascript(open_page, path):
    page = open_page(path, java_script_enabled=False)
    expect(page.get_by_text("92.3%").first).to_be_visible()
    expect(page.get_by_text("As of 1:30")).to_be_visible()
    expect(page.get_by_role("link", name="Reload")).to_be_visible()
    assert page.locator('[data-live="live"]').count() == 0


def test_a_counter_opens_without_javascript_and_leads_back(open_page):
    page = open_page(java_script_enabled=False)
    page.locator("#counter-2").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Land titles")
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("row", name="8 AM 9 100.0%")).to_be_visible()
    page.get_by_role("link", name="All counters of").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vientiane One-Door Centre")


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_the_keyboard_reaches_every_counter_and_shows_where_it_is(open_page):
    page = open_page(viewport=LAPTOP)
    is_live(page)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the figures"
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(focused(page))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
    assert reached == [f"counter-{n}" for n in range(1, 7)]
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/counters/6"))


def test_the_focus_stays_where_it_is_when_a_card_is_renewed(centre, open_page):
    page = open_page()
    is_live(page)
    page.locator("#counter-2").focus()
    shown = int(page.locator('[data-counter="2"] [data-ratings]').get_attribute("data-ratings"))
    centre.rate(2, 4)
    centre.live.publish({(centre.id, 2)})
    page.wait_for_selector(f'[data-counter="2"] [data-ratings="{shown + 1}"]', timeout=SOON_MS)
    assert focused(page) == "counter-2"


def test_nothing_moves_for_who_asks_for_stillness(open_page):
    page = open_page(reduced_motion="reduce")
    is_live(page)
    assert page.evaluate("document.getAnimations().length") == 0


@BOTH
def test_paper_gets_figures_and_no_controls(open_page, path):
    page = open_page(path, color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator(".languages")).to_be_hidden()
    expect(page.locator(".live")).to_be_hidden()
    expect(page.get_by_text("92.3%").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_lao_is_drawn_with_the_font_that_comes_with_the_hub(open_page):
    page = open_page("/?lang=lo")
    assert page.evaluate("document.fonts.check('16px \"Noto Sans Lao Web\"', 'ລາວ')")
    loaded = page.evaluate("Array.from(document.fonts).filter(f => f.status == 'loaded').length")
    assert loaded >= 1


def test_the_page_loads_less_than_a_phone_minds(open_page, url):
    page = open_page()
    is_live(page)
    sizes = page.evaluate(
        """async () => {
          const all = [location.href, ...performance.getEntriesByType("resource")
            .map(e => e.name).filter(n => /\\.(js|css)/.test(n))];
          let total = 0;
          for (const name of all) {
            const body = (await fetch(name)).body.pipeThrough(new CompressionStream("gzip"));
            total += (await new Response(body).arrayBuffer()).byteLength;
          }
          return total;
        }"""
    )
    assert sizes < 45_000
