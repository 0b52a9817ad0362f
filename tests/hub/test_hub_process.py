"""``onedoor hub`` as a process: it serves, ends when told to, and leaves nothing behind."""

import os
import signal
import socket
import time
import urllib.request

import pytest

from tests.support.brokers import Box
from tests.support.centre import add_box, rated
from tests.support.hub import HubProcess
from tests.support.ports import listening, wait_until


@pytest.fixture
def hub(tmp_path):
    hub = HubProcess(tmp_path)
    yield hub
    hub.kill()
    hub.engine.dispose()


def children(pid: int) -> list[int]:
    """Ids of a process's children."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def group(pid: int) -> list[int]:
    """Ids of the processes that live in a process group."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[2]) == pid and fields[0] != "Z":
                found.append(int(name))
    return found


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_hub_in_seconds_even_with_an_open_page_and_a_box(hub, signal_):
    box = add_box(hub.engine)
    hub.start()
    device = Box(hub.broker_port, box)
    device.say(box.state(1_000))
    wait_until(lambda: device.acknowledged() == 0)
    page = urllib.request.urlopen(hub.url + "/events?centre=vientiane", timeout=10)
    with page:
        assert page.status == 200
        device.say(box.journal(1, 2_000))
        wait_until(lambda: device.acknowledged() == 1)
        assert sorted(group(hub.pid)) == sorted([hub.pid, *children(hub.pid)])
        started_s = time.monotonic()
        os.kill(hub.pid, signal_)
        pid, status = hub.pid, hub.wait(10)
    assert status == 0, hub.log
    assert time.monotonic() - started_s < 6
    assert group(pid) == []
    assert not listening(hub.port)
    assert not listening(hub.broker_port)
    assert "Traceback" not in hub.log
    device.close()


def test_a_worker_that_is_killed_is_replaced_and_takes_the_rest(hub):
    """JRN-010: the box sends again what was not answered; nothing is counted twice."""
    box = add_box(hub.engine)
    box.rate(4, 4, 500)
    hub.start()
    device = Box(hub.broker_port, box)
    device.say(box.journal(1, 1_000))
    wait_until(lambda: device.acknowledged() == 2)
    (worker,) = children(hub.pid)
    os.kill(worker, signal.SIGKILL)
    assert device.lost.wait(10)
    wait_until(lambda: children(hub.pid) not in ([], [worker]), 20)
    wait_until(hub.healthy, 30)
    box.rate(3, 4, 1_500)
    again = Box(hub.broker_port, box)
    again.say(box.journal(1, 2_000))
    wait_until(lambda: again.acknowledged() == 3)
    assert rated(hub.engine) == 2
    again.close()
    device.close()
    assert hub.stop() == 0


def test_what_the_hub_writes_is_for_its_owners_eyes(hub):
    add_box(hub.engine)
    hub.start()
    names = {"hub.db", "hub.db-wal", "hub.db-shm", "hub.secret"}
    modes = {name: os.stat(hub.folder / name).st_mode & 0o777 for name in names}
    assert modes == dict.fromkeys(names, 0o600)
    assert f"http://127.0.0.1:{hub.port}/" in hub.log
    assert hub.stop() == 0


def test_a_port_that_is_taken_ends_the_command_with_one_line(hub):
    with socket.create_server(("127.0.0.1", hub.port)):
        hub.begin()
        assert hub.wait(30) == 1
    assert hub.log.strip().count("\n") == 0
    assert hub.log.startswith(f"Error: pages: cannot listen on 127.0.0.1:{hub.port}")
