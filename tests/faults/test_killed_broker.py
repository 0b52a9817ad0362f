"""SIGKILL of the broker while ratings flow. Its memory and its files may be lost: it has no part
in the promise."""

import random
import time

import pytest
from onedoor_hub.broker.accounts import HUB_USER, hub_secret
from onedoor_hub.broker.client import Address

from tests.faults import counts
from tests.faults.whole import check_whole
from tests.support.centre import add_box
from tests.support.flock import Manner
from tests.support.ports import free_port, wait_until

BOXES = 6
SINGLES = Manner(sizes=(1,))
A_KILL = 60  # ratings


def killed_again_and_again(kill, start, flock, kills, seed):
    """Kill the broker whenever ratings flow; every rating arrives in the end."""
    chance = random.Random(seed)
    flock.start()
    flock.make(A_KILL)
    wait_until(lambda: flock.waiting == 0, counts.PATIENCE_S, "the first ratings")
    flock.reboot()  # back while others have told their states
    wait_until(lambda: flock.waiting == 0, counts.PATIENCE_S, "the boot entry")
    met = 0
    for _ in range(kills):
        flock.make(A_KILL)
        time.sleep(chance.uniform(0.01, 0.04))
        met += flock.under_way > 0
        kill()
        flock.make(A_KILL)
        start()
        wait_until(
            lambda: flock.waiting < A_KILL, counts.PATIENCE_S, "ratings flow through the new broker"
        )
    wait_until(lambda: flock.waiting == 0, counts.PATIENCE_S, "every rating is acknowledged")
    flock.stop()
    assert flock.complaints() == []
    assert met >= kills // 2, "hardly a kill met a rating on its way"
    print(f"kills {kills}, met {met} with ratings on their way")


@pytest.mark.timeout(400)
def test_no_rating_is_lost_or_doubled_while_mosquitto_is_killed(
    sqlite_engine, mosquitto, centre_of, ingest_of, make_flock
):
    devices = centre_of(sqlite_engine, BOXES)
    ingest = ingest_of(sqlite_engine.url.render_as_string(), mosquitto.address)
    ingest.start()
    flock = make_flock(devices, mosquitto.port, manner=SINGLES)
    kills = counts.KILLS_OF_MOSQUITTO
    killed_again_and_again(mosquitto.kill, mosquitto.start, flock, kills, 1)
    assert check_whole(sqlite_engine, devices) == A_KILL * (2 * kills + 1)


@pytest.mark.timeout(400)
def test_no_rating_is_lost_or_doubled_while_amqtt_is_killed(
    sqlite_engine, tmp_path, make_lives, ingest_of, make_flock
):
    """The product's embedded broker, in a process of its own so that only it is killed."""
    devices = [add_box(sqlite_engine, counter=1 + number % 3) for number in range(BOXES)]
    url, port = sqlite_engine.url.render_as_string(), free_port()
    broker = make_lives("tests.support.broker_process", port, url, tmp_path)
    broker.start()
    ingest = ingest_of(url, Address("127.0.0.1", port, HUB_USER, hub_secret(tmp_path)))
    ingest.start()
    flock = make_flock(devices, port, seed=2, manner=SINGLES)
    kills = counts.KILLS_OF_AMQTT
    killed_again_and_again(broker.kill, broker.start, flock, kills, 2)
    assert check_whole(sqlite_engine, devices) == A_KILL * (2 * kills + 1)
