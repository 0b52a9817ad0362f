"""Mosquitto's files: configuration, password file and access list for this hub's devices."""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from onedoor_protocol import topics

from onedoor_hub.broker.accounts import HUB_USER

# Mosquitto's own default. The passwords are 128 random bits, so stretching adds nothing.
_ITERATIONS = 101


def password_line(user: str, password: str) -> str:
    """A line of a Mosquitto 2 password file: PBKDF2-SHA512, as mosquitto_passwd writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{user}:$7${_ITERATIONS}${'$'.join(encoded)}"


def access_list() -> str:
    """The access list: the hub reads and writes all, a device its own channels and no other."""
    lines = [f"user {HUB_USER}", f"topic readwrite {topics.PREFIX}/#", ""]
    lines += [f"pattern write {topics.PREFIX}/+/%u/{channel}" for channel in topics.UP]
    lines += [f"pattern read {topics.PREFIX}/+/%u/{channel}" for channel in topics.DOWN]
    return "\n".join(lines) + "\n"


def write_files(folder: Path, passwords: dict[str, str], host: str, port: int) -> Path:
    """Write mosquitto.conf, passwords and acl into a folder; returns the configuration's path.

    ``passwords`` are by user name, the hub's among them. Start with ``mosquitto -c PATH``; after
    devices were added or revoked write again and send Mosquitto a SIGHUP.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [password_line(user, password) for user, password in sorted(passwords.items())]
    _write(folder / "passwords", "\n".join(lines) + "\n")
    _write(folder / "acl", access_list())
    configuration = [
        f"listener {port} {host}",
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'acl'}",
        "persistence true",
        f"persistence_location {folder}/",
        "max_packet_size 65536",
        "log_dest stderr",
    ]
    _write(folder / "mosquitto.conf", "\n".join(configuration) + "\n")
    return folder / "mosquitto.conf"


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
