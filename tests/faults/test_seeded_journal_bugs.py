"""The journal's tests are worth something: each of these bugs, put in on purpose, is caught."""

import shutil
import subprocess

import pytest
from onedoor_hub.interpreter import micropython

from tests.faults.test_powercut import ROOT, on_micropython
from tests.portable.test_journal import CASES

PORTABLE = ROOT / "tests" / "portable"

# name: (file, text that is there once, text put in its place)
BUGS = {
    "forgets the flush of every other entry": (
        "hot.py",
        "        self._store.rewrite(_NAME,",
        "        if self.count % 2:\n            self._store.rewrite(_NAME,",
    ),
    "skips the CRC of a record": (
        "records.py",
        "!= crc16(buffer, offset, offset + 10):",
        "!= crc16(buffer, offset, offset + 10) and False:",
    ),
    "reuses the numbers of lost entries": (
        "journal.py",
        "after = start.first + HOT_RECORDS",
        "after = start.first",
    ),
    "deletes a segment at its first acknowledgement": (
        "segments.py",
        "self.empty or end > acked",
        "self.empty or self.first > acked",
    ),
    "forgets a hot entry before its acknowledgement": (
        "journal.py",
        "self.acked_seq - self._hot.start.first + 1)",
        "self.acked_seq - self._hot.start.first + 2)",
    ),
    "loses the chain when the hot file moves on": (
        "hot.py",
        "        self.start.prev = prev\n",
        "",
    ),
    "counts no boots": ("journal.py", "self.boot += 1", "self.boot += 0"),
    "drops hot entries without sealing them": (
        "segments.py",
        "            self._store.write_at(_name(index), place, new)\n",
        "",
    ),
    "believes an acknowledgement of entries never made": (
        "journal.py",
        "if seq > self.last_seq:",
        "if False:",
    ),
    "overwrites when full": (
        "journal.py",
        "else _RESERVE_BYTES):\n                self._refuse(kind)",
        "else _RESERVE_BYTES):\n                hot.drop(1)",
    ),
    "begins a new journal when the hot file is lost": (
        "journal.py",
        "elif newest is not None:",
        "elif False:",
    ),
    "takes the journal of another device": (
        "records.py",
        "crc32(device, crc32(",
        "crc32(b'', crc32(",
    ),
    "takes an empty new segment for a damaged one": (
        "segments.py",
        "if self._store.size(_name(best)):",
        "if True:",
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_this_bug_is_caught(name, tmp_path):
    file, there, instead = BUGS[name]
    shutil.copytree(ROOT / "firmware" / "onedoor_device", tmp_path / "onedoor_device")
    text = (tmp_path / "onedoor_device" / file).read_text()
    assert text.count(there) == 1, "the seeded bug no longer fits the code"
    (tmp_path / "onedoor_device" / file).write_text(text.replace(there, instead))
    assert cuts_find(tmp_path) or cases_find(tmp_path)


def test_without_a_bug_nothing_is_caught():
    assert not cuts_find(ROOT / "firmware")
    assert not cases_find(ROOT / "firmware")


def cuts_find(firmware):
    """Whether the power cuts find the journal in a firmware folder wrong."""
    return on_micropython("cuts.py", "short", 2, "swap", firmware=firmware).returncode != 0


def cases_find(firmware):
    """Whether the portable cases find the journal in a firmware folder wrong."""
    for program, name in CASES:
        folders = [str(ROOT / "protocol"), str(firmware), "unused"]
        command = [str(micropython()), str(PORTABLE / program), *folders, name]
        if name != "a_directory_keeps_the_journal":
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
            if done.returncode:
                return True
    return False
