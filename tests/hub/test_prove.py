"""``onedoor prove`` and ``onedoor audit`` as their users run them."""

import datetime
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from onedoor_hub.cli import main
from onedoor_hub.proof.audit import BROKEN, HOLDS, UNREADABLE

from tests.support.proof import FIRST_DAY, Days


def run(*arguments, given_input=None):
    done = CliRunner().invoke(main, arguments, input=given_input)
    return done.exit_code, done.stdout


def test_a_counters_day_is_proved_and_audited_by_the_commands(closed_days, tmp_path):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    status, text = run("prove", "--counter", "3", "--day", "2026-11-19", "--database", url)
    assert status == 0
    bundle = tmp_path / "bundle.json"
    bundle.write_text(text)
    first, second = (
        json.loads(line)["root"] for line in run("root", "--database", url)[1].splitlines()
    )
    status, text = run("audit", str(bundle), "--root", first)
    # 6 and 7 presses: 1 2 3 4 1 2 and 1 2 3 4 1 2 3.
    assert (status, text.split("; ")[:2]) == (
        HOLDS,
        [
            "holds: counter 3: 5 of 13 ratings satisfied = 38.5% (95% interval 17.7% to 64.5%)",
            "all 15 entries of the counter",
        ],
    )
    status, text = run("audit", str(bundle), "--root", second)
    assert (status, text[:14]) == (BROKEN, "does not hold:")
    assert run("audit", str(bundle), "--root", second, "--root", first.upper())[0] == HOLDS
    assert "compare this root with the published one" in run("audit", str(bundle))[1]


def test_a_counter_without_entries_that_day_is_proved_to_have_none(closed_days):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    for counter in ("0", "9"):
        text = run("prove", "--counter", counter, "--day", "2026-11-19", "--database", url)[1]
        status, outcome = run("audit", "-", given_input=text)
        assert (status, f"counter {counter}: 0 of 0 ratings" in outcome) == (HOLDS, True)


def test_an_entry_is_proved_and_audited_by_the_commands(closed_days):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    box = closed_days.boxes[2]
    name = f"{box.device}/{box.incarnation.hex()}/5"
    status, text = run("prove", name, "--database", url)
    assert status == 0
    status, outcome = run("audit", "-", given_input=text)
    assert (status, outcome.startswith(f"holds: entry {name}, counter 3, rating 4 of 4; ")) == (
        0,
        True,
    )
    forged = text.replace(f"{5},2,68,", f"{5},2,65,")
    assert forged != text
    assert run("audit", "-", given_input=forged)[0] == BROKEN


def test_numbers_that_a_box_made_but_the_day_lacks_are_told(sqlite_engine):
    days = Days(sqlite_engine)
    box = days.boxes[0]
    for press in range(9):
        box.rate(4, 4, 900_000 + press)
    newest = len(box.entries)
    day = FIRST_DAY + datetime.timedelta(2)
    days.desk.now_ms += 24 * 3_600_000
    days.desk.take(box.journal(newest - 8, 950_000, 2), box.journal(newest - 3, 950_000))
    days.close(day + datetime.timedelta(1))
    url = days.engine.url.render_as_string(hide_password=False)
    text = run("prove", "--counter", "2", "--day", day.isoformat(), "--database", url)[1]
    outcome = run("audit", "-", given_input=text)[1]
    missing = f"{newest - 6} to {newest - 4} of {box.device}"
    assert f"all 6 entries of the counter, but not {missing}, received" in outcome


def test_bundles_hold_neither_keys_nor_exact_times(closed_days):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    text = run("prove", "--counter", "3", "--day", "2026-11-19", "--database", url)[1]
    entries = json.loads(text)["entries"]
    assert {len(entry) for entry in entries} == {9}
    assert all(entry[6] is None or entry[6] < 10**7 for entry in entries)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "is not DEVICE/INCARNATION/SEQ"),
        (["box-1-a/00/7"], "no entry box-1-a/00/7"),
        (["--counter", "3"], "say DEVICE/INCARNATION/SEQ, or --counter and --day"),
        (["--counter", "3", "--day", "2020-01-01"], "has no root for 2020-01-01"),
    ],
)
def test_what_cannot_be_proved_is_said_in_one_line(closed_days, arguments, words):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(main, ["prove", *arguments, "--database", url])
    assert done.exit_code in (1, 2)
    assert words in done.output


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"proves":"entry"}', "\n\n", "\x00"])
def test_what_is_no_bundle_has_an_exit_status_of_its_own(text):
    status, outcome = run("audit", "-", given_input=text)
    assert (status, outcome[:12]) == (UNREADABLE, "not a bundle")


def test_the_audit_needs_no_database_and_no_network(closed_days):
    url = closed_days.engine.url.render_as_string(hide_password=False)
    text = run("prove", "--counter", "3", "--day", "2026-11-19", "--database", url)[1]
    code = (
        "import sys\n"
        "from onedoor_hub.proof.audit import audit\n"
        "def refuse(event, _):\n"
        "    if event.startswith(('socket.', 'sqlite3.')) or event == 'open':\n"
        "        raise SystemExit(event)\n"
        "line = sys.stdin.buffer.read()\n"
        "sys.addaudithook(refuse)\n"
        "print(audit(line).status, sorted({'sqlalchemy', 'flask', 'paho'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0 []\n", "")
