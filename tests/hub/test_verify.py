"""``onedoor verify`` finds each kind of tampering and names it, and nothing else."""

import json
import threading

import pytest
from click.testing import CliRunner
from onedoor_hub.cli import main
from onedoor_hub.store import gaps, schema
from onedoor_hub.store.engine import snapshot
from onedoor_hub.verify import Verification
from sqlalchemy import delete, select, update

from tests.support.proof import FIRST_DAY, Days, at_ms, differences
from tests.support.tampering import ENTRY, STREAM, TAMPERINGS, entry

BOX = 1  # the box tampered with: the first of two at counter 3, with 13 entries


@pytest.fixture
def days(engine):
    made = Days(engine)
    made.close_both()
    return made


def verify(engine):
    """(exit status, lines) of the command."""
    url = engine.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(main, ["verify", "--database", url])
    return done.exit_code, done.output.splitlines()


def change(days, statement):
    """Do a statement made from the row of the box's stream; returns the stream's name."""
    box = days.boxes[BOX]
    with days.engine.begin() as connection:
        stream = connection.execute(select(STREAM).where(STREAM.c.device == box.device)).one()
        connection.execute(statement(stream))
    return f"{box.device} {box.incarnation.hex()}"


def test_a_hub_that_was_left_alone_verifies(days):
    status, (line,) = verify(days.engine)
    assert status == 0
    assert line.startswith("ok: 56 entries, 4 streams, 52 ratings, 2 daily roots over 56 entries, ")


def test_an_empty_hub_verifies(sqlite_engine):
    assert verify(sqlite_engine)[0] == 0


def test_gaps_unknown_times_and_new_incarnations_are_no_differences(days):
    box = days.boxes[0]
    for press in range(40):
        box.rate(3, 4, 900_000 + press)
    days.desk.take(box.journal(30, 950_000), box.journal(12, 950_000, 3), box.journal(24, 950_000))
    box.start_boot()
    box.rate(2, 4, 5)
    days.desk.take(box.journal(len(box.entries) - 1, 10))
    assert differences(days.engine) == []


def test_the_entry_behind_a_gap_is_held_to_the_chain_value_it_came_with(days):
    box = days.boxes[BOX]
    for press in range(8):
        box.rate(3, 4, 900_000 + press)
    days.desk.take(box.journal(18, 950_000))
    name = change(days, lambda s: update(ENTRY).where(entry(s, 18)).values(t_ms=5))
    expected = f"{name}: entry 18 does not follow from entry 17 by the chain"
    assert expected in differences(days.engine)


def test_what_was_declared_missing_is_a_gap_and_no_difference(days):
    box = days.boxes[BOX]
    for press in range(8):
        box.rate(3, 4, 900_000 + press)
    days.desk.take(box.journal(18, 950_000))
    with days.engine.begin() as connection:
        stream = connection.scalar(select(STREAM.c.id).where(STREAM.c.device == box.device))
        assert gaps.declare_missing(connection, stream, 0, 0) == 4
    assert differences(days.engine) == []


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_each_kind_of_tampering_is_found_and_named(closed_days, kind):
    statement, expected = TAMPERINGS[kind]
    box = closed_days.boxes[BOX]
    name = f"{box.device} {box.incarnation.hex()}"
    with closed_days.engine.begin() as connection:
        stream = connection.execute(select(STREAM).where(STREAM.c.device == box.device)).one()
        connection.execute(statement(stream))
        lines = list(Verification(connection).differences())
        connection.rollback()
    missing = [text for text in expected if not any(text.format(box=name) in one for one in lines)]
    assert missing == [], "\n".join(lines)


def test_the_command_ends_with_1_and_each_difference_on_a_line(days):
    box = change(days, lambda s: update(ENTRY).where(entry(s, 3)).values(boot=9))
    status, lines = verify(days.engine)
    assert status == 1
    assert lines[:2] == [
        f"{box}: entry 3 is of boot 9, but no boot entry begins it after entry 2",
        f"{box}: entry 4 is of boot 1, after one of boot 9",
    ]
    assert [line[:15] for line in lines[2:]] == ["2 differences: "]


