"""The command group, and the commands that run and describe the hub."""

import json
import logging
import sys

import click
import structlog

from onedoor_hub import __version__
from onedoor_hub.cli.device import certificate, device, flash
from onedoor_hub.cli.options import open_database, settings_flags
from onedoor_hub.cli.proof import COMMANDS as PROOF_COMMANDS
from onedoor_hub.settings import SETTINGS, Settings, without_password


@click.group()
@click.version_option(__version__, prog_name="onedoor")
def main() -> None:
    """OneDoor: rate-my-service scores for one-stop service centres."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@main.command()
@settings_flags()
def hub(settings: Settings) -> None:
    """Run the hub: broker, ingest and pages in one process."""
    from onedoor_hub.serve import serve

    serve(settings)


@main.command("settings")
@settings_flags()
def show_settings(settings: Settings) -> None:
    """Print every setting, its value and where that came from."""
    width = max(len(setting.name) for setting in SETTINGS)
    for setting in SETTINGS:
        value = settings.values[setting.name]
        if isinstance(value, str):
            value = without_password(value)
        value = json.dumps(value)
        click.echo(f"{setting.name:{width}} = {value:32} # {settings.sources[setting.name]}")


@main.command()
@settings_flags("data_dir", "database", "broker", "broker_host", "broker_port")
def tail(settings: Settings) -> None:
    """Print messages as they pass the broker, decoded, one a line, until interrupted."""
    from onedoor_hub.cli.tail import follow
    from onedoor_hub.service import broker_address

    follow(broker_address(settings), open_database(settings), click.echo)


@main.command()
@click.argument("folder", type=click.Path(file_okay=False))
@settings_flags("data_dir", "database", "broker_host", "broker_port")
def mosquitto(settings: Settings, folder: str) -> None:
    """Write Mosquitto's configuration, passwords and access list for this hub into FOLDER.

    Run it again whenever a device was added or revoked, then make Mosquitto read it: SIGHUP.
    """
    from pathlib import Path

    from onedoor_hub.broker.accounts import device_passwords, hub_secret, own_passwords
    from onedoor_hub.broker.mosquitto import write_files

    passwords = device_passwords(open_database(settings))
    passwords |= own_passwords(hub_secret(settings.folder))
    path = write_files(Path(folder), passwords, settings.broker_host, settings.broker_port)
    click.echo(f"start Mosquitto with:  mosquitto -c {path}")
    click.echo(f"start the hub with:    onedoor hub --broker mqtt://HOST:{settings.broker_port}")


@main.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="of the page"
)
@click.option(
    "--counters", type=click.IntRange(1, 20), default=6, show_default=True, help="and as many boxes"
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=30, show_default=True, help="of history"
)
@click.option("--seed", type=int, default=1, show_default=True, help="of history and citizens")
@click.option(
    "--exit-after", type=click.IntRange(min=0), default=0, help="seconds; 0 runs until Ctrl-C"
)
def demo(port: int, counters: int, days: int, seed: int, exit_after: int) -> None:
    """Show everything at once: a hub with history, real boxes, citizens who press them."""
    from onedoor_hub.cli.options import one_line_errors
    from onedoor_hub.demo.run import interrupt_on_sigterm, run

    interrupt_on_sigterm()
    with one_line_errors():
        whole = run(port, counters, days, seed, exit_after)
    if not whole:
        raise click.ClickException("not every thanked press was counted: please report this")


for command in (device, certificate, flash, *PROOF_COMMANDS):
    main.add_command(command)
