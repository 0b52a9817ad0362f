"""Fixtures every room of the tests uses: real databases, a real broker, a real browser."""

import shutil

import pytest
from onedoor_hub.store.engine import migrate, open_engine
from playwright.sync_api import sync_playwright

from tests.support.mosquitto import Mosquitto
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server of the tests' own, on a socket in a folder of its own."""
    server = Postgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    """An empty, migrated database: each test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    else:
        engine = open_engine(request.getfixturevalue("postgres").new_database())
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path):
    """An empty, migrated SQLite database, where the database is not what is tested."""
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def mosquitto(tmp_path):
    """A real Mosquitto on a free port, not yet started; ``allow`` its users first."""
    broker = Mosquitto(tmp_path / "mosquitto")
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, started once a process: Playwright bears no second one beside it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError("Chromium is not installed: ./setup.sh test installs it")
    with sync_playwright() as playwright:
        # Its sandbox needs what containers and CI machines do not give.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
