"""``onedoor device …``, ``onedoor certificate`` and ``onedoor flash``."""

import datetime
import json
import shlex
from pathlib import Path

import click

from onedoor_hub.cli.options import open_database, settings_flags
from onedoor_hub.context import utc_ms
from onedoor_hub.settings import Settings
from onedoor_hub.store import devices


@click.group()
def device() -> None:
    """Add, list, configure, release and revoke devices."""


@device.command()
@click.option("--centre", required=True, help="centre's id, e.g. vientiane; made if it is new")
@click.option("--centre-name", default="", help="its name, where the centre is new")
@click.option("--time-zone", default="UTC", show_default=True, help="e.g. Asia/Vientiane")
@click.option("--counter", required=True, type=int, help="number of the counter it stands at")
@settings_flags("data_dir", "database")
def add(settings: Settings, centre: str, centre_name: str, time_zone: str, counter: int) -> None:
    """Make a rating box with a key of its own, and say how to flash it."""
    with open_database(settings).begin() as connection:
        number = devices.ensure_centre(connection, centre, utc_ms(), centre_name, time_zone)
        devices.ensure_counter(connection, number, counter)
        device_id, _ = devices.add_device(connection, number, counter, utc_ms())
    click.echo(f"added {device_id} at {centre}, counter {counter}")
    click.echo("put it on a Pico W with:")
    command = f"onedoor flash --device {device_id} --port /dev/ttyACM0 --broker-address HOST"
    click.echo("  " + command + _same_database(settings))


def _same_database(settings: Settings) -> str:
    """The flags with which the next command finds the database of this one."""
    return "".join(
        f" --{name.replace('_', '-')} {shlex.quote(settings.values[name])}"
        for name in ("data_dir", "database")
        if settings.sources[name].startswith("flag ")
    )


@device.command("key")
@click.argument("device_id")
@settings_flags("data_dir", "database")
def show_key(settings: Settings, device_id: str) -> None:
    """Print a device's key, for one that 'onedoor flash' does not serve. Keep it secret."""
    with open_database(settings).begin() as connection:
        _, _, key = devices.device_key(connection, device_id)
    click.echo(key.hex())


@device.command("list")
@settings_flags("data_dir", "database")
def list_(settings: Settings) -> None:
    """List devices: id, centre, counter, status, when last seen."""
    with open_database(settings).begin() as connection:
        rows = devices.list_devices(connection)
    for row in rows:
        seen = "never seen"
        if row.last_seen_ms is not None:
            when = datetime.datetime.fromtimestamp(row.last_seen_ms / 1000, datetime.UTC)
            seen = (
                "online" if row.online else "offline"
            ) + f", last seen {when:%Y-%m-%d %H:%M:%SZ}"
        reason = f" ({row.reason})" if row.reason else ""
        click.echo(f"{row.id}  {row.centre}  counter {row.counter}  {row.status}{reason}  {seen}")


@device.command()
@click.argument("device_id")
@settings_flags("data_dir", "database")
def revoke(settings: Settings, device_id: str) -> None:
    """Refuse everything a device sends from now on; what it sent stays counted."""
    with open_database(settings).begin() as connection:
        devices.set_status(connection, device_id, "revoked", "revoked by hand", utc_ms())
    click.echo(f"revoked {device_id}")


@device.command()
@click.argument("device_id")
@click.option("--lockout-ms", type=click.IntRange(0, 60_000), help="pause after a rating")
@click.option("--thanks-ms", type=click.IntRange(100, 10_000), help="how long the light thanks")
@settings_flags("data_dir", "database")
def configure(
    settings: Settings, device_id: str, lockout_ms: int | None, thanks_ms: int | None
) -> None:
    """Change a device's configuration; a running hub tells the device within a second or two.

    A device that is offline learns of it when it connects.
    """
    from onedoor_hub.store import orders

    if lockout_ms is None and thanks_ms is None:
        raise click.UsageError("say --lockout-ms or --thanks-ms")
    with open_database(settings).begin() as connection:
        now = orders.configure(connection, device_id, lockout_ms, thanks_ms, utc_ms())
    click.echo(
        f"{device_id}: lock-out {now.lockout_ms} ms, thanks {now.thanks_ms} ms (rev {now.rev})"
    )


@device.command()
@click.argument("device_id")
@click.option("--reason", required=True, help="why it may go on; kept with its closed journal")
@settings_flags("data_dir", "database")
def release(settings: Settings, device_id: str, reason: str) -> None:
    """Let a frozen device go on, with a new journal.

    What the hub had stored of it stays counted. Its journals up to now are closed: no entry of
    them is taken any more, neither the earlier version nor the one that contradicts it. So empty
    the box's journal too, with 'mpremote rm -r :state' over USB; it begins a new one by itself.
    """
    if not reason.strip():
        raise click.UsageError("say --reason in words: the certificate names it")
    with open_database(settings).begin() as connection:
        devices.release(connection, device_id, reason.strip(), utc_ms())
    click.echo(f"released {device_id}; empty its journal: mpremote rm -r :state, then restart it")


@click.command()
@click.argument("device_id", required=False)
@settings_flags("data_dir", "database")
def certificate(settings: Settings, device_id: str | None) -> None:
    """Print what arrived of DEVICE_ID's journal, or of every device's, and what is missing."""
    from onedoor_hub.store.completeness import certificate as certify

    with open_database(settings).begin() as connection:
        ids = [device_id] if device_id else [row.id for row in devices.list_devices(connection)]
        for one in ids:
            click.echo(json.dumps(certify(connection, one)))


@click.command()
@click.option("--device", "device_id", required=True, help="as 'onedoor device add' printed it")
@click.option("--port", default="", help="serial port of the Pico, e.g. /dev/ttyACM0")
@click.option("--image", default="", type=click.Path(dir_okay=False), help="write an image instead")
@click.option("--broker-address", required=True, metavar="HOST[:PORT]", help="as the box sees it")
@click.option("--wifi-ssid", default="", help="Wi-Fi network; asked for where it has a password")
@click.option(
    "--wifi-password", default="", envvar="ONEDOOR_WIFI_PASSWORD", help="or by environment"
)
@click.option("--buttons", type=click.Choice(["4", "5"]), default="4", show_default=True)
@click.option(
    "--light",
    type=click.Choice(["each", "status"]),
    default="each",
    show_default=True,
    help="a light per button, or a single one",
)
@settings_flags("data_dir", "database")
def flash(settings: Settings, device_id: str, port: str, image: str, **given) -> None:
    """Put firmware, umqtt and configuration on a Pico W, or write them as a littlefs image."""
    from onedoor_hub import flash as flashing

    if bool(port) == bool(image):
        raise click.UsageError("say --port for a Pico on a cable, or --image to write a file")
    with open_database(settings).begin() as connection:
        centre, _, key = devices.device_key(connection, device_id)
    config = flashing.configuration(device_id, centre, key, **given)
    if image:
        flashing.write_image(config, Path(image))
        click.echo(f"wrote {image}")
    else:
        former = flashing.flash_port(config, port)
        if former:
            click.echo(f"this board was {former} before; what it had kept of that is deleted")
        click.echo(f"flashed {device_id} on {port}; it starts by itself")
