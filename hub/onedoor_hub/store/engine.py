"""Opening the database: SQLite file or PostgreSQL, set up so that a commit means durable."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_MS = 5000


def open_engine(url: str) -> Engine:
    """An engine for a SQLAlchemy URL, e.g. ``sqlite:////var/lib/onedoor/hub.db``.

    SQLite is set to WAL with synchronous=FULL (a commit survives a power cut), transactions
    begin IMMEDIATE where they write (``engine.begin()``), and its file is readable by its owner
    alone, because it holds the devices' keys. Raises OSError where the file cannot be made.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    path = Path(parsed.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    engine = create_engine(parsed)

    @event.listens_for(engine, "connect")
    def _prepare(connection, _record):
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection):
        read_only = connection.get_execution_options().get("onedoor_read")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> Engine:
    """The same database for reading: transactions take no write lock."""
    return engine.execution_options(onedoor_read=True)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest migration, from nothing if need be."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
