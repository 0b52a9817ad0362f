"""50,000 ratings fit beside the firmware, and a Pico's heap is enough however many wait."""

import json

from tests.faults.test_powercut import on_micropython


def reopened(image):
    done = on_micropython("capacity.py", "open", image, 0, heap="190k")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def filled(image, count):
    done = on_micropython("capacity.py", "fill", image, count)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout)


def test_50000_ratings_wait_on_an_848_kib_flash_and_take_no_more_ram_than_20(tmp_path):
    few, full = tmp_path / "few.img", tmp_path / "full.img"
    assert filled(few, 20) == 20
    made = filled(full, 100000)
    assert made >= 50000
    with_few, with_full = reopened(few), reopened(full)
    assert with_full["entries"] == made + 2  # two boots
    assert with_full["held_bytes"] <= with_few["held_bytes"] + 256
    assert with_full["most_bytes"] <= 6000
    assert with_full["open_ms"] < 2000


def test_a_rating_costs_a_seventh_of_a_plain_appends_erases_and_a_fifteenth_with_a_hub():
    done = on_micropython("wear.py", 4000)
    assert done.returncode == 0, done.stdout + done.stderr
    costs = json.loads(done.stdout)
    assert costs["plain"]["erases"] > 1
    assert costs["offline"]["erases"] < costs["plain"]["erases"] / 7
    assert costs["online"]["erases"] < costs["plain"]["erases"] / 15
    # littlefs moves a directory on after 101 erases, so that wear spreads over all free blocks.
    assert costs["online"]["hottest"] <= 202
