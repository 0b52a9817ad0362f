"""`onedoor flash`: what goes on a Pico starts, and what goes wrong is said in one line."""

import os
import pty
import threading

import pytest
from littlefs import LittleFS
from onedoor_device import config
from onedoor_hub import firmware, flash
from onedoor_hub.bench import BenchBox
from onedoor_hub.firmware import compile_into
from onedoor_hub.interpreter import micropython

from tests.firmware.fake_pico import FakePico
from tests.firmware.hub_double import CENTRE, DEVICE, KEY


@pytest.fixture
def image_of(tmp_path):
    def make(config):
        path = tmp_path / "box.img"
        flash.write_image(config, path)
        return path

    return make


def test_a_box_runs_from_its_image_up_to_an_acknowledged_rating(image_of, broker, hub, tmp_path):
    """Compiled for the Pico, mounted by MicroPython's own littlefs, nothing else on the path."""
    config = flash.configuration(DEVICE, CENTRE, KEY, f"127.0.0.1:{broker.port}", "ssid", "secret")
    image = image_of(config)
    with BenchBox(config, tmp_path / "box", image=image) as box:
        assert hub.wait(lambda: hub.online() and hub.entries), box.console()
        box.press("fair")
        assert box.wait_for_light(), box.console()
        assert hub.wait(lambda: hub.values() == [(2, 4)])
        box.kill()  # the journal is in the image: after a power cut it goes on
        box.start()
        assert hub.wait(lambda: hub.newest("state")["boot"] == 2), box.console()
        assert hub.newest("state")["seq"] == 3
    assert not (tmp_path / "box" / "state").exists(), "the box wrote outside its image"


def test_the_image_is_a_pico_ws_file_system_and_private(image_of):
    """RPI_PICO_W: 848 KiB at 0x1012C000. The image holds a key."""
    path = image_of(flash.configuration(DEVICE, CENTRE, KEY, "10.0.0.2"))
    assert path.stat().st_size == 848 * 1024
    assert flash.IMAGE_ADDRESS == 0x1012C000
    assert path.stat().st_mode & 0o077 == 0


def test_every_device_file_compiles_and_only_main_stays_source(tmp_path):
    made = {path.relative_to(tmp_path).as_posix() for path in compile_into(tmp_path)}
    assert {"main.py", "board.mpy", "link.mpy", "pins.mpy", "umqtt/simple.mpy"} <= made
    assert {"onedoor_device/device.mpy", "onedoor_protocol/codec.mpy"} <= made
    assert [name for name in made if name.endswith(".py")] == ["main.py"]


def test_main_is_copied_last(tmp_path):
    """A copy that is cut short leaves nothing that starts."""
    files = flash.build_tree(flash.configuration(DEVICE, CENTRE, KEY, "10.0.0.2"), tmp_path)
    assert files[-1].name == "main.py"
    assert "config.json" in [file.name for file in files[:-1]]


@pytest.mark.parametrize(
    "address", ["", ":1883", "hub:x", "hub:0", "hub:65536", "hub:\u00b2", "a hub"]
)
def test_a_wrong_broker_address_is_refused(address):
    with pytest.raises(flash.FlashError, match=r"HOST\[:PORT\]"):
        flash.configuration(DEVICE, CENTRE, KEY, address)


@pytest.mark.parametrize(("light", "one_light"), [("each", False), ("status", True)])
def test_a_box_is_told_whether_it_has_one_light(light, one_light):
    written = flash.configuration(DEVICE, CENTRE, KEY, "10.0.0.2", light=light)
    assert config.parse(written, ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10), 11)).one_light is one_light


def test_a_flashed_pico_runs_and_keeps_its_journal(tmp_path, broker, hub):
    """Copied by mpremote into a littlefs, main.py last, restarted; then run from there."""
    program = micropython()
    assert program is not None
    pico = FakePico(program, tmp_path / "pico")
    config = flash.configuration(DEVICE, CENTRE, KEY, f"127.0.0.1:{broker.port}", "ssid", "secret")
    try:
        former = flash.flash_port(config, pico.port)
    finally:
        pico.close()
    assert former == ""
    assert pico.restarts == 2, "once without the old program, whose watchdog would bite"
    removed = next(i for i, line in enumerate(pico.programs) if "os.remove('main.py')" in line)
    assert removed < next(i for i, line in enumerate(pico.programs) if "'wb'" in line)
    writes = [line for line in pico.programs if "'wb'" in line]
    assert "main.py" in writes[-1], "a copy that is cut short starts nothing"
    with mounted(pico.image).open("state/hot", "rb") as file:
        assert file.read() == b"entries"
    with BenchBox(config, tmp_path / "box", image=pico.image) as box:
        assert hub.wait(lambda: hub.online() and hub.entries), box.console()


