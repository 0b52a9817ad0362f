"""The AsyncAPI 3.0 document, from the message table."""

from onedoor_protocol import messages, topics

from specgen.schemas import schema

Node = dict[str, object]

_SUMMARIES = {
    "journal": "entries that the hub has not acknowledged yet",
    "state": "what the device is, at birth, at changes and as its last will",
    "ack": "how far the hub has committed the device's journal, and the hub's time",
    "desired": "the configuration the device is to take",
    "command": "something to do now, in this boot",
}


def _server() -> Node:
    return {
        "host": "localhost:1883",
        "protocol": "mqtt",
        "protocolVersion": "3.1.1",
        "description": "Any MQTT 3.1.1 broker. User name: device id; password: CON-003.",
        "security": [{"$ref": "#/components/securitySchemes/device"}],
    }


def _channel(channel: str) -> Node:
    return {
        "address": f"{topics.PREFIX}/{{centre}}/{{device}}/{channel}",
        "summary": _SUMMARIES[channel],
        "parameters": {
            "centre": {"$ref": "#/components/parameters/centre"},
            "device": {"$ref": "#/components/parameters/device"},
        },
        "messages": {channel: {"$ref": f"#/components/messages/{channel}"}},
    }


def _operation(channel: str) -> Node:
    # The document describes the device: what it sends is up, what it receives is down.
    return {
        "action": "send" if channel in topics.UP else "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
        "summary": _SUMMARIES[channel],
        "bindings": {"mqtt": {"qos": 1, "retain": channel in topics.RETAINED}},
    }


def _message(channel: str) -> Node:
    limit = messages.MAX_PAYLOAD_BYTES[channel]
    return {
        "title": channel,
        "summary": _SUMMARIES[channel],
        "contentType": "application/json",
        "description": (
            f"The schema is that of the body. On the wire a line feed and a MAC of 64 hex digits "
            f"follow it (PAY-001, MAC-002). At most {limit} bytes together."
        ),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"$ref": f"#/components/schemas/{channel}"},
        },
    }


def _draft_07(node: object) -> object:
    """A 2020-12 schema as draft 7, which is what AsyncAPI 3 tools read: tuples are ``items``."""
    if isinstance(node, list):
        return [_draft_07(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _draft_07(value) for key, value in node.items() if key != "$schema"}
    if "prefixItems" in made:
        if "items" in made:
            made["additionalItems"] = made.pop("items")
        made["items"] = made.pop("prefixItems")
    return made


def document() -> Node:
    """The whole document, seen from the device."""
    channels = topics.UP + topics.DOWN
    identifier = {"description": "1 to 32 of a-z, 0-9 and '-', not led by '-' (TOP-002)"}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "OneDoor protocol",
            "version": "1.0.0",
            "description": "Messages between a OneDoor device and its hub, seen from the device. "
            "protocol/SPEC.md holds the rules.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {channel: _channel(channel) for channel in channels},
        "operations": {channel: _operation(channel) for channel in channels},
        "components": {
            "securitySchemes": {"device": {"type": "userPassword"}},
            "parameters": {"centre": identifier, "device": identifier},
            "messages": {channel: _message(channel) for channel in channels},
            "schemas": {channel: _draft_07(schema(channel)) for channel in channels},
        },
    }
