"""Which MicroPython is used: the one on PATH if it runs, else the one beside Python."""

import os
import sys

import pytest
from onedoor_hub import interpreter


def script(path, text: str):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Two folders: the only one on PATH, and the one beside Python."""
    on_path, beside = tmp_path / "path", tmp_path / "beside"
    monkeypatch.setenv("PATH", str(on_path))
    monkeypatch.setattr(interpreter.sysconfig, "get_path", lambda name: str(beside))
    interpreter.micropython.cache_clear()
    yield on_path / "micropython", beside / "micropython"
    interpreter.micropython.cache_clear()


def test_the_one_on_path_comes_first(places):
    on_path, beside = places
    script(on_path, "")
    script(beside, "")
    assert interpreter.micropython() == on_path


def test_one_that_does_not_run_is_passed_over(places):
    on_path, beside = places
    script(on_path, "raise SystemExit('pyenv: micropython: command not found')")
    script(beside, "")
    assert interpreter.micropython() == beside


def test_none_is_found_where_there_is_none(places):
    assert interpreter.micropython() is None


def test_the_search_runs_each_interpreter_once(places, tmp_path):
    on_path, _ = places
    script(on_path, f"open({os.fspath(tmp_path / 'runs')!r}, 'a').write('x')")
    assert interpreter.micropython() == interpreter.micropython() == on_path
    assert (tmp_path / "runs").read_text() == "x"
