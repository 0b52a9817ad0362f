"""The commands: what they do, and each mistake of a user as one line without a stack trace."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from onedoor_hub.broker.accounts import hub_secret
from onedoor_hub.cli import main
from onedoor_hub.store.engine import open_engine

from tests.support.brokers import House
from tests.support.centre import Desk, add_box, count
from tests.support.ports import free_port, wait_until


@pytest.fixture
def onedoor(tmp_path, monkeypatch):
    """Runs a command with its data in a folder of the test's own; ``ok=False``: it must fail."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEDOOR_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments, ok=True):
        done = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert (done.exit_code == 0) == ok, done.output
        assert "Traceback" not in done.output
        return done.output

    return run


def mistake(output: str) -> str:
    """The one line that tells of a mistake; click puts its usage before some."""
    lines = output.strip().splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1, output
    assert lines[-1] == errors[0], output
    return errors[0]


def test_a_device_is_added_listed_and_revoked(onedoor):
    added = onedoor("device", "add", "--centre", "vientiane", "--counter", 3)
    device = added.split()[1]
    assert added.startswith(f"added {device} at vientiane, counter 3\n")
    assert f"onedoor flash --device {device} --port" in added
    assert f"{device}  vientiane  counter 3  active  never seen\n" == onedoor("device", "list")
    assert onedoor("device", "revoke", device) == f"revoked {device}\n"
    assert "revoked (revoked by hand)" in onedoor("device", "list")


def test_added_devices_have_keys_of_their_own_which_are_not_printed(onedoor, tmp_path):
    from onedoor_hub.store import schema
    from sqlalchemy import select

    printed = "".join(
        onedoor("device", "add", "--centre", "vientiane", "--counter", 3) for _ in range(5)
    )
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'hub.db'}")
    with engine.begin() as connection:
        keys = [row.key for row in connection.execute(select(schema.device))]
    assert len(set(keys)) == 5
    assert {len(key) for key in keys} == {32}
    assert not any(key.hex() in printed for key in keys)
    assert count(engine, schema.counter) == 1
    assert (tmp_path / "data" / "hub.db").stat().st_mode & 0o777 == 0o600


def test_the_printed_command_finds_the_same_database(onedoor, tmp_path):
    flags = ("--data-dir", tmp_path / "an other")
    added = onedoor("device", "add", "--centre", "vientiane", "--counter", 3, *flags)
    command = shlex.split(added.splitlines()[-1])[1:]
    image = tmp_path / "box.img"
    place, host = command.index("--port"), command.index("HOST")
    command[place : place + 2], command[host] = ["--image", image], "10.0.0.2"
    assert onedoor(*command) == f"wrote {image}\n"


def test_a_key_is_printed_for_a_device_of_another_make(onedoor):
    device = onedoor("device", "add", "--centre", "vientiane", "--counter", 3).split()[1]
    key = onedoor("device", "key", device)
    assert re.fullmatch("[0-9a-f]{64}\n", key)
    assert "no device" in mistake(onedoor("device", "key", "box-9-zzzzzz", ok=False))


def test_the_certificate_names_what_arrived_and_what_is_missing(onedoor, tmp_path):
    onedoor("device", "list")
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'hub.db'}")
    box, silent = add_box(engine), add_box(engine, counter=4)
    for number in range(4):
        box.rate(4, 4, number)
    Desk(engine).take(box.journal(1, 5_000, 2), box.journal(5, 5_000))
    found = json.loads(onedoor("certificate", box.device))
    assert (found["received"], found["expected"]) == (3, 5)
    assert len(found["incarnations"][0]["gaps"]) == 1
    both = [json.loads(line) for line in onedoor("certificate").splitlines()]
    assert {one["device"]: one["received"] for one in both} == {box.device: 3, silent.device: 0}