def mounted(image):
    """The file system in an image."""
    found = LittleFS(block_size=4096, block_count=212, prog_size=256, read_size=32, mount=False)
    found.context.buffer[:] = image.read_bytes()
    found.mount()
    return found


def flashed_again(image_of, before, config, folder):
    """The image of a box that was ``before``, took one press, and is flashed as ``config``.

    Also what ``flash_port`` told.
    """
    image = image_of(flash.configuration(before, CENTRE, KEY, "127.0.0.1:1", "ssid", "secret"))
    with BenchBox(config, folder / "before", image=image) as box:
        box.press("poor")
        assert box.wait_for_light(), box.console()
    program = micropython()
    assert program is not None
    pico = FakePico(program, folder / "pico", image)
    try:
        return pico.image, flash.flash_port(config, pico.port)
    finally:
        pico.close()


def test_ratings_that_wait_for_the_hub_survive_a_new_flash_of_the_same_device(
    image_of, broker, hub, tmp_path
):
    """ENT-004: a new address of the broker must cost nobody's answer."""
    config = flash.configuration(DEVICE, CENTRE, KEY, f"127.0.0.1:{broker.port}", "ssid", "secret")
    image, former = flashed_again(image_of, DEVICE, config, tmp_path)
    assert former == ""
    with BenchBox(config, tmp_path / "after", image=image) as box:
        assert hub.wait(lambda: len(hub.entries) == 3), box.console()
    assert hub.values() == [(1, 4)]
    assert hub.newest("state")["boot"] == 2


def test_nothing_of_another_device_stays_on_a_board(image_of, broker, hub, tmp_path):
    """Its journal has another key; its configuration's revision would outbid the new one's."""
    config = flash.configuration(DEVICE, CENTRE, KEY, f"127.0.0.1:{broker.port}", "ssid", "secret")
    image, former = flashed_again(image_of, "pakse-7", config, tmp_path)
    assert former == "pakse-7"
    assert "state" not in mounted(image).listdir("/")
    with BenchBox(config, tmp_path / "after", image=image) as box:
        assert hub.wait(lambda: hub.online() and hub.entries), box.console()
    assert [(boot, entry[0]) for boot, entry in hub.entries.values()] == [(1, 1)]


def test_a_missing_port_is_named():
    with pytest.raises(flash.FlashError, match=r"no port /dev/ttyNOPE.*plug the Pico in"):
        flash.flash_port({}, "/dev/ttyNOPE")


def test_a_board_without_micropython_is_told_apart():
    """Something that is a serial port and answers, but not as MicroPython does."""
    ours, theirs = pty.openpty()

    def answer():
        try:
            while data := os.read(ours, 100):
                os.write(ours, b"?" * len(data))
        except OSError:
            return

    threading.Thread(target=answer, daemon=True).start()
    try:
        with pytest.raises(flash.FlashError, match=r"no MicroPython answers on .*BOOTSEL"):
            flash.flash_port({}, os.ttyname(theirs))
    finally:
        os.close(theirs)
        os.close(ours)


def test_an_image_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(flash.FlashError, match="cannot write .*No such file"):
        flash.write_image(
            flash.configuration(DEVICE, CENTRE, KEY, "10.0.0.2"), tmp_path / "none" / "box.img"
        )


def test_the_manifest_freezes_our_boot_file_and_the_image_does_without(tmp_path):
    """A copy of _boot.py on flash does nothing: MicroPython runs the frozen one only."""
    folder = firmware.sources().pico.parent
    frozen = []

    def freeze(name, base_path):
        frozen.append((folder / base_path / name).resolve())

    exec((folder / "manifest.py").read_text(), {"module": freeze, "package": freeze})
    assert frozen.pop(0) == (folder / "$(PORT_DIR)" / "modules" / "rp2.py").resolve()
    found = firmware.sources()
    packages = [found.device, found.protocol, found.umqtt]
    assert sorted(frozen) == sorted([*found.pico.glob("*.py"), *packages])
    files = flash.build_tree(flash.configuration(DEVICE, CENTRE, KEY, "10.0.0.2"), tmp_path)
    assert not [file for file in files if file.stem == "_boot"]
