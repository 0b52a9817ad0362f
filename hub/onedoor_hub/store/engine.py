"""Opening the database: SQLite file or PostgreSQL, set up so that a commit means durable."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from onedoor_hub.store.devices import StoreError

BUSY_TIMEOUT_MS = 5000
_MIGRATING = 0x0D00  # any number of ours: the advisory lock's name


def open_engine(url: str) -> Engine:
    """An engine for a SQLAlchemy URL, e.g. ``sqlite:////var/lib/onedoor/hub.db``.

    SQLite is set to WAL with synchronous=FULL (a commit survives a power cut), transactions
    begin IMMEDIATE where they write (``engine.begin()``), and its file is readable by its owner
    alone, because it holds the devices' keys. Raises OSError where the file cannot be made,
    StoreError where the URL is of no database that the hub can use.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        backend = ""
    if backend == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if backend != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise StoreError(
            "database: use sqlite:////folder/file.db or postgresql://user:password@host/name"
        )
    path = Path(str(parsed.database))
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


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that reads the database as it stands now, whatever is written meanwhile.

    SQLite's WAL gives each read transaction one state; PostgreSQL does at REPEATABLE READ.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine).begin() as connection:
        yield connection


def migrate(engine: Engine) -> None:
    """Bring the database to the newest migration, from nothing if need be.

    Raises StoreError where it cannot be reached, is no database, or is a newer version's.
    """
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    try:
        with _first_come(engine), engine.begin() as connection:
            if engine.dialect.name == "postgresql":  # two may start at once
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"database {_shown(engine)} is not this version's: {error}") from None
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise StoreError(f"database {_shown(engine)} cannot be used: {reason}") from None


@contextmanager
def _first_come(engine: Engine) -> Iterator[None]:
    """Let one process at a time make a SQLite database: a change to WAL waits for nobody, and
    making the tables can take a slow disk longer than the busy time-out."""
    if engine.dialect.name != "sqlite":
        yield
        return
    # Its folder, not the file: to close the file again would drop SQLite's own locks on it.
    folder = os.open(Path(str(engine.url.database)).absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _shown(engine: Engine) -> str:
    return engine.url.database or "" if engine.dialect.name == "sqlite" else str(engine.url)
