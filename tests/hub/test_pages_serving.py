"""How pages and static files are served: headers, caching, size, number of queries."""

import re

import pytest
from onedoor_hub.app import create_app
from sqlalchemy import event

from tests.support.board import Centre, example


@pytest.fixture
def centre(sqlite_engine):
    return Centre(sqlite_engine)


def get(centre, path="/"):
    return create_app(centre.hub()).test_client().get(path)


def test_no_page_names_another_host_or_holds_inline_script_or_style(sqlite_engine):
    centre = example(sqlite_engine)
    for path in ("/", "/counters/2", "/nothing"):
        html = get(centre, path).text
        assert not re.search(r"https?://", html)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_every_answer_carries_the_safety_headers(centre):
    centre.add_counter(1)
    for path in ("/", "/nothing", "/api/v1/centres", "/static/live.js"):
        headers = get(centre, path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_static_files_are_kept_by_their_content(centre):
    centre.add_counter(1)
    address = re.search(r"/static/onedoor\.css\?v=[0-9a-f]{12}", get(centre).text)
    assert address
    client = create_app(centre.hub()).test_client()
    answer = client.get(address[0])
    assert "immutable" in answer.headers["Cache-Control"]
    again = client.get(address[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert get(centre).headers["Cache-Control"] == "no-cache"


def test_todays_page_is_small_with_40_counters(sqlite_engine):
    centre = Centre(sqlite_engine)
    for number in range(1, 41):
        centre.add_counter(number, "Passports and travel papers", online=1)
    centre.fill(dict.fromkeys(range(1, 41), 0.95), days=3)
    assert len(get(centre).text.encode()) < 160_000


@pytest.mark.parametrize(("path", "most"), [("/", 9), ("/counters/3", 12)])
def test_more_counters_cost_no_more_queries(sqlite_engine, path, most):
    centre = Centre(sqlite_engine)
    for number in range(1, 13):
        centre.add_counter(number, online=1)
    centre.fill(dict.fromkeys(range(1, 13), 0.95), days=3)
    statements = []
    event.listen(
        sqlite_engine,
        "before_cursor_execute",
        lambda *seen: statements.append(seen[2]),
    )
    assert get(centre, path).status_code == 200
    selects = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(selects) <= most