def test_mosquitto_is_given_files_that_nobody_else_can_read(onedoor, tmp_path):
    device = onedoor("device", "add", "--centre", "vientiane", "--counter", 3).split()[1]
    said = onedoor("mosquitto", tmp_path / "broker", "--broker-port", 1884)
    assert f"mosquitto -c {tmp_path / 'broker' / 'mosquitto.conf'}" in said
    assert "onedoor hub --broker mqtt://HOST:1884" in said
    users = {
        line.split(":")[0] for line in (tmp_path / "broker" / "passwords").read_text().splitlines()
    }
    assert users == {device, "onedoor-hub", "onedoor-tail"}
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "broker").iterdir()}
    assert modes == {"mosquitto.conf": 0o600, "passwords": 0o600, "acl": 0o600}
    assert (tmp_path / "data" / "hub.secret").stat().st_mode & 0o777 == 0o600
    assert hub_secret(tmp_path / "data") not in (tmp_path / "broker" / "passwords").read_text()


def add(*more):
    return ("device", "add", "--centre", "vientiane", "--counter", "3", *more)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("device", "add", "--centre", "Vientiane!", "--counter", "3"),
            "'Vientiane!' is not an id",
        ),
        (("device", "add", "--centre", "v" * 33, "--counter", "3"), "is not an id"),
        (("device", "add", "--centre", "-v", "--counter", "3"), "'-v' is not an id"),
        (("device", "add", "--centre", "v", "--counter", "0"), "counter 0 is out of range: use 1"),
        (("device", "add", "--centre", "v", "--counter", "10000"), "use 1 to 9999"),
        (("device", "add", "--centre", "v", "--counter", "9" * 30), "use 1 to 9999"),
        (
            ("device", "add", "--centre", "v", "--counter", "three"),
            "'three' is not a valid integer",
        ),
        (("device", "add", "--counter", "3"), "Missing option '--centre'"),
        (add("--time-zone", "Mars/Olympus"), "time zone 'Mars/Olympus' is not known"),
        (add("--time-zone", "../../etc/passwd"), "is not known"),
        (add("--time-zone", ""), "time zone '' is not known"),
        (add("--centre-name", "x" * 121), "is too long: use 120 characters at most"),
        (("device", "revoke", "box-9-zzzzzz"), "no device 'box-9-zzzzzz': 'onedoor device list'"),
        (("certificate", "box-9-zzzzzz"), "no device 'box-9-zzzzzz'"),
        (("device", "list", "--data-dir", "/dev/null/x"), "/dev/null/x: Not a directory"),
        (("device", "list", "--data-dir", "/proc/none"), "/proc/none: No such file or directory"),
        (("device", "list", "--database", "mysql://h/d"), "use sqlite:////folder/file.db or"),
        (("device", "list", "--database", "nonsense"), "use sqlite:////folder/file.db or"),
        (("device", "list", "--config", "gone.toml"), "configuration file gone.toml is not there"),
        (("device", "list", "--config", "/"), "configuration file /: Is a directory"),
        (("device", "list", "--data-dir", "~nobody-here/x"), "no such home"),
        (("tail", "--broker", "http://h"), "is not 'embedded' or mqtt://"),
        (("tail", "--broker", "mqtt://h:port"), "is not 'embedded' or mqtt://"),
        (("tail", "--broker", "mqtt://[::1"), "is not 'embedded' or mqtt://"),
        (("tail", "--broker", "mqtt://user:s3cret@:1"), "mqtt://user:***@:1"),
        (("mosquitto", "/dev/null/x"), "/dev/null/x: Not a directory"),
        (("hub", "--broker", "mqtt://"), "is not 'embedded' or mqtt://"),
        (("hub", "--port", "0"), "port (flag --port): expected a whole number from 1 to 65535"),
        (("hub", "--port", "http"), "'http' is not a valid integer"),
        (("hub", "--host", "192.0.2.1"), "pages: cannot listen on 192.0.2.1:8000 (Cannot assign"),
        (("hub", "--host", "no.such.host.invalid"), "pages: cannot listen on no.such.host.invalid"),
        (("hub", "--database", "sqlite:////dev/null/hub.db"), "/dev/null: File exists"),
        (("helo",), "No such command 'helo'"),
    ],
)
def test_a_mistake_is_one_line(onedoor, arguments, said):
    assert said in mistake(onedoor(*arguments, ok=False))