def test_a_root_that_was_taken_out_is_missed(days):
    with days.engine.begin() as connection:
        connection.execute(delete(schema.day_range).where(schema.day_range.c.no == 1))
        connection.execute(delete(schema.day_root).where(schema.day_root.c.no == 1))
    found = differences(days.engine)
    assert "root no. 2 of vientiane: root no. 1 is not there" in found


def test_an_edit_that_carries_its_chain_and_tallies_along_is_found_by_the_root(days):
    """Who can write the database can make it agree with itself, but not with a published root."""
    box = days.boxes[BOX]
    a = box.entries[2][2]
    box.entries[2] = (*box.entries[2][:2], 0x41, 0)
    assert a != 0x41
    value = box._chain[2]
    for seq in range(3, 14):
        kind, t_ms, a_field, b = box.entries[seq - 1]
        value = chain_step(value, seq, kind, t_ms, a_field, b)
        fields = {"a": a_field, "chain": value}
        change(days, lambda s, seq=seq, f=fields: update(ENTRY).where(entry(s, seq)).values(f))
    change(days, lambda s: update(STREAM).where(STREAM.c.id == s.id).values(contiguous_chain=value))
    move_tallies(days.engine, a & 0x0F, 1)
    assert differences(days.engine) == [
        "root no. 1 of vientiane: its tree is not that of the entries it covers",
        "root no. 2 of vientiane: its tree is not that of the entries it covers",
    ]


def chain_step(value, seq, kind, t_ms, a, b):
    from onedoor_protocol import chain

    return chain.step(value, chain.pack(seq, kind, t_ms, a, b))


def move_tallies(engine, old, new):
    """One rating of the first day at counter 3, from one value to another, in both tallies."""
    with engine.begin() as connection:
        for table, period in ((schema.tally_hour, "hour"), (schema.tally_day, "day")):
            first = select(table.c[period]).where(table.c.counter == 3).order_by(table.c[period])
            when = connection.scalar(first.limit(1))
            for value, step in ((old, -1), (new, 1)):
                connection.execute(
                    update(table)
                    .where(table.c.counter == 3, table.c[period] == when, table.c.value == value)
                    .values(n=table.c.n + step)
                )


def test_verify_sees_one_state_of_a_hub_that_goes_on(days):
    """Ratings that arrive while it reads neither fail it nor are counted by it."""
    box = days.boxes[0]
    with snapshot(days.engine) as connection:
        run = Verification(connection)
        found = run.differences()
        assert connection.execute(select(ENTRY.c.seq).limit(1)).scalar() is not None
        for press in range(200):
            box.rate(1 + press % 4, 4, 900_000 + press)
        thread = threading.Thread(
            target=days.receive, args=(box, at_ms(FIRST_DAY, 60), len(box.entries) - 199)
        )
        thread.start()
        thread.join()
        assert list(found) == []
    assert run.entries == 56
    assert differences(days.engine) == []


def test_verify_refuses_a_database_that_is_not_there(tmp_path):
    done = CliRunner().invoke(main, ["verify", "--database", f"sqlite:///{tmp_path / 'no.db'}"])
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "no database" in done.output


def test_roots_are_printed_as_json_lines_by_centre_and_day(days):
    url = days.engine.url.render_as_string(hide_password=False)
    for flags, numbers in ([[], [1, 2]], [["--day", "2026-11-20"], [2]], [["--centre", "x"], []]):
        done = CliRunner().invoke(main, ["root", "--database", url, *flags])
        lines = [json.loads(line) for line in done.output.splitlines()]
        assert [line["no"] for line in lines] == numbers
        assert all(set(line) >= {"centre", "day", "size", "prev", "root"} for line in lines)
