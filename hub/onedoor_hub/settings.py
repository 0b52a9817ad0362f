"""Every setting of the hub in one table, and where each one's value came from.

Order of precedence: command-line flag, environment (``ONEDOOR_<NAME>``), configuration file
(``--config``, else ``ONEDOOR_CONFIG``, else ``onedoor.toml`` in the current folder), default.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onedoor_hub.errors import HubError


class SettingsError(HubError, ValueError):
    """A setting that cannot be used; the text says which, from where, and what to write."""


@dataclass(frozen=True)
class Setting:
    """One row of the table. ``low`` and ``high`` bound a number."""

    name: str
    kind: type  # str or int
    default: str | int
    meaning: str
    low: int = 0
    high: int = 0


SETTINGS = (
    Setting(
        "data_dir",
        str,
        "~/.local/share/onedoor",
        "folder of the hub's database and secret; made if it is not there",
    ),
    Setting(
        "database",
        str,
        "",
        "database as a SQLAlchemy URL; empty for hub.db in data_dir",
    ),
    Setting("host", str, "127.0.0.1", "address the pages are served on"),
    Setting("port", int, 8000, "port the pages are served on", 1, 65535),
    Setting(
        "broker",
        str,
        "embedded",
        "'embedded' for the hub's own broker, or mqtt://[user:password@]host[:port] of another",
    ),
    Setting("broker_host", str, "127.0.0.1", "address the embedded broker listens on"),
    Setting("broker_port", int, 1883, "port the embedded broker listens on", 1, 65535),
    Setting(
        "threads",
        int,
        128,
        "web threads; each live page holds one, up to four fifths of them",
        4,
        1024,
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """Resolved settings: attributes by name, and ``sources`` saying where each came from."""

    values: Mapping[str, Any]
    sources: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def folder(self) -> Path:
        """The data folder. Raises SettingsError where ``~name`` is nobody's home."""
        try:
            return Path(self.values["data_dir"]).expanduser()
        except RuntimeError:
            raise SettingsError(f"data_dir {self.values['data_dir']!r}: no such home") from None

    @property
    def database_url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.values["database"] or f"sqlite:///{self.folder.absolute() / 'hub.db'}"


def resolve(
    flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ, config: str | None = None
) -> Settings:
    """Settings from flags (None where not given), environment, file and defaults.

    Raises SettingsError, naming the source, for an unreadable file, an unknown name or a value of
    the wrong kind or range.
    """
    path = config or environ.get("ONEDOOR_CONFIG") or "onedoor.toml"
    wanted = config is not None or "ONEDOOR_CONFIG" in environ
    from_file = _read_file(Path(path), wanted)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting in SETTINGS:
        variable = "ONEDOOR_" + setting.name.upper()
        raw: Any
        if flags.get(setting.name) is not None:
            raw, source = flags[setting.name], "flag --" + setting.name.replace("_", "-")
        elif variable in environ:
            raw, source = environ[variable], "environment " + variable
        elif setting.name in from_file:
            raw, source = from_file[setting.name], f"file {path}"
        else:
            raw, source = setting.default, "default"
        values[setting.name] = _value(setting, raw, source)
        sources[setting.name] = source
    return Settings(values, sources)


def _read_file(path: Path, wanted: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        if wanted:
            raise SettingsError(f"configuration file {path} is not there") from None
        return {}
    except OSError as error:
        raise SettingsError(f"configuration file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"configuration file {path} is not TOML: {error}") from None
    for name in found:
        if name not in _BY_NAME:
            known = ", ".join(_BY_NAME)
            raise SettingsError(f"{path}: unknown setting {name!r}; there are {known}")
    return found


def _value(setting: Setting, raw: Any, source: str) -> str | int:
    if setting.kind is str:
        if not isinstance(raw, str) or "\0" in raw:
            raise SettingsError(f"{setting.name} ({source}): expected text, got {raw!r}")
        if not raw and setting.default:
            raise SettingsError(f"{setting.name} ({source}): expected text, got none")
        return raw
    if isinstance(raw, str) and raw.strip().isdecimal():
        raw = int(raw)
    if type(raw) is not int or not setting.low <= raw <= setting.high:
        raise SettingsError(
            f"{setting.name} ({source}): expected a whole number from {setting.low} to "
            f"{setting.high}, got {raw!r}"
        )
    return raw


def without_password(text: str) -> str:
    """A URL fit to be shown: its password, if it has one, as ``***``."""
    return re.sub(r"(://[^/:@]*):.*@", r"\1:***@", text)
