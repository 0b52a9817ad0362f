"""What the rule tests read: the files git tracks or would track, and their syntax trees."""

import ast
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROTOCOL = "protocol/onedoor_protocol"
DEVICE = "firmware/onedoor_device"
PICO = "firmware/pico"
HUB = "hub/onedoor_hub"


@lru_cache
def files(folder: str = "", suffix: str = "") -> tuple[Path, ...]:
    """Every file of the project below a folder, without what .gitignore leaves out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", folder or "."],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    paths = (ROOT / name for name in sorted(set(listed)) if name.endswith(suffix))
    return tuple(path for path in paths if path.is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files of the folders; an empty answer is an error, or a rule would pass unseen."""
    found = [path for folder in folders for path in files(folder, ".py")]
    if not found:
        raise LookupError(f"no Python file in {folders}: has the folder been renamed?")
    return found


def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of each import in a file; `from a import b` gives a.b."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return found


def top(name: str) -> str:
    """The package that a dotted name begins with; empty for a relative import."""
    return name.split(".")[0]


def place(path: Path, line: int = 0) -> str:
    """`folder/file.py:12`, for messages."""
    shown = path.relative_to(ROOT).as_posix()
    return f"{shown}:{line}" if line else shown
