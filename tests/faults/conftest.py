"""A centre for the faults: boxes on paper, known to the hub and to its broker."""

import pytest
from onedoor_hub.broker.accounts import device_passwords

from tests.support.centre import add_box
from tests.support.flock import Flock
from tests.support.lives import Lives

INGEST = "tests.support.ingest_process"


@pytest.fixture
def make_lives(tmp_path):
    """Makes the lives of a module; what lives at the end of the test is ended."""
    made = []

    def make(module, *arguments, before=()):
        log = tmp_path / f"lives-{len(made)}.log"
        made.append(Lives(module, [str(one) for one in arguments], log, before))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def make_flock():
    """Makes a flock at one address, not yet started."""
    flocks = []

    def make(devices, port, **more):
        flock = Flock(devices, [("127.0.0.1", port)] * len(devices), **more)
        flocks.append(flock)
        return flock

    yield make
    for flock in flocks:
        if flock.is_alive():
            flock.stop()


@pytest.fixture
def centre_of(mosquitto):
    """Adds boxes to a database and lets them into Mosquitto, which is started."""

    def add(engine, boxes=10):
        devices = [add_box(engine, counter=1 + number % 5) for number in range(boxes)]
        mosquitto.allow(device_passwords(engine))
        mosquitto.start()
        return devices

    return add


@pytest.fixture
def ingest_of(make_lives):
    """Makes the lives of an ingest: (database URL, broker's address)."""

    def make(url, address, before=()):
        words = (url, address.host, address.port, address.user, address.password)
        return make_lives(INGEST, *words, before=before)

    return make
