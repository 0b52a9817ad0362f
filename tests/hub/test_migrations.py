"""The migrations build the schema, once, whoever starts first."""

import itertools
import os
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from onedoor_hub.store import devices, schema
from onedoor_hub.store.devices import StoreError
from onedoor_hub.store.engine import migrate, open_engine, reading
from sqlalchemy import inspect, select, text

STARTERS = 3
START = """
import sys
from onedoor_hub.store.engine import migrate, open_engine
print("ready", flush=True)
sys.stdin.read(1)
migrate(open_engine(sys.argv[1]))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request, tmp_path):
    """Makes URLs of empty databases that nobody has migrated."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_database
    numbers = itertools.count()
    return lambda: f"sqlite:///{tmp_path / str(next(numbers)) / 'hub.db'}"


@pytest.fixture
def empty_url(new_url):
    return new_url()


def described(engine):
    """Everything that the database knows of each of our tables."""
    built = inspect(engine)
    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in built.get_columns(name)
            ],
            "key": built.get_pk_constraint(name),
            "foreign_keys": sorted(map(str, built.get_foreign_keys(name))),
            "unique": sorted(map(str, built.get_unique_constraints(name))),
            "indexes": sorted(map(str, built.get_indexes(name))),
            "options": built.get_table_options(name),
        }
        for name in built.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_build_exactly_the_tables_of_the_schema(empty_url, new_url):
    migrated, straight = open_engine(empty_url), open_engine(new_url())
    migrate(migrated)
    with migrated.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    schema.metadata.create_all(straight)
    assert described(migrated) == described(straight)
    assert set(described(migrated)) == set(schema.metadata.tables)
    migrated.dispose()
    straight.dispose()


def test_migrating_again_changes_nothing(engine):
    with engine.begin() as connection:
        devices.ensure_centre(connection, "vientiane", 1)
        before = connection.execute(select(schema.centre)).all()
    migrate(engine)
    with engine.begin() as connection:
        assert connection.execute(select(schema.centre)).all() == before


def test_hubs_that_start_at_the_same_moment_do_not_break_each_other(empty_url):
    command = [sys.executable, "-c", START, empty_url]
    starters = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(STARTERS)
    ]
    assert [starter.stdout.readline() for starter in starters] == [b"ready\n"] * STARTERS
    for starter in starters:
        starter.stdin.write(b".")
        starter.stdin.flush()
    errors = [starter.communicate(timeout=60)[1].decode() for starter in starters]
    assert [starter.returncode for starter in starters] == [0] * STARTERS, errors
    engine = open_engine(empty_url)
    with reading(engine).begin() as connection:
        assert connection.execute(select(schema.centre)).all() == []
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone_and_told_of_in_one_line(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError) as caught:
        migrate(engine)
    assert "9999" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "use sqlite:////folder/file.db or postgresql://"),
        ("mysql://u:p@h/d", "use sqlite:////folder/file.db or postgresql://"),
        ("sqlite://", "use sqlite:////folder/file.db or postgresql://"),
        ("sqlite:///:memory:", "use sqlite:////folder/file.db or postgresql://"),
        ("postgresql://user:s3cret@127.0.0.1:1/x", "cannot be used: connection failed"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(url, said):
    with pytest.raises(StoreError) as caught:
        migrate(open_engine(url))
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_line_and_is_not_touched(tmp_path):
    path = tmp_path / "hub.db"
    path.write_text("a letter to the minister, which is longer than a database's first page" * 99)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"{path} cannot be used: file is not a database"):
        migrate(open_engine(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_the_database_is_for_its_owners_eyes_and_survives_a_power_cut(sqlite_engine):
    with sqlite_engine.begin() as connection:
        devices.ensure_centre(connection, "vientiane", 1)
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        path = sqlite_engine.url.database
        modes = {
            name: os.stat(path + name).st_mode & 0o777
            for name in ("", "-wal", "-shm")
            if os.path.exists(path + name)
        }
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
