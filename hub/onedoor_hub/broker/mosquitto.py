"""Mosquitto's files: configuration, password file and access list for this hub's devices."""

import base64
import contextlib
import hashlib
import os
import pwd
import secrets
from pathlib import Path

from onedoor_protocol import topics

from onedoor_hub.broker.accounts import HUB_USER, TAIL_USER

# Mosquitto's own default. The passwords are 128 random bits, so stretching adds nothing.
_ITERATIONS = 101

_ACCOUNT = "mosquitto"  # that Debian's package and others make for it


def password_line(user: str, password: str) -> str:
    """A line of a Mosquitto 2 password file: PBKDF2-SHA512, as mosquitto_passwd writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{user}:$7${_ITERATIONS}${'$'.join(encoded)}"


def access_list() -> str:
    """The access list: the hub reads and writes all, a device its own channels and no other."""
    lines = [f"user {HUB_USER}", f"topic readwrite {topics.PREFIX}/#", ""]
    lines += [f"user {TAIL_USER}", f"topic read {topics.PREFIX}/#", ""]
    lines += [f"pattern write {topics.PREFIX}/+/%u/{channel}" for channel in topics.UP]
    lines += [f"pattern read {topics.PREFIX}/+/%u/{channel}" for channel in topics.DOWN]
    return "\n".join(lines) + "\n"


def write_files(folder: Path, passwords: dict[str, str], host: str, port: int) -> Path:
    """Write mosquitto.conf, passwords and acl into a folder; returns the configuration's path.

    ``passwords`` are by user name, the hub's among them. Start with ``mosquitto -c PATH``; after
    devices were added or revoked write again and send Mosquitto a SIGHUP.
    """
    folder = folder.absolute()
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [password_line(user, password) for user, password in sorted(passwords.items())]
    configuration = [
        f"listener {port} {host}",
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'acl'}",
        # Else a device could put another one off by taking its client id.
        "use_username_as_clientid true",
        "persistence true",
        f"persistence_location {folder}/",
        "max_packet_size 65536",
        # Else an acknowledgement waits up to 40 ms behind the PUBACK before it (Nagle).
        "set_tcp_nodelay true",
        "log_dest stderr",
    ]
    _write(folder / "passwords", "\n".join(lines) + "\n")
    _write(folder / "acl", access_list())
    _write(folder / "mosquitto.conf", "\n".join(configuration) + "\n")
    if made:
        _hand_over(folder)
    return folder / "mosquitto.conf"


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    _hand_over(temporary)
    temporary.replace(path)


def _hand_over(path: Path) -> None:
    """Written by root, it is Mosquitto's: started by root, that reads it as a user of its own."""
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(path, account.pw_uid, account.pw_gid)
