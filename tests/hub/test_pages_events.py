"""The stream of events that keeps a page live."""

import threading
import time

import pytest
from onedoor_hub.app import create_app
from onedoor_hub.pages import centre as pages
from sqlalchemy.exc import OperationalError

from tests.support.board import DAY_MS, Centre


@pytest.fixture
def centre(sqlite_engine):
    centre = Centre(sqlite_engine)
    centre.add_counter(1, "Passports", online=1)
    centre.add_counter(2, "Land titles", online=1)
    return centre


class Reader:
    """Reads events from the stream as they come."""

    def __init__(self, centre, path="/events"):
        self.answer = create_app(centre.hub()).test_client().get(path, buffered=False)
        self._pieces = self.answer.iter_encoded()
        self.waited_s = 0.0

    def next(self) -> tuple[str, str]:
        """(name, data) of the next event."""
        begun_s = time.monotonic()
        for piece in self._pieces:
            lines = piece.decode().splitlines()
            if lines[0].startswith("event: "):
                self.waited_s = time.monotonic() - begun_s
                data = "\n".join(line.removeprefix("data: ") for line in lines[1:-1])
                assert all(line.startswith("data: ") for line in lines[1:-1])
                return lines[0].removeprefix("event: "), data
        raise AssertionError("the stream ended")

    def until(self, name: str) -> list[tuple[str, str]]:
        """The events up to one of that name."""
        events = [self.next()]
        while events[-1][0] != name:
            events.append(self.next())
        return events


def test_whoever_connects_first_gets_everything(centre):
    centre.rate(1, 4)
    reader = Reader(centre)
    assert reader.answer.mimetype == "text/event-stream"
    assert reader.answer.headers["Cache-Control"] == "no-store"
    events = dict(reader.until("beat"))
    assert list(events) == ["counters", "notices", "summary", "beat"]
    assert '<span data-ratings="1">1</span>' in events["counters"]
    reader.answer.close()


def test_a_rating_is_sent_as_its_counters_card_alone(centre):
    reader = Reader(centre)
    reader.until("beat")

    def press():
        time.sleep(0.3)
        centre.rate(2, 4, 4, 1)
        centre.live.publish({("vientiane", 2)})

    threading.Thread(target=press).start()
    events = reader.until("beat")
    assert [name for name, _ in events] == ["counter-2", "summary", "beat"]
    assert '<span data-ratings="3">3</span>' in events[0][1]
    assert reader.waited_s < 1
    reader.answer.close()


def test_a_change_between_page_and_stream_is_not_lost(centre):
    reader = Reader(centre)
    pieces = reader.until("beat")
    assert '<span data-ratings="0">0</span>' in pieces[0][1]
    centre.rate(1, 4)
    centre.live.publish({("vientiane", 1)})
    centre.rate(1, 4)
    centre.live.publish({("vientiane", 1)})
    name, html = reader.next()
    assert name == "counter-1"
    assert '<span data-ratings="2">2</span>' in html
    reader.answer.close()


def test_another_centres_changes_stay_there(centre, monkeypatch):
    monkeypatch.setattr(pages, "BEAT_S", 0.5)
    reader = Reader(centre)
    reader.until("beat")
    centre.live.publish({("pakse", 1)})
    assert reader.next()[0] == "beat"
    reader.answer.close()


def test_troubles_and_their_end_come_with_the_beat(centre, monkeypatch):
    monkeypatch.setattr(pages, "BEAT_S", 0.3)
    reader = Reader(centre)
    reader.until("beat")
    centre.health.trouble("broker", "no connection")
    name, html = reader.next()
    assert name == "notices"
    assert "The hub cannot talk to the boxes" in html
    reader.until("beat")
    centre.health.well("broker")
    assert reader.next() == ("notices", "")
    reader.answer.close()


def test_midnight_and_a_new_counter_renew_the_whole_list(centre, monkeypatch):
    monkeypatch.setattr(pages, "BEAT_S", 0.3)
    centre.rate(1, 4)
    reader = Reader(centre)
    reader.until("beat")
    centre.now_ms += DAY_MS
    name, html = reader.next()
    assert name == "counters"
    assert '<span data-ratings="0">0</span>' in html
    reader.until("beat")
    centre.add_counter(7, "New")
    assert "New" in dict(reader.until("counters"))["counters"]
    reader.answer.close()


def test_a_closed_page_is_forgotten(centre):
    reader = Reader(centre)
    reader.until("beat")
    assert len(centre.live) == 1
    reader.answer.close()
    assert len(centre.live) == 0


def test_the_stream_speaks_the_pages_language(centre):
    reader = Reader(centre, "/events?lang=fr")
    assert "Aujourd’hui" in dict(reader.until("beat"))["counters"]
    reader.answer.close()


def test_a_name_with_line_breaks_stays_inside_its_event(centre):
    centre.add_counter(3, "one\r\n\r\nevent: beat\rdata: no")
    reader = Reader(centre)
    names = [name for name, _ in reader.until("summary")]
    assert names == ["counters", "notices", "summary"]
    reader.answer.close()


def test_too_many_live_pages_are_turned_away_and_keep_working(centre):
    reader = Reader(centre)
    reader.until("beat")
    client = create_app(centre.hub(), max_streams=1).test_client()
    refused = client.get("/events")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "10"
    assert client.get("/").status_code == 200
    reader.answer.close()


def test_an_unreadable_database_ends_the_stream(centre, monkeypatch):
    reader = Reader(centre)
    reader.until("beat")

    def broken(*_):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr("onedoor_hub.store.scoreboard.counters", broken)
    centre.live.publish({("vientiane", 1)})
    with pytest.raises(AssertionError, match="ended"):
        reader.next()
    assert len(centre.live) == 0
