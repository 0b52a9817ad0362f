"""Who may connect to the broker and which topics are whose; the same for every broker."""

import contextlib
import hmac
import os
import re
import secrets
import tempfile
from pathlib import Path

from onedoor_protocol import mac, topics
from sqlalchemy import Engine

from onedoor_hub.settings import SettingsError
from onedoor_hub.store.devices import load_devices

HUB_USER = "onedoor-hub"
TAIL_USER = "onedoor-tail"  # `onedoor tail`: reads all, writes nothing


def hub_secret(folder: Path) -> str:
    """The hub's own broker password, made at random on first use, readable by its owner alone.

    Raises OSError where it cannot be read or made, SettingsError where the file holds none.
    """
    path = folder / "hub.secret"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_secret(path)
    secret = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{32}", secret):
        raise SettingsError(f"{path} does not hold the hub's secret; remove it to get a new one")
    return secret


def _make_secret(path: Path) -> None:
    """Written whole and then given its name, so that two who start at once read the same one."""
    descriptor, name = tempfile.mkstemp(prefix=".hub.secret.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(16) + "\n")
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def device_passwords(engine: Engine) -> dict[str, str]:
    """Broker passwords of all devices that are not revoked, by user name."""
    with engine.begin() as connection:
        found = load_devices(connection)
    return {
        device.id: mac.broker_password(device.key)
        for device in found.values()
        if device.status != "revoked"
    }


def own_passwords(secret: str) -> dict[str, str]:
    """Broker passwords of the hub's own users, by user name."""
    return {HUB_USER: secret, TAIL_USER: secret}


def admits(engine: Engine, secret: str, user: str | None, password: str | None) -> bool:
    """True where user and password belong together. Raises SQLAlchemyError where the database
    cannot say."""
    known = own_passwords(secret).get(user or "")
    if known is None:
        with engine.begin() as connection:
            device = load_devices(connection, [user or ""]).get(user or "")
        if device is None or device.status == "revoked":
            return False
        known = mac.broker_password(device.key)
    return hmac.compare_digest(known.encode(), (password or "").encode())


def may(user: str, topic: str, *, write: bool) -> bool:
    """True where a user may write, or read, a topic. Devices keep to their own topics."""
    if user == HUB_USER or (user == TAIL_USER and not write):
        return topic.startswith(topics.PREFIX + "/")
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != topics.PREFIX or parts[3] != user:
        return False
    return parts[4] in (topics.UP if write else topics.DOWN)
