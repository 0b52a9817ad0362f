"""The demo as a visitor runs it: it ends when told, says what it did, and leaves nothing behind."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.ports import free_port, listening, wait_until

SUMMARY = re.compile(
    r"(\d+) presses made, (\d+) thanked, (\d+) entries stored, (\d+) ratings counted"
)


@pytest.fixture
def demo(tmp_path):
    """Starts demos whose files lie in the test's own folder; ends those that still run."""
    running = []

    def start(*flags):
        process = subprocess.Popen(
            [sys.executable, "-m", "onedoor_hub", "demo", "--counters", "2", "--days", "2", *flags],
            env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


def left_over(folder):
    """Processes that work in a folder or name it in their command."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                named = str(folder) in (entry / "cmdline").read_text()
                if named or str(folder) in os.readlink(entry / "cwd"):
                    found.append(entry.name)
    return found


def test_it_ends_by_itself_with_a_summary_and_leaves_no_process(demo, tmp_path):
    process = demo("--port", str(free_port()), "--exit-after", "15")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    presses, thanked, entries, ratings = map(int, SUMMARY.search(output).groups())
    assert presses >= thanked == ratings >= 2, output
    assert entries >= ratings + 2, "each box's boot is an entry too"
    assert left_over(tmp_path) == []
    assert list(tmp_path.glob("onedoor-demo-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_of_it(demo, tmp_path, number):
    port = free_port()
    process = demo("--port", str(port))
    wait_until(lambda: listening(port) and "is live" in _line(process), 90, "the page's address")
    assert len(left_over(tmp_path)) >= 3, "a hub and two boxes run"
    process.send_signal(number)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output
    assert SUMMARY.search(output)
    assert left_over(tmp_path) == []


def _line(process):
    return process.stdout.readline()


def test_an_interrupt_while_it_starts_ends_all_of_it_too(demo, tmp_path):
    process = demo("--port", str(free_port()), "--days", "300")
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=40)
    assert "Traceback" not in output
    assert left_over(tmp_path) == []


def test_a_hub_that_is_killed_ends_the_demo_with_one_line(demo, tmp_path):
    port = free_port()
    process = demo("--port", str(port))
    wait_until(lambda: listening(port) and "is live" in _line(process), 90, "the page's address")
    hubs = [pid for pid in left_over(tmp_path) if _is_hub(pid)]
    os.kill(min(map(int, hubs)), signal.SIGKILL)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 1, output
    assert output.strip().splitlines()[-1].startswith("Error: the hub ended by itself"), output
    assert left_over(tmp_path) == []


def _is_hub(pid):
    return b"onedoor_hub\0hub\0" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_port_taken_while_it_fills_in_is_not_mistaken_for_its_own_hub(demo, tmp_path):
    port = free_port()
    process = demo("--port", str(port))
    wait_until(lambda: list(tmp_path.glob("onedoor-demo-*")), 60, "the first look at the port")
    with ThreadingHTTPServer(("127.0.0.1", port), AlwaysWell) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        output, _ = process.communicate(timeout=90)
        other.shutdown()
    assert process.returncode == 1, output
    assert "the hub did not start" in output
    assert "is live" not in output
    assert left_over(tmp_path) == []


class AlwaysWell(BaseHTTPRequestHandler):
    """Answers as another demo's hub would."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def test_a_port_in_use_is_told_in_one_line(demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = demo("--port", str(port))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in output
    assert len(output.strip().splitlines()) == 1, output
