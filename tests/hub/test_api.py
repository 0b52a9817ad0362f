"""The JSON interface: real answers, against its own description."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from onedoor_hub.app import create_app
from onedoor_hub.store import devices
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from tests.support.board import DAY_MS, NOW_MS, Centre, example


@pytest.fixture
def centre(engine):
    return example(engine)


@pytest.fixture
def client(centre):
    return create_app(centre.hub()).test_client()


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json


def check(document, answer, path) -> Any:
    """Hold an answer against the schema that the document gives for its path and status."""
    described = document["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
    assert answer.mimetype in described
    schema = {**described[answer.mimetype]["schema"], "components": document["components"]}
    formats = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=formats).validate(answer.json)
    return answer.json


def test_the_description_is_valid_openapi(document):
    validate(document, cls=OpenAPIV31SpecValidator)


def test_the_description_names_every_route(centre, document):
    rules = create_app(centre.hub()).url_map.iter_rules()
    routes = {rule.rule.replace("<", "{").replace(">", "}") for rule in rules}
    pages = {"/", "/events", "/counters/{int(max=9999):number}", "/static/{path:filename}"}
    assert set(document["paths"]) == routes - pages


def test_centres_are_listed_with_their_counters(client, document):
    assert check(document, client.get("/api/v1/centres"), "/api/v1/centres") == [
        {
            "id": "vientiane",
            "name": "Vientiane One-Door Centre",
            "counters": [1, 2, 3, 4, 5, 6],
            "time_zone": "Asia/Vientiane",
            "target": 0.95,
        }
    ]


def test_counters_have_score_interval_and_verdict(engine):
    centre = Centre(engine)
    centre.add_counter(3, "Passports", online=1)
    centre.add_counter(4)
    centre.rate(3, *[4] * 10, *[3] * 9, 1)
    centre.rate(3, 2, ago_ms=None)
    client = create_app(centre.hub()).test_client()
    document = client.get("/api/v1/openapi.json").json
    answer = client.get("/api/v1/centres/vientiane/counters")
    rated, silent = check(document, answer, "/api/v1/centres/{centre_id}/counters")
    assert rated == {
        "counter": 3,
        "name": "Passports",
        "ratings": 20,
        "satisfied": 19,
        "score": 0.95,
        "low": 0.763869,
        "high": 0.991119,
        "verdict": "too few",
        "happy_index": 80.0,
        "undated_ratings": 1,
        "last_rating_at": "2026-11-20T06:30:00.000Z",
        "device_state": "online",
    }
    assert (silent["ratings"], silent["verdict"], silent["device_state"]) == (0, "too few", "never")
    missing = [silent[key] for key in ("score", "low", "high", "happy_index", "last_rating_at")]
    assert missing == [None] * 5


def test_the_period_can_be_chosen(engine):
    centre = Centre(engine)
    centre.add_counter(1)
    for days_ago in (0, 1, 29, 30, 365):
        centre.rate(1, 4, ago_ms=days_ago * DAY_MS)
    client = create_app(centre.hub()).test_client()
    path = "/api/v1/centres/vientiane/counters"
    found = {days: client.get(path, query_string={"days": days}).json for days in (1, 2, 31, 366)}
    assert client.get(path).json[0]["ratings"] == 3
    assert [answer[0]["ratings"] for answer in found.values()] == [1, 2, 4, 5]


@pytest.mark.parametrize("days", ["0", "367", "-1", "1.5", "abc", "", "9" * 5000, "²"])
def test_a_period_out_of_range_is_refused_with_a_problem_document(client, document, days):
    answer = client.get("/api/v1/centres/vientiane/counters", query_string={"days": days})
    problem = check(document, answer, "/api/v1/centres/{centre_id}/counters")
    assert answer.status_code == 400
    assert problem["detail"] == "days must be a whole number from 1 to 366"


@pytest.mark.parametrize("centre_id", ["nowhere", "UPPER", "%00", "'--", "a" * 40])
def test_an_unknown_centre_is_a_problem_document(client, document, centre_id):
    answer = client.get(f"/api/v1/centres/{centre_id}/counters")
    assert answer.status_code == 404
    problem = check(document, answer, "/api/v1/centres/{centre_id}/counters")
    assert problem["detail"] == "no such centre: GET /api/v1/centres lists those there are"


def test_a_certificate_proves_what_arrived(client, document):
    whole, waiting = (
        check(document, client.get(f"/api/v1/certificate/{box}"), "/api/v1/certificate/{device_id}")
        for box in ("box-1-abcdef", "box-2-abcdef")
    )
    assert (whole["received"], whole["expected"], whole["incarnations"][0]["gaps"]) == (
        1842,
        1842,
        [],
    )
    assert whole["incarnations"][0]["chain_state"] == "unbroken"
    assert waiting["incarnations"][0]["chain_state"] == "waiting"


@pytest.mark.parametrize("device", ["box-9-zzzzzz", "NOT AN ID", "%00"])
def test_an_unknown_device_is_a_problem_document(client, document, device):
    answer = client.get(f"/api/v1/certificate/{device}")
    assert answer.status_code == 404
    check(document, answer, "/api/v1/certificate/{device_id}")


def test_wrong_addresses_and_methods_are_problem_documents(client):
    missing, method = client.get("/api/v1/nothing"), client.post("/api/v1/centres")
    assert (missing.status_code, method.status_code) == (404, 405)
    for answer in (missing, method):
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == answer.status_code
    assert "GET" in method.headers["Allow"]


def test_an_unreadable_database_is_a_problem_document(client, document, monkeypatch):
    def broken(*_):
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr("onedoor_hub.store.scoreboard.centres", broken)
    answer = client.get("/api/v1/centres")
    assert answer.status_code == 503
    assert "disk" not in json.dumps(check(document, answer, "/api/v1/centres"))


def test_health_is_200_when_well_and_503_with_the_reason_when_not(client, centre, document):
    assert check(document, client.get("/healthz"), "/healthz") == {"status": "ok", "troubles": {}}
    centre.health.trouble("broker", "no connection")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert check(document, answer, "/healthz")["troubles"] == {"broker": "no connection"}


def test_metrics_are_what_prometheus_reads(client, centre):
    centre.health.count("refused", "mac", 3)
    centre.health.count("stored", n=7)
    centre.health.trouble("broker", "no connection")
    with centre.engine.begin() as connection:
        devices.set_status(connection, "box-5-abcdef", "frozen", "forked", NOW_MS)
    answer = client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}

    def values(name):
        return {tuple(sample.labels.values()): sample.value for sample in families[name].samples}

    assert values("onedoor_refused") == {("mac",): 3}
    assert values("onedoor_stored") == {("",): 7}
    assert values("onedoor_trouble") == {("broker",): 1}
    assert values("onedoor_device_online")["box-4-abcdef",] == 0
    assert values("onedoor_device_online")["box-1-abcdef",] == 1
    assert values("onedoor_device_frozen")["box-5-abcdef",] == 1
    assert values("onedoor_device_entries_missing")["box-2-abcdef",] == 12
    assert ("box-6-abcdef",) not in values("onedoor_device_last_seen_seconds")
