"""``onedoor backup``: a whole copy of the database while the hub goes on writing."""

import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine


class BackupError(OSError):
    """A backup that could not be made; the text says why and what to do."""


def back_up(engine: Engine, path: Path) -> None:
    """Write the database to a new file that its owner alone can read, and check that it opens.

    SQLite by its online backup (https://www.sqlite.org/backup.html), PostgreSQL by pg_dump in its
    custom format. The file appears under its name only once it is whole. Raises BackupError, or
    OSError where the file cannot be written.
    """
    _refuse_existing(path)
    part = path.with_name(path.name + ".part")
    try:
        # Of the owner alone from its first byte on: it holds the devices' keys.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise BackupError(f"{part}: left by a backup that was cut off; remove it") from None
    try:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(engine, part)
        else:
            _dump_postgresql(engine, part)
        _flush(part)
        _refuse_existing(path)
        part.rename(path)
        _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise BackupError(f"{path}: is there already; a backup overwrites nothing")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(engine: Engine, part: Path) -> None:
    try:
        with engine.connect() as connection:
            source: Any = connection.connection.driver_connection
            copy = sqlite3.connect(part)
            try:
                # All pages in one step: a reader's snapshot, which writers neither change nor
                # wait for.
                source.backup(copy, pages=-1)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm
            finally:
                copy.close()
        _check_sqlite(part)
    except sqlite3.Error as error:
        raise BackupError(f"{part}: {error}") from None


def _check_sqlite(part: Path) -> None:
    copy = sqlite3.connect(f"file:{part.absolute()}?mode=ro", uri=True)
    try:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        found += [f"{row[0]}: broken reference" for row in copy.execute("PRAGMA foreign_key_check")]
    finally:
        copy.close()
    if found != ["ok"]:
        raise BackupError(f"{part}: the copy is damaged, and so may be the database: {found[0]}")


def _dump_postgresql(engine: Engine, part: Path) -> None:
    from psycopg.conninfo import make_conninfo

    parameters = engine.url.translate_connect_args(username="user", database="dbname")
    parameters |= engine.url.query
    secret = parameters.pop("password", None)
    environment = dict(os.environ)
    if secret:
        environment["PGPASSWORD"] = secret  # not as an argument, which every user can read
    database = "--dbname=" + make_conninfo(**parameters)
    _run(["pg_dump", "--format=custom", f"--file={part}", "--no-password", database], environment)
    # Reading all of it back as SQL shows that it is whole.
    _run(["pg_restore", f"--file={os.devnull}", str(part)], environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise BackupError(
            f"{command[0]} is not on this machine: install PostgreSQL's client programs "
            "(Debian: postgresql-client)"
        ) from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise BackupError(lines[0])
