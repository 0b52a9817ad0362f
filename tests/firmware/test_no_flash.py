"""A box whose flash cannot be used: it says so, and presses still reach the hub."""

import time

import pytest
from onedoor_protocol import chain

THANKS_S = 0.8  # the fault's flashes last 60 ms


@pytest.fixture
def lame(make_box, broker, hub):
    """A box whose journal's folder is a file, with a readable config.json."""
    box = make_box(broker.port, start=False)
    box.state_dir.mkdir()
    (box.state_dir / "state").write_text("not a folder")
    box.start()
    assert hub.wait(lambda: hub.online() and len(hub.entries) == 2), box.console()
    return box


def thanked(box, within_s=2):
    """Whether the lights were on for as long as a thank-you takes."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        outs = [event for event in box.events() if event[:2] == ("out", box.light_pins[0])]
        for on, off in zip(outs, outs[1:]):
            if on[2] and not off[2] and (off[3] - on[3]) / 1e6 > THANKS_S:
                return True
        time.sleep(0.05)
    return False


def test_it_goes_on_in_ram_and_says_so(lame, hub):
    """ENT-009 ENT-012 ENT-014: on the console, in its state, in its entries, by its lights."""
    assert "onedoor: journal cannot be read: " in lame.console()
    assert "ratings are kept in RAM" in lame.console()
    assert hub.bodies("state")[0]["faults"] == [chain.FAULT_FLASH]
    entries = [entry for _, entry in hub.entries.values()]
    assert [(kind, a) for kind, _, a, _ in entries] == [(1, 0), (4, chain.FAULT_FLASH)]
    assert lame.wait_for_light(4)
    assert (lame.state_dir / "state").read_text() == "not a folder", "left as it was"


def test_a_press_is_thanked_once_the_hub_has_it(lame, hub):
    """ENT-014: and not while it is in RAM alone."""
    lame.forget_events()
    lame.press("good")
    assert hub.wait(lambda: hub.values() == [(3, 4)]), lame.console()
    assert thanked(lame)
    hub.answers = False
    time.sleep(1.5)  # the lock-out
    lame.forget_events()
    lame.press("fair")
    assert hub.wait(lambda: len(hub.ratings()) == 2), "sent all the same"
    assert not thanked(lame)


def test_after_a_power_cut_it_uses_no_number_again(lame, hub):
    """ENT-012: each start in RAM is an incarnation of its own."""
    lame.press("good")
    assert hub.wait(lambda: hub.ratings())
    lame.kill()
    lame.start()
    assert hub.wait(lambda: len({inc for inc, _ in hub.entries}) == 2), lame.console()
    lame.press("poor")
    assert hub.wait(lambda: len(hub.ratings()) == 2), lame.console()
