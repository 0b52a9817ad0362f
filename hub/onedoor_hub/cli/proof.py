"""``onedoor verify``, ``backup``, ``root``, ``prove`` and ``audit``."""

import json
import sys
import time
from pathlib import Path

import click

from onedoor_hub.cli.options import open_database, settings_flags
from onedoor_hub.settings import Settings
from onedoor_hub.store.devices import StoreError


def _existing_database(settings: Settings):
    """The hub's database. Raises StoreError where there is none: a new one would prove nothing."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise StoreError(f"no database {url.database}: say --data-dir or --database")
    return open_database(settings)


@click.command()
@settings_flags("data_dir", "database")
def verify(settings: Settings) -> None:
    """Recount everything from the entries: chains, tallies, certificates, daily roots.

    Reads one state of the database while the hub may go on. Exit status 0, or 1 with each
    difference on a line.
    """
    from onedoor_hub.store.engine import snapshot
    from onedoor_hub.verify import Verification

    started_s = time.monotonic()
    found = 0
    with snapshot(_existing_database(settings)) as connection:
        run = Verification(connection)
        for difference in run.differences():
            found += 1
            click.echo(difference)
    seconds = time.monotonic() - started_s
    click.echo(
        f"{f'{found} differences' if found else 'ok'}: {run.entries} entries, {run.streams} "
        f"streams, {run.ratings} ratings, {run.roots} daily roots over {run.covered} entries, "
        f"{seconds:.1f} s"
    )
    if found:
        sys.exit(1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_flags("data_dir", "database")
def backup(settings: Settings, file: Path) -> None:
    """Write the whole database to FILE, which must not exist, while the hub goes on.

    Keep FILE like a key: it holds the devices' keys.
    """
    from onedoor_hub.backup import back_up

    back_up(_existing_database(settings), file)
    click.echo(f"wrote {file} ({file.stat().st_size} bytes) and checked that it opens")


@click.command()
@click.option("--centre", help="of this centre only")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="of this day only")
@settings_flags("data_dir", "database")
def root(settings: Settings, centre: str | None, day) -> None:
    """Print the daily roots as JSON lines, for publishing where the hub cannot change them."""
    from onedoor_hub.proof.days import head_of
    from onedoor_hub.store import roots
    from onedoor_hub.store.engine import snapshot

    with snapshot(_existing_database(settings)) as connection:
        for row in roots.roots(connection, centre, day and day.toordinal()):
            head = head_of(row)
            line = {"centre": head.centre, "no": head.no, "day": head.day, "size": head.size}
            line |= {"tree": row.tree.hex(), "prev": head.prev, "root": row.root.hex()}
            click.echo(json.dumps(line | {"made_ms": row.made_ms}))


@click.command()
@click.argument("entry", required=False, metavar="[DEVICE/INCARNATION/SEQ]")
@click.option("--counter", type=int, help="all entries of a counter on --day, and no others")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="on which they were received")
@click.option("--centre", help="of the counter, where the hub has several")
@settings_flags("data_dir", "database")
def prove(settings: Settings, entry: str | None, counter: int | None, day, centre) -> None:
    """Print a bundle that proves an entry, or a counter's day, to who has the day's root.

    A bundle shows ratings one by one: give it to an auditor, do not publish it.
    """
    from onedoor_hub.proof.bundles import prove_counter, prove_entry
    from onedoor_hub.proof.forms import write_bundle
    from onedoor_hub.store import scoreboard
    from onedoor_hub.store.engine import snapshot

    with snapshot(_existing_database(settings)) as connection:
        if entry is not None and counter is None and day is None:
            device, _, rest = entry.partition("/")
            incarnation, _, seq = rest.partition("/")
            if not (seq.isascii() and seq.isdecimal()):
                raise click.UsageError(f"{entry!r} is not DEVICE/INCARNATION/SEQ")
            bundles = [prove_entry(connection, device, incarnation, int(seq))]
        elif entry is None and counter is not None and day is not None:
            known = [one.id for one in scoreboard.centres(connection)]
            if centre is None and len(known) != 1:
                raise click.UsageError(f"say --centre, one of: {', '.join(known) or 'none yet'}")
            bundles = prove_counter(connection, centre or known[0], counter, day.date())
        else:
            raise click.UsageError("say DEVICE/INCARNATION/SEQ, or --counter and --day")
    for bundle in bundles:
        click.echo(write_bundle(bundle))


@click.command()
@click.argument("bundle", type=click.File("rb"))
@click.option("--root", "published", multiple=True, metavar="HEX", help="as published; repeatable")
def audit(bundle, published: tuple[str, ...]) -> None:
    """Check BUNDLE (a file of 'onedoor prove', or - for standard input) by the published root.

    Needs no database. Exit status 0 where every bundle holds, 1 where one does not, 2 where one
    cannot be read.
    """
    from onedoor_hub.proof.audit import UNREADABLE, Outcome
    from onedoor_hub.proof.audit import audit as judge

    roots = frozenset(text.strip().lower() for text in published)
    outcomes = [judge(line, roots) for line in bundle if line.strip()]
    outcomes = outcomes or [Outcome(UNREADABLE, "not a bundle: the file is empty")]
    for outcome in outcomes:
        click.echo(outcome.text)
    sys.exit(max(outcome.status for outcome in outcomes))


COMMANDS = (verify, backup, root, prove, audit)