def test_a_file_that_is_no_database_is_one_line_that_names_it(onedoor, tmp_path):
    path = tmp_path / "letter.db"
    path.write_text("a letter" * 1_000)
    said = mistake(onedoor("device", "list", "--database", f"sqlite:///{path}", ok=False))
    assert said == f"Error: database {path} cannot be used: file is not a database"


def test_a_configuration_that_is_wrong_is_one_line_that_says_where(onedoor, tmp_path):
    (tmp_path / "onedoor.toml").write_text("prot = 8000")
    assert "onedoor.toml: unknown setting 'prot'" in mistake(onedoor("device", "list", ok=False))


@pytest.mark.parametrize("flag", ["--port", "--broker-port"])
def test_a_port_in_use_is_one_line(onedoor, flag):
    ports = {"--port": free_port(), "--broker-port": free_port()}
    with socket.create_server(("127.0.0.1", ports[flag])):
        said = mistake(onedoor("hub", *sum(([k, v] for k, v in ports.items()), []), ok=False))
    what = {"--port": "pages", "--broker-port": "embedded broker"}[flag]
    assert said == (
        f"Error: {what}: cannot listen on 127.0.0.1:{ports[flag]} (Address already in use); "
        "choose another address or port, or stop what uses this one"
    )


class Tail:
    """``onedoor tail`` on a thread, its lines as they come."""

    def __init__(self, house, **named):
        from onedoor_hub.broker.client import Address
        from onedoor_hub.cli.tail import follow

        self.lines: list[str] = []
        self.error = ""
        address = house.address
        address = Address(
            address.host,
            named.get("port", house.port),
            named.get("user", address.user),
            named.get("password", address.password),
        )

        def run():
            try:
                follow(address, house.engine, self.lines.append)
            except OSError as error:
                self.error = str(error)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()


@pytest.fixture(params=["embedded", "mosquitto"])
def house(request, tmp_path):
    house = House(request.param, tmp_path)
    yield house
    house.close()


def test_tail_prints_what_passes_decoded_and_judged(house):
    box = add_box(house.engine)
    house.start()
    hub, device = house.hub(), house.box(box)
    tail = Tail(house)
    topic = f"onedoor/1/{box.centre}/{box.device}"

    def saw(text):
        device.say(box.state(5_000))  # until tail's subscription stands
        return any(text in line for line in tail.lines)

    wait_until(lambda: saw('"online":1'))
    device.say(box.journal(1, 5_000))
    device.send(f"{topic}/journal", b"junk")
    hub.send("onedoor/1/x/stranger/state", b"\x1b[2J")
    hub.send("onedoor/1/X/ວຽງຈັນ/state", b"")
    wait_until(lambda: len([line for line in tail.lines if '"online"' not in line]) == 4)
    text = "\n".join(tail.lines)
    assert f'{topic}/journal {{"inc":"{box.incarnation.hex()}","boot":1,"now":5000' in text
    assert f"'{topic}/journal' REFUSED envelope at payload" in text
    assert "onedoor/1/x/stranger/state UNKNOWN DEVICE b'\\x1b[2J'" in text
    assert "REFUSED topic at" in text
    assert text.replace("\n", "").isprintable()
    assert not hub.lost.is_set()  # it did not take the hub's place
    second = Tail(house)
    tail.thread.join(10)  # one connection a client id: the newer one wins, the older one says so
    assert "is another 'onedoor tail' running?" in tail.error
    tail = second
    wait_until(lambda: saw('"online":1'))
    house.kill()
    second.thread.join(10)
    assert "ended the connection" in second.error


def test_tail_says_why_it_cannot(house):
    house.start()
    refused = Tail(house, password="wrong")
    refused.thread.join(10)
    assert refused.error == f"broker 127.0.0.1:{house.port} refuses: Not authorized"
    absent = Tail(house, port=free_port())
    absent.thread.join(10)
    assert "Connection refused" in absent.error


def test_a_reader_who_has_enough_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "onedoor_hub", "settings"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert done.stderr == ""


def test_every_command_explains_itself(onedoor):
    for name, command in main.commands.items():
        assert command.help, name
        assert "Usage: " in onedoor(name, "--help")
    assert Path.cwd().exists()
