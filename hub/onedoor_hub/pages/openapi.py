"""The OpenAPI 3.1 description of what programs may ask of the hub."""

from onedoor_hub import scores

_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_ID = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"}


def _object(properties: dict, description: str) -> dict:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _count(description: str) -> dict:
    return {"type": "integer", "minimum": 0, "description": description}


_CENTRE = _object(
    {
        "id": _ID,
        "name": {"type": "string"},
        "counters": {"type": "array", "items": {"type": "integer"}, "description": "Numbers."},
        "time_zone": {"type": "string", "examples": ["Asia/Vientiane"]},
        "target": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "A one-stop service centre.",
)

_COUNTER = _object(
    {
        "counter": {"type": "integer", "description": "The counter's number."},
        "name": {"type": "string"},
        "ratings": _count("Ratings of known time within the period."),
        "satisfied": _count("Those among them with one of the upper two buttons."),
        "score": _SHARE | {"description": "satisfied / ratings; null without ratings."},
        "low": _SHARE | {"description": "Lower end of the 95 % Wilson interval."},
        "high": _SHARE | {"description": "Upper end of the 95 % Wilson interval."},
        "verdict": {
            "enum": [scores.MET, scores.NOT_MET, scores.TOO_FEW],
            "description": "met: low >= target; not met: high < target; else too few.",
        },
        "happy_index": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
        "undated_ratings": _count("Ratings ever counted whose time is not known; in no period."),
        "last_rating_at": {"type": ["string", "null"], "format": "date-time"},
        "device_state": {"enum": ["online", "offline", "never", "frozen", "none"]},
    },
    "A counter's score over the period.",
)

_INSTANT_MS = {"type": ["integer", "null"], "description": "ms since 1970 UTC; null: not known."}

_GAP = _object(
    {
        "first": {"type": "integer", "minimum": 1},
        "last": {"type": "integer", "minimum": 1},
        "state": {
            "enum": ["open", "missing", "to come"],
            "description": "open: asked for again; missing: for good; to come: told of, not sent.",
        },
        "found_ms": _INSTANT_MS,
        "asked": _count("How often the hub asked for it."),
    },
    "Entries first to last are not here.",
)

_UNDATED = _object(
    {
        "boot": {"type": "integer", "minimum": 1},
        "ratings": _count("How many."),
        "earliest_ms": _INSTANT_MS,
        "latest_ms": _INSTANT_MS,
    },
    "Ratings made between two instants, which is all that is known.",
)

_INCARNATION = _object(
    {
        "incarnation": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "received": _count("Entries stored."),
        "highest_seq": _count("Highest sequence number stored."),
        "contiguous_seq": _count("Every entry up to here is stored or declared missing."),
        "announced_seq": _count("Newest entry the device has told of; 0 if none."),
        "gaps": {"type": "array", "description": "Entries not here.", "items": _GAP},
        "closed_gaps": _count("Gaps that were asked for, or declared missing, and then filled."),
        "undated": {
            "type": "array",
            "description": "Boots with ratings whose time is not known.",
            "items": _UNDATED,
        },
        "chain_state": {"enum": ["unbroken", "waiting", "missing", "frozen", "closed"]},
        "released": {
            "type": "string",
            "description": "Why it is closed: the device was frozen and released. Empty: open.",
        },
    },
    "One life of a device's journal, from an empty memory on.",
)

_CERTIFICATE = _object(
    {
        "device": _ID,
        "centre": _ID,
        "counter": {"type": ["integer", "null"]},
        "status": {"enum": ["active", "revoked", "frozen"]},
        "reason": {"type": "string", "description": "Why frozen or revoked."},
        "received": _count("Entries stored."),
        "expected": _count("Entries the device is known to have made."),
        "missing": _count("Those among them declared missing for good."),
        "incarnations": {"type": "array", "items": _INCARNATION},
    },
    "What arrived of a device's journal, and what is missing.",
)

_PROBLEM = _object(
    {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "A failure (RFC 9457).",
)

_HEALTH = _object(
    {
        "status": {"enum": ["ok", "trouble"]},
        "troubles": {
            "type": "object",
            "description": "Parts in trouble, each with one line of text.",
            "additionalProperties": {"type": "string"},
        },
    },
    "Whether every part of the hub works now.",
)


def _answer(description: str, schema: dict, kind: str = "application/json") -> dict:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


def _problem(description: str) -> dict:
    return _answer(description, _ref("Problem"), "application/problem+json")


def _get(summary: str, answers: dict, parameters: tuple = ()) -> dict:
    operation = {"summary": summary, "responses": answers}
    if parameters:
        operation["parameters"] = list(parameters)
    return {"get": operation}


def _in_path(name: str) -> dict:
    return {"name": name, "in": "path", "required": True, "schema": _ID}


def document() -> dict:
    """The document; ``paths`` are absolute on this server."""
    days = {
        "name": "days",
        "in": "query",
        "description": "Length of the period in the centre's local days, today included.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 366, "default": 30},
    }
    unavailable = {"503": _problem("The database cannot be read right now.")}
    missing = {"404": _problem("There is none of that id.")}
    paths = {
        "/api/v1/centres": _get(
            "Every centre",
            {"200": _answer("The centres.", {"type": "array", "items": _ref("Centre")})}
            | unavailable,
        ),
        "/api/v1/centres/{centre_id}/counters": _get(
            "The score of every counter of a centre",
            {
                "200": _answer("The counters.", {"type": "array", "items": _ref("Counter")}),
                "400": _problem("The period is not 1 to 366 days."),
            }
            | missing
            | unavailable,
            (_in_path("centre_id"), days),
        ),
        "/api/v1/certificate/{device_id}": _get(
            "How complete a device's journal has arrived",
            {"200": _answer("The certificate.", _ref("Certificate"))} | missing | unavailable,
            (_in_path("device_id"),),
        ),
        "/api/v1/openapi.json": _get(
            "This document", {"200": _answer("The document.", {"type": "object"})}
        ),
        "/healthz": _get(
            "Whether the hub is well",
            {
                "200": _answer("Every part works.", _ref("Health")),
                "503": _answer("A part is in trouble.", _ref("Health")),
            },
        ),
        "/metrics": _get(
            "Figures for Prometheus",
            {"200": _answer("Text exposition format.", {"type": "string"}, "text/plain")},
        ),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OneDoor hub",
            "version": "1",
            "description": "Counter scores with their uncertainty, and proof of completeness.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Centre": _CENTRE,
                "Counter": _COUNTER,
                "Certificate": _CERTIFICATE,
                "Health": _HEALTH,
                "Problem": _PROBLEM,
            }
        },
    }
