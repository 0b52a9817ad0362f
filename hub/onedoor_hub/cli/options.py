"""Flags for settings, and turning errors into one clear line."""

import functools
from collections.abc import Callable

import click
from sqlalchemy.exc import SQLAlchemyError

from onedoor_hub.errors import HubError
from onedoor_hub.settings import SETTINGS, Settings, resolve


def settings_flags(*names: str) -> Callable:
    """Give a command a flag for each named setting (all, where none is named) and ``--config``.

    The command is called with the resolved Settings first; what a user can mend comes out as one
    line and exit status 1.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(config: str | None, **given):
            flags = {name: given.pop(name) for name in chosen}
            with one_line_errors():
                return function(resolve(flags, config=config), **given)

        chosen = [s.name for s in SETTINGS if not names or s.name in names]
        command = run
        for setting in reversed(SETTINGS):
            if setting.name in chosen:
                flag = "--" + setting.name.replace("_", "-")
                text = f"{setting.meaning} [default: {setting.default or 'none'}]"
                command = click.option(flag, setting.name, type=setting.kind, help=text)(command)
        return click.option("--config", metavar="FILE", help="configuration file (TOML)")(command)

    return decorate


class one_line_errors:  # noqa: N801 - reads as a statement
    """Within it, errors that a user can mend become one line without a stack trace."""

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _trace):
        if isinstance(error, HubError):
            raise click.ClickException(str(error)) from None
        if isinstance(error, SQLAlchemyError):
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise click.ClickException(f"database: {reason}") from None
        # Who reads no further ('onedoor tail | head') made no mistake: click ends quietly then.
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            where = f"{error.filename}: " if error.filename else ""
            text = f"{where}{error.strerror}" if error.strerror else str(error)
            raise click.ClickException(text) from None


def open_database(settings: Settings):
    """The hub's database, brought up to date."""
    from onedoor_hub.store.engine import migrate, open_engine

    engine = open_engine(settings.database_url)
    migrate(engine)
    return engine
