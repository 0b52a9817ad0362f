"""SIGKILL of the hub while ratings flow: at any moment, and at each place in a transaction."""

import random
import subprocess
import sys

import pytest
from onedoor_hub.store.engine import migrate, open_engine

from tests.faults import counts
from tests.faults.whole import check_whole
from tests.support.flock import Manner
from tests.support.hub import HubProcess
from tests.support.ports import wait_until

BOXES = 10
HASTY = Manner(silence_s=0.15)


# Half of the lives are ended from outside, at any moment; the others inside a transaction, at its
# commit, or between commit and acknowledgement.
FATES = ("", ("commit", 12), "", ("statement", 150), ("answer", 20), ("commit", 6))


def next_fate(number, chance) -> str:
    fate = FATES[number % len(FATES)]
    return f"{fate[0]} {chance.randint(1, fate[1])}" if fate else ""


def killed_again_and_again(ingest, flock, kills, ratings, seed):
    """End an ingest ``kills`` times while a flock sends ``ratings``; how often they were on their
    way."""
    chance = random.Random(seed)
    met = 0
    flock.start()
    for number in range(kills):
        new = ratings * (number + 1) // kills - ratings * number // kills
        flock.make(new // 2)  # while there is no hub
        before = flock.waiting
        fate = next_fate(number, chance)
        alive = ingest.start(fate)
        flock.make(new - new // 2)  # overtake those that wait, which makes gaps
        if alive and not ingest.ended(0.8 if fate else chance.uniform(0.02, 0.4)):
            ingest.kill()
        met += flock.under_way > 0 or flock.waiting < before + new - new // 2
        if number % 10 == 9:
            flock.reboot()
    ingest.start()
    wait_until(lambda: flock.waiting == 0, counts.PATIENCE_S, "every rating is acknowledged")
    flock.stop()
    ingest.kill()
    assert flock.complaints() == []
    return met


def report(record_property, flock, **figures):
    figures |= {"sent_again": flock.sent_again}
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    for name, value in figures.items():
        record_property(name, value)


@pytest.mark.timeout(400)
def test_no_rating_is_lost_or_doubled_while_the_hub_is_killed(
    sqlite_engine, mosquitto, centre_of, ingest_of, make_flock, record_property
):
    """Tally, recount and what was pressed are the same number, and ``verify`` finds nothing."""
    devices = centre_of(sqlite_engine, BOXES)
    flock = make_flock(devices, mosquitto.port, manner=HASTY)
    url = sqlite_engine.url.render_as_string(hide_password=False)
    ingest = ingest_of(url, mosquitto.address)
    kills, ratings = counts.KILLS_OF_INGEST, counts.RATINGS_MEANWHILE
    met = killed_again_and_again(ingest, flock, kills, ratings, 20_261_123)
    assert met >= kills * 3 // 4, "hardly a kill met a rating on its way"
    assert flock.sent_again > 0
    assert check_whole(sqlite_engine, devices) == ratings
    command = [sys.executable, "-m", "onedoor_hub", "verify", "--database", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:3]) == (0, "ok:"), done.stdout + done.stderr
    report(record_property, flock, kills=kills, met_ratings=met, ratings=ratings)


@pytest.mark.timeout(120)
def test_no_rating_is_lost_or_doubled_on_postgresql_while_the_hub_is_killed(
    postgres, mosquitto, centre_of, ingest_of, make_flock, record_property
):
    engine = open_engine(postgres.new_database())
    migrate(engine)
    devices = centre_of(engine, BOXES)
    flock = make_flock(devices, mosquitto.port, seed=2, manner=HASTY)
    url = engine.url.render_as_string(hide_password=False)
    ingest = ingest_of(url, mosquitto.address)
    kills = counts.KILLS_ON_POSTGRESQL
    killed_again_and_again(ingest, flock, kills, 100 * kills, 7)
    assert check_whole(engine, devices) == 100 * kills
    report(record_property, flock, kills=kills, ratings=100 * kills)
    engine.dispose()


@pytest.mark.timeout(240)
def test_no_rating_is_lost_or_doubled_while_the_whole_hub_is_killed(
    tmp_path, mosquitto, centre_of, make_flock, record_property
):
    """``onedoor hub`` as its users run it, pages, web server and all."""
    hub = HubProcess(tmp_path, mosquitto.url)
    devices = centre_of(hub.engine, BOXES)
    flock = make_flock(devices, mosquitto.port, seed=3)
    flock.start()
    chance = random.Random(3)
    kills = counts.KILLS_OF_HUB
    try:
        for _ in range(kills):
            flock.make(300)
            hub.start()
            wait_until(lambda: flock.waiting < 250, 20, "ratings flow")
            flock.make(chance.randint(1, 300))
            wait_until(lambda: flock.waiting < chance.randint(50, 300), 20)
            hub.kill()
        hub.start()
        wait_until(lambda: flock.waiting == 0, counts.PATIENCE_S, "every rating is acknowledged")
    finally:
        hub.stop()
    flock.stop()
    assert flock.complaints() == []
    ratings = check_whole(hub.engine, devices)
    report(record_property, flock, kills=kills, ratings=ratings)
