"""The board's start: flash that holds something is never formatted."""

import json

import pytest

from tests.faults.test_powercut import on_micropython


def started(state):
    done = on_micropython("boot.py", state, heap="2m")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("state", ["blank", "cut"])
def test_a_new_chip_is_formatted_and_a_format_cut_short_is_repeated(state):
    found = started(state)
    assert (found["fault"], found["touched"], found["writes"]) == (None, True, 5)


def test_a_journal_is_mounted_as_it_is():
    found = started("journal")
    assert (found["fault"], found["journal"]) == (None, True)


@pytest.mark.parametrize("state", ["spoilt", "foreign"])
def test_flash_that_cannot_be_mounted_is_left_alone_and_the_board_goes_on_in_ram(state):
    found = started(state)
    assert not found["touched"]
    assert "flash cannot be mounted" in found["fault"]
    assert found["writes"] == 5
