"""Fixtures of the hub's tests that cost too much to make for each test."""

import pytest
from onedoor_hub.store.engine import migrate, open_engine

from tests.support.proof import Days


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def closed_days(request, tmp_path_factory):
    """Two closed days on each database, for tests that change nothing or roll back."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('days') / 'hub.db'}")
    else:
        engine = open_engine(request.getfixturevalue("postgres").new_database())
    migrate(engine)
    days = Days(engine)
    days.close_both()
    yield days
    engine.dispose()
