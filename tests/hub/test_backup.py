"""A backup is whole, private and made while the hub writes; a hub restored from it counts right."""

import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from onedoor_hub.backup import BackupError, back_up
from onedoor_hub.cli import main
from onedoor_hub.store import schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import migrate, open_engine, snapshot

from tests.support.centre import Desk, add_box, answer_to, count, rated
from tests.support.hub import HubProcess
from tests.support.ports import wait_until
from tests.support.proof import Days, differences


@pytest.fixture
def restore(engine, tmp_path, request):
    """Starts a hub's database anew from a backup, as the README says; returns its engine."""
    engines = []

    def run(backup: Path):
        if engine.dialect.name == "sqlite":
            folder = tmp_path / "restored"
            folder.mkdir()
            shutil.copy(backup, folder / "hub.db")
            url = f"sqlite:///{folder / 'hub.db'}"
        else:
            url = request.getfixturevalue("postgres").new_database()
            database = "--dbname=" + url.replace("+psycopg", "")
            subprocess.run(["pg_restore", database, str(backup)], check=True)
        engines.append(open_engine(url))
        migrate(engines[0])
        return engines[0]

    yield run
    for one in engines:
        one.dispose()


def test_a_backup_holds_everything_and_can_be_read_by_its_owner_alone(engine, tmp_path, restore):
    days = Days(engine)
    days.close_both()
    path = tmp_path / "backup"
    url = engine.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(main, ["backup", str(path), "--database", url])
    assert done.exit_code == 0, done.output
    assert done.output == f"wrote {path} ({path.stat().st_size} bytes) and checked that it opens\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    restored = restore(path)
    for table in schema.metadata.sorted_tables:
        assert count(restored, table) == count(engine, table), table.name
    assert differences(restored) == []


def test_a_backup_overwrites_nothing(sqlite_engine, tmp_path):
    path = tmp_path / "backup"
    path.write_text("precious")
    with pytest.raises(BackupError, match="is there already"):
        back_up(sqlite_engine, path)
    assert path.read_text() == "precious"
    assert not path.with_name("backup.part").exists()


def test_a_backup_that_was_cut_off_is_not_taken_for_one(sqlite_engine, tmp_path):
    part = tmp_path / "backup.part"
    part.write_text("half")
    with pytest.raises(BackupError, match="left by a backup that was cut off; remove it"):
        back_up(sqlite_engine, tmp_path / "backup")
    assert part.read_text() == "half"


def test_a_backup_of_a_damaged_database_is_refused(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    migrate(engine)
    Days(engine)
    engine.dispose()
    with (tmp_path / "hub.db").open("r+b") as file:
        file.seek(-3 * 4096, os.SEEK_END)
        file.write(b"\x55" * 4096)
    with pytest.raises(BackupError, match="damaged|malformed"):
        back_up(engine, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.glob("backup*")) == []
    engine.dispose()


def test_a_folder_that_is_not_there_is_said_in_one_line(sqlite_engine, tmp_path):
    path = tmp_path / "no" / "backup"
    url = str(sqlite_engine.url)
    done = CliRunner().invoke(main, ["backup", str(path), "--database", url])
    assert (done.exit_code, done.output.splitlines()) == (
        1,
        [f"Error: {path}.part: No such file or directory"],
    )


def test_a_machine_without_pg_dump_is_told_what_to_install(postgres, tmp_path, monkeypatch):
    engine = open_engine(postgres.new_database())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not on this machine: install PostgreSQL's"):
        back_up(engine, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_taken_while_the_hub_writes_is_one_state_that_verifies(engine, tmp_path, restore):
    desk, box = Desk(engine), add_box(engine)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            box.rate(4, 4, 1_000 + len(box.entries))
            desk.take(box.journal(len(box.entries), 900_000, heard=(890_000, desk.now_ms - 10_000)))

    desk.take(box.journal(1, 500))
    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            before = count(engine, schema.entry)
            wait_until(lambda before=before: count(engine, schema.entry) > before + 2)
            back_up(engine, tmp_path / f"backup-{number}")
    finally:
        stop.set()
        thread.join()
    restored = restore(tmp_path / "backup-1")
    assert 0 < rated(restored) <= rated(engine)
    assert differences(restored) == differences(engine) == []


def test_a_restored_hub_counts_what_boxes_send_again_once(engine, tmp_path, restore):
    """The boxes still hold what came after the backup: all of it is counted, none of it twice."""
    desk, box = Desk(engine), add_box(engine)
    for press in range(50):
        box.rate(1 + press % 4, 4, 1_000 + press)
    desk.take(box.journal(1, 5_000), box.journal(33, 5_000))
    back_up(engine, tmp_path / "backup")
    for press in range(30):
        box.rate(4, 4, 6_000 + press)
    desk.take(box.journal(52, 9_000))
    restored = Desk(restore(tmp_path / "backup"))
    stands_at = answer_to(box, restored.take(box.state(10_000)))["seq"]
    assert stands_at == 51
    restored.take(box.journal(stands_at - 9, 10_000), box.journal(stands_at + 1, 10_000))
    assert rated(restored.engine) == 80
    assert differences(restored.engine) == []


def test_what_a_box_dropped_after_the_backup_is_a_named_gap(engine, tmp_path, restore):
    """Acknowledged by the lost hub, so no longer in the box: the certificate says which."""
    desk, box = Desk(engine), add_box(engine)
    box.rate(4, 4, 1_000)
    desk.take(box.journal(1, 5_000))
    back_up(engine, tmp_path / "backup")
    for press in range(10):
        box.rate(4, 4, 6_000 + press)
    restored = Desk(restore(tmp_path / "backup"))
    restored.take(box.state(9_000), box.journal(9, 9_000))
    with snapshot(restored.engine) as connection:
        found = certificate(connection, box.device)
    gaps = [(gap["first"], gap["last"]) for gap in found["incarnations"][0]["gaps"]]
    assert gaps == [(3, 8)]
    assert (found["received"], found["expected"]) == (6, 12)
    assert differences(restored.engine) == []


def test_a_hub_starts_on_a_backup_closes_its_days_and_verifies_while_it_runs(
    sqlite_engine, tmp_path
):
    days = Days(sqlite_engine)
    folder = tmp_path / "new-machine"
    folder.mkdir(mode=0o700)
    back_up(sqlite_engine, folder / "hub.db")
    hub = HubProcess(folder)
    try:
        hub.start()
        wait_until(lambda: count(hub.engine, schema.day_root) == 2, what="both days are closed")
        done = CliRunner().invoke(main, ["verify", "--data-dir", str(folder)])
        with snapshot(hub.engine) as connection:
            found = certificate(connection, days.boxes[0].device)
    finally:
        assert hub.stop() == 0, hub.log
    assert (done.exit_code, done.output[:44]) == (0, "ok: 56 entries, 4 streams, 52 ratings, 2 dai")
    assert (found["received"], found["expected"]) == (11, 11)
