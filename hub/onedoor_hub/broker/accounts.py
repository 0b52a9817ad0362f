"""Who may connect to the broker and which topics are whose; the same for every broker."""

import hmac
import os
import secrets
from pathlib import Path

from onedoor_protocol import mac, topics
from sqlalchemy import Engine

from onedoor_hub.store.devices import load_devices

HUB_USER = "onedoor-hub"


def hub_secret(folder: Path) -> str:
    """The hub's own broker password, made at random on first use, readable by its owner alone."""
    path = folder / "hub.secret"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_hex(16)
        file.write(secret + "\n")
    return secret


def device_passwords(engine: Engine) -> dict[str, str]:
    """Broker passwords of all devices that are not revoked, by user name."""
    with engine.begin() as connection:
        found = load_devices(connection)
    return {
        device.id: mac.broker_password(device.key)
        for device in found.values()
        if device.status != "revoked"
    }


def admitted(passwords: dict[str, str], user: str | None, password: str | None) -> bool:
    """True where user and password belong together."""
    known = passwords.get(user or "")
    return known is not None and hmac.compare_digest(known.encode(), (password or "").encode())


def may(user: str, topic: str, *, write: bool) -> bool:
    """True where a user may write, or read, a topic. Devices keep to their own topics."""
    if user == HUB_USER:
        return topic.startswith(topics.PREFIX + "/")
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != topics.PREFIX or parts[3] != user:
        return False
    return parts[4] in (topics.UP if write else topics.DOWN)
