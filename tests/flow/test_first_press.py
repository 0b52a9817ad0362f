"""One press, from a pin to the page, with nothing in between replaced."""

import re

from playwright.sync_api import expect

from tests.support.centre import rated
from tests.support.ports import wait_until

LIVE_MS = 5_000  # how fast is for `make bench` to say; here it is about no reload


def test_one_press_on_a_pin_is_one_rating_on_the_page(hub, mosquitto, make_box, listen, chromium):
    """Pin, debounce, journal, MQTT through Mosquitto, ingest, tally, event, page."""
    device, box = make_box(3)
    mosquitto.start()
    hub.start()
    box.start()
    wait_until(lambda: certificate(hub, box)["received"] == 1, what="the box's boot entry")
    page = chromium.new_page()
    page.goto(hub.url)
    card = page.locator('[data-counter="3"]')
    expect(card.locator("[data-ratings]").first).to_have_attribute("data-ratings", "0")
    page.evaluate("document.body.dataset.loaded = 'once'")
    box.press("excellent")
    expect(card.locator("[data-ratings]").first).to_have_attribute(
        "data-ratings", "1", timeout=LIVE_MS
    )
    expect(card.locator("[data-verdict]").first).to_have_text(re.compile("Too few ratings"))
    expect(page.locator("body")).to_have_attribute("data-loaded", "once")
    page.reload()
    expect(card.locator("[data-ratings]").first).to_have_attribute("data-ratings", "1")
    page.close()
    found = certificate(hub, box)
    assert (found["received"], found["expected"]) == (2, 2)
    assert rated(hub.engine) == 1
    hub.stop()
    ear = listen(device)
    ear.reboot(ear.next_state())
    goodbye = ear.next_state()
    assert (goodbye["online"], goodbye["seq"], goodbye["acked"]) == (0, 2, 2), "journal is empty"


def certificate(hub, box):
    return hub.get(f"/api/v1/certificate/{box.config['device']}")
