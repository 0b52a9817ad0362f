"""The design's import rules that are about single files; import-linter holds the others."""

from tests.rules.source import HUB, PICO, PROTOCOL, ROOT, files, imports, place, python_files, top

HARDWARE = {"machine", "network", "rp2"}
# In MicroPython on the Pico W, beside the pure modules.
PICO_MODULES = {"_thread", "gc", "json", "os", "select", "socket", "sys", "time", "umqtt", "vfs"}

# These choose implementations; the parts of the hub are handed what they need.
ASSEMBLY = ("__main__", "app", "cli", "demo", "serve", "service")
ASSEMBLY_FILES = tuple(f"{HUB}/{name}" for name in ASSEMBLY)
ASSEMBLY_MODULES = tuple(f"onedoor_hub.{name}" for name in ASSEMBLY)


def test_only_board_py_touches_the_hardware_modules():
    found = {
        place(path)
        for path in files("", ".py")
        if not place(path).startswith("tests/")
        for _, name in imports(path)
        if top(name) in HARDWARE
    }
    # _boot.py mounts the flash before anything of ours can be imported.
    assert found - bench_board() == {f"{PICO}/board.py", f"{PICO}/_boot.py"}


def bench_board() -> set[str]:
    """The stand-ins for machine and network; they may name what they stand in for."""
    return {place(path) for path in python_files("firmware/bench_board")}


def test_pico_files_import_only_the_shared_packages_each_other_and_their_drivers():
    siblings = {path.stem for path in python_files(PICO)}
    allowed = {"onedoor_protocol", "onedoor_device", *HARDWARE, *PICO_MODULES, *siblings}
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in python_files(PICO)
        for line, name in imports(path)
        if top(name) not in allowed | {"binascii", "micropython"}
    ]
    assert wrong == []


def test_scores_imports_nothing_of_ours():
    path = ROOT / HUB / "scores.py"
    wrong = [
        name for _, name in imports(path) if top(name) in ("", "onedoor_hub", "onedoor_protocol")
    ]
    assert wrong == []


def test_hub_and_protocol_name_no_firmware_module():
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in python_files(HUB, PROTOCOL)
        for line, name in imports(path)
        if top(name) in ("onedoor_device", "firmware", "bench_board", "pico")
    ]
    assert wrong == []


def test_only_what_puts_the_hub_together_imports_what_puts_it_together():
    parts = [path for path in python_files(HUB) if not place(path).startswith(ASSEMBLY_FILES)]
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in parts
        for line, name in imports(path)
        if name.startswith(ASSEMBLY_MODULES)
    ]
    assert len(parts) < len(python_files(HUB))
    assert wrong == []
