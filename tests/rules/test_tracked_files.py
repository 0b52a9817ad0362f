"""What is in git names no machine, no registry and no secret, and stays readable."""

import re

import pytest

from tests.rules.source import ROOT, files, place

TEXT = (".py", ".md", ".toml", ".txt", ".lock", ".json", ".sh", ".html", ".css", ".js", ".yml")
READABLE = [path for path in files() if path.suffix in (*TEXT, "") and place(path) != "LICENSE"]
# Spelt so that this file does not match itself.
REGISTRY = re.compile(
    r"\b(?:registr[y]|pyp[i]|inde[x]|fil[e]s|de[b]|prox[y])(?:\.[a-z0-9-]+)*\.(?:org|com|io|net)\b"
)
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:wor[k]|roo[t]|home/(?!pi/|onedoor/)[a-z]\w*|User[s]/\w+)/"
)
TOP_LEVEL = {".ci", "firmware", "hub", "hardware", "protocol", "tests"}
MOST_LINES = 300


def matches(pattern: re.Pattern[str]) -> list[str]:
    """`file:line text` for each match in a tracked text file."""
    found = []
    for path in READABLE:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if hit := pattern.search(line):
                found.append(f"{place(path, number)} {hit.group()}")
    return found


def test_no_file_names_a_package_registry():
    assert matches(REGISTRY) == []


def test_no_file_names_a_folder_of_one_machine():
    assert matches(MACHINE_PATH) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(REGISTRY, "https://pyp" + "i.org/simple"), (MACHINE_PATH, "see /wor" + "k/main")],
)
def test_the_patterns_find_what_they_forbid(pattern, text):
    assert pattern.search(text) is not None


def test_the_lock_files_hold_no_address():
    texts = [(ROOT / name).read_text() for name in ("requirements.lock", "package-lock.json")]
    hosts = set(re.findall(r"https?://([^/\"\s]+)", "".join(texts)))
    assert hosts <= {"github.com", "opencollective.com", "paypal.me"}  # npm's funding notes


def test_no_source_file_outgrows_one_job():
    long = {
        place(path): lines
        for path in files()
        if path.suffix in (".py", ".js", ".css", ".html")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_the_top_level_holds_only_the_rooms_of_the_design():
    folders = {place(path).split("/")[0] for path in files() if "/" in place(path)}
    assert folders - TOP_LEVEL == set()
