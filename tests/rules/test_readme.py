"""The README's walk through the code names functions that are there, and every command works."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from onedoor_hub.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
STEPS = re.findall(r"`([\w/]+\.py)::(\w+)`", README)
COMMANDS = sorted(set(re.findall(r"`?onedoor ((?:device )?[a-z]+)", README)))


def test_the_walk_has_its_steps():
    assert len(STEPS) >= 12


@pytest.mark.parametrize(("file", "function"), STEPS)
def test_each_step_of_the_walk_is_a_function_of_its_file(file, function):
    tree = ast.parse((ROOT / file).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert function in names


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_the_readme_names_is_one(command):
    result = CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0, result.output
