"""Packet loss, delay, cut cables and half-open connections, each on a cable of its own between
boxes and the broker: nothing is lost and nothing doubled."""

import random
import threading
import time

import pytest
from onedoor_hub.broker.accounts import device_passwords
from onedoor_hub.store import schema
from onedoor_protocol import chain
from sqlalchemy import func, select

from tests.faults import counts
from tests.faults.whole import check_whole
from tests.support.box import bench_box
from tests.support.cables import Namespaced, namespaces_work
from tests.support.centre import add_box
from tests.support.flock import Flock, Manner
from tests.support.mosquitto import Mosquitto
from tests.support.ports import wait_until
from tests.support.proxied import Proxied

FAULTS = (
    "loss 1 %",
    "loss 10 %",
    "loss 30 %",
    "delay 0.1 s",
    "delay 2 s",
    "cut",
    "half open",
    "deaf",
)
LONGEST_CUT_S = 30 if counts.FULL else 4
# As patient as a box: 5 s of silence, and more than twice the longest way there and back.
PATIENT = Manner(silence_s=5, keepalive_s=6, pause_s=0.5, sizes=(1, 1, 8))
# With real firmware, by the number of the cable.
REAL_BOXES = {2: "loss 30 %", 5: "cut"}
KINDS = {"namespaces": Namespaced, "TCP proxy": Proxied}


@pytest.fixture
def cables(request):
    cables = KINDS[request.param](counts.CABLE_FAULTS)
    cables.start()
    yield cables
    cables.close()


class Citizen(threading.Thread):
    """Presses a real box's buttons and counts the thanks."""

    def __init__(self, box):
        super().__init__(daemon=True)
        self.box = box
        self.thanks = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(1.7):  # the box takes a press after 1.5 s
            self.box.press(self.thanks % 4)
            self.thanks += self.box.wait_for_light(2)
            self.box.wait_for_dark()


def worsen(cable, fault, chance):
    """Begin a fault; the seconds it lasts, None for all the time."""
    what, _, much = fault.partition(" ")
    if what == "loss":
        cable.loss = int(much.split()[0]) / 100
    elif what == "delay":
        cable.delay_s = float(much.split()[0])
    elif what == "deaf":
        cable.deaf = True
        return chance.uniform(1, LONGEST_CUT_S)
    else:
        cable.cut = True
        return chance.uniform(1, LONGEST_CUT_S)
    return None


def live_through(cables, flock, seconds, chance):
    """Let ratings flow while each cable has its fault, until the last cut is mended."""
    began_s = time.monotonic()
    mended_s = {}
    for number, cable in enumerate(cables.cables):
        fault = FAULTS[number % len(FAULTS)]
        lasts_s = worsen(cable, fault, chance)
        if lasts_s is not None:
            mended_s[number] = began_s + lasts_s
        if fault == "half open":
            flock.make(20)
            flock.vanish(number)
    while time.monotonic() < began_s + seconds:
        flock.make(2 * len(cables.cables))
        time.sleep(0.5)
        for number in [one for one, at_s in mended_s.items() if time.monotonic() > at_s]:
            cables.cables[number].heal()
            del mended_s[number]


def check_met(cables):
    """Each cable did to packets what it was meant to do."""
    for number, cable in enumerate(cables.cables):
        fault = FAULTS[number % len(FAULTS)]
        met = cable.held if fault.startswith("delay") else cable.lost
        assert met > 0 or fault == "loss 1 %", fault
    assert sum(cable.lost for cable in cables.cables[::8]) > 0 or not counts.FULL


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "cables", ["namespaces" if namespaces_work() else "TCP proxy"], indirect=True
)
def test_no_rating_is_lost_or_doubled_over_bad_cables(
    cables, sqlite_engine, tmp_path, ingest_of, record_property
):
    """All at once: each cable with its fault, boxes on paper on all and real ones on two."""
    chance = random.Random(20_261_123)
    devices = [add_box(sqlite_engine, counter=1 + n % 5) for n in range(len(cables.cables))]
    real = {number: add_box(sqlite_engine, counter=9) for number in REAL_BOXES}
    broker = Mosquitto(tmp_path / "broker", before=cables.before, listen=cables.listen)
    broker.allow(device_passwords(sqlite_engine))
    broker.start()
    url = sqlite_engine.url.render_as_string()
    ingest = ingest_of(url, broker.address, before=cables.before)
    ingest.start()
    addresses = [cables.address(n, broker.port) for n in range(len(devices))]
    flock = Flock(devices, addresses, manner=PATIENT)
    flock.start()
    citizens = []
    for number, device in real.items():
        box = bench_box(device, broker.port, tmp_path / device.device)
        host, port = addresses[number]
        box.config["broker"] |= {"host": host, "port": port}
        box.start()
        citizens.append(Citizen(box))
        citizens[-1].start()
    try:
        flock.make(3 * len(devices))
        wait_until(lambda: flock.waiting == 0, 30, "the first ratings over good cables")
        live_through(cables, flock, LONGEST_CUT_S + 4, chance)
        check_met(cables)
        for cable in cables.cables:
            cable.heal()
        for citizen in citizens:
            citizen.done.set()
            citizen.join()
        wait_until(lambda: flock.waiting == 0, 90, "every rating is acknowledged")
        thanks = sum(citizen.thanks for citizen in citizens)
        wait_until(lambda: real_ratings(sqlite_engine) >= thanks, 60, "the real boxes' ratings")
    finally:
        for citizen in citizens:
            citizen.box.stop()
        flock.stop()
        ingest.close()
        broker.stop()
    assert flock.complaints() == []
    assert thanks > 0
    ratings = check_whole(sqlite_engine, devices, others=thanks)
    figures = {
        "cables": len(cables.cables),
        "packets": sum(one.passed + one.held for one in cables.cables),
        "lost": sum(one.lost for one in cables.cables),
        "ratings": ratings,
        "of_real_boxes": thanks,
    }
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    for name, value in figures.items():
        record_property(name, value)


def real_ratings(engine):
    with engine.begin() as connection:
        return connection.scalar(
            select(func.count())
            .select_from(schema.entry)
            .where(schema.entry.c.counter == 9, schema.entry.c.kind == chain.KIND_RATING)
        )
