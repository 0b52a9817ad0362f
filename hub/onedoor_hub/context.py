"""What the pages are given by create_app: the running hub, in one object."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Engine

from onedoor_hub.health import Health
from onedoor_hub.live import Live


def utc_ms() -> int:
    """Now, in whole milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Hub:
    """The running hub as pages see it; they read the database and never write it."""

    engine: Engine  # for reading (store.engine.reading)
    live: Live
    health: Health
    clock_ms: Callable[[], int] = utc_ms


def hub() -> Hub:
    """The hub of the current Flask application."""
    return current_app.extensions["onedoor"]
