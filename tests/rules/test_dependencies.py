"""Every dependency is pinned, explained and installable from any mirror."""

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.rules.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
PINNED = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", LOCK, re.MULTILINE)
}
PACKAGES = json.loads((ROOT / "package.json").read_text())


def declared() -> list[Requirement]:
    """Each requirement pyproject.toml names: of the project, its extras, its groups, its build."""
    project = PROJECT["project"]
    lists = [
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *PROJECT["dependency-groups"].values(),
        PROJECT["build-system"]["requires"],
    ]
    return [Requirement(text) for texts in lists for text in texts]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_each_dependency_is_pinned_within_what_the_project_asks_for(requirement):
    version = PINNED.get(canonicalize_name(requirement.name))
    assert version is not None, "not in requirements.lock: run make lock"
    assert requirement.specifier.contains(version), f"{version} is pinned: run make lock"


def test_each_pinned_package_carries_its_hashes():
    blocks = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)[1:]
    without = [block.split()[0] for block in blocks if "--hash=sha256:" not in block]
    assert len(blocks) == len(PINNED)
    assert without == []


def test_contributing_explains_each_dependency_and_no_other():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = text.split("## Dependencies", 1)[1].split("\n## ", 1)[0]
    explained = {
        name if name.startswith("@") else canonicalize_name(name)
        for name in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    }
    npm = {*PACKAGES["dependencies"], *PACKAGES["devDependencies"]}
    wanted = {canonicalize_name(requirement.name) for requirement in declared()}
    wanted |= {name if name.startswith("@") else canonicalize_name(name) for name in npm}
    system = set("python3-venv git mosquitto postgresql iproute2 chromium fonts-noto-core".split())
    fetched = {"micropython-umqtt-simple"}
    assert explained == wanted | system | fetched


def test_npm_packages_are_pinned_exactly_with_integrity_and_no_address():
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in {**PACKAGES["dependencies"], **PACKAGES["devDependencies"]}.items():
        assert lock[f"node_modules/{name}"]["version"] == version
    entries = {path: entry for path, entry in lock.items() if path}
    assert [path for path, entry in entries.items() if "integrity" not in entry] == []
    assert [path for path, entry in entries.items() if "resolved" in entry] == []
