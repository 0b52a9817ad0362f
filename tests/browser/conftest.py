"""A real browser before the pages of a centre in which every state is to be seen."""

import pytest
from onedoor_hub.store import refusals

from tests.support.board import NOW_MS, example, served


@pytest.fixture
def centre(sqlite_engine):
    """Six counters, 30 days of ratings, a box offline, one never seen, refused messages."""
    centre = example(sqlite_engine)
    with sqlite_engine.begin() as connection:
        refusals.record(connection, [("mac", "", "", "t", b"")] * 12, NOW_MS - 3_600_000)
    centre.health.trouble("queue", "more messages than the database can take; none is lost")
    return centre


@pytest.fixture
def url(centre):
    """Where the centre's pages are served."""
    with served(centre) as url:
        yield url


@pytest.fixture
def open_page(chromium, url):
    """Opens a path in a fresh browser profile; fails the test on any error the page reports."""
    contexts, errors = [], []

    def opener(path="/", **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        page.errors = errors
        page.goto(url + path)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert errors == []
