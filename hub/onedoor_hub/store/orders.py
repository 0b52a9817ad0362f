"""What the hub tells devices: numbers of commands, and their configuration."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from onedoor_hub.store import schema
from onedoor_hub.store.devices import StoreError
from onedoor_hub.store.upsert import upsert

# What a device does that was never configured (the firmware's own values).
LOCKOUT_MS = 1500
THANKS_MS = 1000
_MAX_REV = 0xFFFFFFFF


@dataclass(frozen=True)
class Desired:
    """A device's configuration; ``rev`` rises with every change (DES-001)."""

    device: str
    rev: int
    lockout_ms: int
    thanks_ms: int


def next_command(connection: Connection, device_id: str, now_ms: int) -> int:
    """The number of a device's next command: higher than every one before (CMD-002).

    It follows the clock, so that a hub restored from a backup goes on above the numbers it has
    forgotten, and never falls with it.
    """
    table = schema.device_order
    known = connection.scalar(
        select(table.c.command_n).where(table.c.device == device_id).with_for_update()
    )
    number = max((known or 0) + 1, now_ms)
    statement = upsert(connection, table).values(device=device_id, command_n=number)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.device], set_={"command_n": statement.excluded.command_n}
        )
    )
    return number


def configure(
    connection: Connection,
    device_id: str,
    lockout_ms: int | None,
    thanks_ms: int | None,
    now_ms: int,
) -> Desired:
    """Change what is not None of a device's configuration; the same again changes nothing.

    ``rev`` follows the clock in seconds, for the same reason as a command's number. Raises
    StoreError where there is no such device.
    """
    device, table = schema.device, schema.device_order
    if connection.scalar(select(device.c.id).where(device.c.id == device_id)) is None:
        raise StoreError(f"no device {device_id!r}: 'onedoor device list' shows those there are")
    row = connection.execute(select(table).where(table.c.device == device_id)).first()
    known = row if row is not None and row.rev else None
    before = (known.lockout_ms, known.thanks_ms) if known else (LOCKOUT_MS, THANKS_MS)
    wanted = (
        before[0] if lockout_ms is None else lockout_ms,
        before[1] if thanks_ms is None else thanks_ms,
    )
    if known and wanted == before:
        return Desired(device_id, known.rev, *wanted)
    rev = max((known.rev if known else 0) + 1, min(now_ms // 1000, _MAX_REV // 2))
    values = {"rev": rev, "lockout_ms": wanted[0], "thanks_ms": wanted[1]}
    statement = upsert(connection, table).values(device=device_id, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[table.c.device], set_=values)
    )
    return Desired(device_id, rev, *wanted)


def version(connection: Connection) -> tuple:
    """Changes whenever a device is configured: no row goes, and each rev rises."""
    table = schema.device_order
    query = select(func.count(), func.sum(table.c.rev)).where(table.c.rev > 0)
    return tuple(connection.execute(query).one())


def load(connection: Connection) -> list[Desired]:
    """The configuration of each device that has one and is not revoked."""
    device, table = schema.device, schema.device_order
    columns = (table.c[name] for name in Desired.__dataclass_fields__)
    query = select(*columns).join(device, device.c.id == table.c.device)
    rows = connection.execute(query.where(table.c.rev > 0, device.c.status != "revoked"))
    return [Desired(*row) for row in rows]
