"""Every bench still runs and gives figures; how good they are only ``make bench`` says."""

import re

import pytest

from tests.bench import run
from tests.bench.table import HEAD, Row, percentile, show


@pytest.mark.parametrize("name", run.BENCHES)
def test_a_bench_gives_figures(name):
    rows = run.run([name], small=True)
    assert rows
    for row in rows:
        assert row.value > 0, row
        assert not row.baseline or row.baseline_value > 0, row


def test_the_table_says_what_is_missed():
    half = Row("messages", 500.0, "/s", "bare", 2_000.0, at_least=0.5)
    quick = Row("press", 7.25, "ms", goal="under 10 ms", met=True)
    lines = show([half, quick]).splitlines()
    assert re.split(r"  +", lines[0])[:2] == ["figure", "value"]
    assert re.split(r"  +", lines[1]) == [
        "messages", "500/s", "2,000/s", "bare", "0.25", "ratio ≥ 0.5", "MISSED",
    ]  # fmt: skip
    assert lines[2].split()[-1] == "met"
    assert len(HEAD) == len(half.cells())


def test_a_percentile_is_a_value_that_was_measured():
    assert percentile([3, 1, 2, 4], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_an_unknown_bench_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run.py", "speed"])
    with pytest.raises(SystemExit):
        run.main()
    assert "no bench 'speed'" in capsys.readouterr().err
