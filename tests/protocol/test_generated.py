"""Schemas, AsyncAPI document and SPEC.md tables are fresh, and agree with the vectors."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "protocol"
CHANNELS = ("journal", "state", "ack", "desired", "command")
BODIES = json.loads((PROTOCOL / "vectors" / "bodies.json").read_text())


def schema(channel: str) -> dict:
    return json.loads((PROTOCOL / "generated" / f"{channel}.schema.json").read_text())


def asyncapi() -> dict:
    return json.loads((PROTOCOL / "generated" / "asyncapi.json").read_text())


def generate(where: Path, *arguments: str):
    command = [sys.executable, str(where / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def asyncapi_findings(document: Path) -> list[list]:
    """Errors and warnings of AsyncAPI's own parser; hints (a newer version exists) left out."""
    script = Path(__file__).with_name("validate_asyncapi.mjs")
    command = [str(ROOT / ".build" / "node"), str(script), str(document)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return [finding for finding in json.loads(done.stdout) if finding[0] <= 1]


def test_every_generated_file_is_fresh():
    done = generate(PROTOCOL, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_names_each_stale_file_and_writes_nothing(tmp_path):
    copy = tmp_path / "protocol"
    shutil.copytree(PROTOCOL, copy)
    stale = [copy / "vectors" / "topics.json", copy / "generated" / "ack.schema.json"]
    for path in stale:
        path.write_text("[]\n")
    spec = copy / "SPEC.md"
    spec.write_text(spec.read_text().replace("| `journal` | up", "| `journal` | sideways", 1))
    done = generate(copy, "--check")
    assert done.returncode == 1
    named = [line.split(": stale")[0] for line in done.stdout.splitlines()]
    assert named == [
        "protocol/vectors/topics.json",
        "protocol/generated/ack.schema.json",
        "protocol/SPEC.md",
    ]
    assert stale[0].read_text() == "[]\n"
    assert generate(copy).returncode == 0
    assert generate(copy, "--check").returncode == 0
    assert spec.read_text() == (PROTOCOL / "SPEC.md").read_text()


def test_a_file_that_nothing_makes_is_named(tmp_path):
    copy = tmp_path / "protocol"
    shutil.copytree(PROTOCOL, copy)
    (copy / "generated" / "old.schema.json").write_text("{}\n")
    done = generate(copy, "--check")
    assert done.returncode == 1
    assert done.stdout == (
        "protocol/generated/old.schema.json: nothing makes this file any more, delete it\n"
    )


def test_a_wrong_argument_is_one_clear_line():
    done = generate(PROTOCOL, "--chek")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "usage: python protocol/generate.py [--check]\n"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_schema_takes_the_good_bodies_and_refuses_the_bad(channel):
    """Covers what a schema can say; rules between fields are marked in the vectors."""
    jsonschema.Draft202012Validator.check_schema(schema(channel))
    validator = jsonschema.Draft202012Validator(schema(channel))
    cases = [case for case in BODIES if case["channel"] == channel]
    sayable = [case for case in cases if case.get("schema", True)]
    wrong = [case for case in sayable if validator.is_valid(case["body"]) == ("error" in case)]
    assert wrong == []
    assert len(sayable) > 10


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_schema_inside_the_asyncapi_document_judges_alike(channel):
    inner = asyncapi()["components"]["schemas"][channel]
    jsonschema.Draft7Validator.check_schema(inner)
    ours = jsonschema.Draft202012Validator(schema(channel))
    theirs = jsonschema.Draft7Validator(inner)
    cases = [case["body"] for case in BODIES if case["channel"] == channel]
    assert [ours.is_valid(body) for body in cases] == [theirs.is_valid(body) for body in cases]


def test_the_asyncapi_document_names_every_channel_both_ways():
    document = asyncapi()
    assert set(document["channels"]) == set(CHANNELS)
    actions = {name: made["action"] for name, made in document["operations"].items()}
    assert actions == {
        "journal": "send",
        "state": "send",
        "ack": "receive",
        "desired": "receive",
        "command": "receive",
    }
    retained = {
        name for name, made in document["operations"].items() if made["bindings"]["mqtt"]["retain"]
    }
    assert retained == {"state", "desired"}


def test_asyncapis_own_parser_finds_nothing_wrong():
    assert asyncapi_findings(PROTOCOL / "generated" / "asyncapi.json") == []


def test_asyncapis_own_parser_would_find_a_slip(tmp_path):
    document = asyncapi()
    document["operations"]["ack"]["channel"]["$ref"] = "#/channels/ac"
    slip = tmp_path / "asyncapi.json"
    slip.write_text(json.dumps(document))
    assert any(severity == 0 for severity, _, _ in asyncapi_findings(slip))
