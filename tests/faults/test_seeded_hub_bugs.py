"""The faults' tests are worth something: each of these bugs, put into a copy of the hub on purpose,
is caught by one of them. Those of the box's journal stand in test_seeded_journal_bugs.py."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.faults import counts
from tests.faults.test_powercut import ROOT

KILLED = "test_killed_hub.py::test_no_rating_is_lost_or_doubled_while_the_hub_is_killed"
POWER_CUT = "test_power_cut_of_the_hub.py"
FORGERIES = "test_forgeries.py::test_nothing_a_stranger_sends_changes_what_is_stored"
FUZZ = "test_fuzz.py"
CLOCKS = "test_clock_jumps.py"
AMQTT = "test_killed_broker.py::test_no_rating_is_lost_or_doubled_while_amqtt_is_killed"
QUICK = (POWER_CUT, FORGERIES)

WRITER, LEDGER, GATE = "ingest/writer.py", "ingest/ledger.py", "ingest/gate.py"

# name: (the test that catches it, [(file, text that is there once, text put in its place)])
BUGS = {
    "acknowledges before the commit": (
        KILLED,
        [
            (
                WRITER,
                "refused, now_ms)\n        if frozen:",
                "refused, now_ms)\n"
                "            for topic, payload in answers:\n"
                "                self._answer(topic, payload)\n"
                "        if frozen:",
            )
        ],
    ),
    "commits without a flush": (
        POWER_CUT,
        [("store/engine.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL")],
    ),
    "skips the MAC": (
        FORGERIES,
        [(GATE, "if not hmac.compare_digest(", "if False and hmac.compare_digest(")],
    ),
    "accepts a revoked box": (
        FORGERIES,
        [(GATE, 'if device.status == "revoked":', "if False:")],
    ),
    "skips the chain": (
        FUZZ,
        [
            (LEDGER, "if previous != stream.contiguous_chain:", "if False:"),
            (LEDGER, "elif before is not None and before.chain != previous:", "elif False:"),
        ],
    ),
    "stores a message again that comes again": (
        KILLED,
        [
            (LEDGER, "            if row is None:\n", "            if True:\n"),
            ("store/entries.py", 'f"INSERT INTO', 'f"REPLACE INTO'),
        ],
    ),
    "tallies outside the transaction": (
        KILLED,
        [
            (LEDGER, "        self._tallies.write(self._connection)\n", ""),
            (
                WRITER,
                "        self._count(ledger, taken, refused)\n",
                "        with self._engine.begin() as connection:\n"
                "            ledger._tallies.write(connection)\n"
                "        self._count(ledger, taken, refused)\n",
            ),
        ],
    ),
    "acknowledges the highest entry over a gap": (
        KILLED,
        [
            (
                LEDGER,
                "return stream.contiguous_seq if stream else 0",
                "return stream.highest_seq if stream else 0",
            )
        ],
    ),
    "takes no note of a gap": (
        KILLED,
        [
            (
                LEDGER,
                "self._gaps.found(stream, stream.highest_seq + 1, first - 1, prev, now_ms)",
                "pass",
            )
        ],
    ),
    "believes its old clock after it was set": (
        CLOCKS,
        [
            (
                "ingest/timing.py",
                "return seen if clock.contradicts_itself() else clock",
                "return clock",
            )
        ],
    ),
    "stumbles over broken UTF-8": (FUZZ, [("ingest/strict.py", "UnicodeDecodeError, ", "")]),
    "tells a box what another one said": (
        AMQTT,
        [("broker/embedded.py", "if any(one is session", "if True or any(one is session")],
    ),
}
# In ``make test`` only those that are found within seconds.
TAKEN = {name: bug for name, bug in BUGS.items() if counts.FULL or bug[0] in QUICK}


def run(tests, folder):
    """The finished run of some of the faults' tests, with the packages in ``folder``."""
    environment = os.environ | {"PYTHONPATH": str(folder), "ONEDOOR_FAULTS": "tiny"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    paths = [str(ROOT / "tests" / "faults" / test) for test in tests]
    command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", *paths]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path):
    """A folder with a copy of the hub's package, which comes first on the path."""
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hub" / "onedoor_hub", tmp_path / "onedoor_hub", ignore=without)
    return tmp_path


@pytest.mark.parametrize("name", TAKEN)
def test_this_bug_of_the_hub_is_caught(name, copy):
    test, changes = BUGS[name]
    for file, there, instead in changes:
        path = copy / "onedoor_hub" / file
        text = path.read_text()
        assert text.count(there) == 1, f"the seeded bug no longer fits {file}"
        path.write_text(text.replace(there, instead))
    done = run([test], copy)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr
    print(name + ":", *[line for line in done.stdout.splitlines() if line.startswith("E ")][:3])


def test_without_a_bug_nothing_is_caught_in_the_hub(copy):
    done = run(sorted({test for test, _ in TAKEN.values()}), copy)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
