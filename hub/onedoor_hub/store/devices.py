"""Centres, counters and devices: making, listing, revoking, finding by id."""

import secrets
import zoneinfo
from dataclasses import dataclass

from onedoor_protocol import mac, topics
from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from onedoor_hub.errors import HubError
from onedoor_hub.store import schema
from onedoor_hub.store.many import Many
from onedoor_hub.store.upsert import upsert

DEFAULT_TARGET_PERMILLE = 950  # Kenya's Huduma centres: 95 %
_SUFFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that reads like a digit


class StoreError(HubError, ValueError):
    """Something asked of the store that cannot be; the text says what and what to do."""


@dataclass(frozen=True)
class Device:
    """A device as ingest needs it."""

    id: str
    centre_no: int
    centre: str
    time_zone: str
    counter: int | None
    status: str
    reason: str
    key: bytes
    mac: mac.Mac
    created_ms: int = 0


def ensure_centre(
    connection: Connection, centre: str, now_ms: int, name: str = "", time_zone: str = "UTC"
) -> int:
    """The number of a centre, made if it is new.

    Raises StoreError for a bad id, a name that is too long or an unknown time zone.
    """
    if not topics.is_id(centre):
        raise StoreError(
            f"centre {centre!r} is not an id: use 1 to 32 of a-z, 0-9 and '-', not '-' first"
        )
    if len(name) > schema.NAME_CHARS:
        raise StoreError(f"centre name {name[:20]!r}… is too long: use 120 characters at most")
    try:
        zoneinfo.ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        text = f"time zone {time_zone!r} is not known: write it like Asia/Vientiane"
        raise StoreError(text) from None
    table = schema.centre
    number: int = connection.scalar(select(table.c.no).where(table.c.id == centre))  # type: ignore[assignment]
    if number is None:
        row = {
            "id": centre,
            "name": name or centre.replace("-", " ").title(),
            "time_zone": time_zone,
            "target_permille": DEFAULT_TARGET_PERMILLE,
            "created_ms": now_ms,
        }
        number = connection.scalar(insert(table).values(row).returning(table.c.no))
    return number


def ensure_counter(connection: Connection, centre_no: int, number: int, name: str = "") -> None:
    """Make a counter of a centre if it is new. Raises StoreError unless 1 <= number <= 9999."""
    if not 1 <= number <= 9999:
        raise StoreError(f"counter {number} is out of range: use 1 to 9999")
    table = schema.counter
    where = (table.c.centre == centre_no) & (table.c.number == number)
    if connection.scalar(select(func.count()).select_from(table).where(where)) == 0:
        connection.execute(insert(table).values(centre=centre_no, number=number, name=name))


def add_device(connection: Connection, centre_no: int, counter: int, now_ms: int) -> tuple:
    """Make a rating box with a random id and 32-byte key; returns (device id, key)."""
    key = secrets.token_bytes(mac.KEY_BYTES)
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(6))
    device_id = f"box-{counter}-{suffix}"
    row = {
        "id": device_id,
        "centre": centre_no,
        "counter": counter,
        "kind": "box",
        "key": key,
        "status": "active",
        "created_ms": now_ms,
        "changed_ms": now_ms,
    }
    connection.execute(insert(schema.device).values(row))
    return device_id, key


def freeze(connection: Connection, device_id: str, reason: str, now_ms: int) -> None:
    """Freeze a device for review; one that was revoked a moment ago stays so."""
    device = schema.device
    status = connection.scalar(
        select(device.c.status).where(device.c.id == device_id).with_for_update()
    )
    if status == "active":
        set_status(connection, device_id, "frozen", reason, now_ms)


def set_status(
    connection: Connection, device_id: str, status: str, reason: str, now_ms: int
) -> None:
    """Make a device active, frozen or revoked. Raises StoreError where there is no such device."""
    table = schema.device
    changed = connection.execute(
        update(table)
        .where(table.c.id == device_id)
        .values(
            status=status,
            reason=reason[:200],
            # Always later than before, whatever the clock was set to: see devices_version.
            changed_ms=case((table.c.changed_ms < now_ms, now_ms), else_=table.c.changed_ms + 1),
        )
    )
    if changed.rowcount == 0:
        raise StoreError(f"no device {device_id!r}: 'onedoor device list' shows those there are")


def release(connection: Connection, device_id: str, reason: str, now_ms: int) -> None:
    """Let a frozen device go on with a new journal; those it had are closed (ERR-007).

    Raises StoreError where there is no such device, or it is not frozen.
    """
    device, stream = schema.device, schema.stream
    row = connection.execute(
        select(device.c.status, device.c.reason).where(device.c.id == device_id)
    ).first()
    if row is not None and row.status != "frozen":
        raise StoreError(f"device {device_id} is {row.status}, not frozen: nothing to release")
    set_status(connection, device_id, "active", "", now_ms)
    text = f"{reason[:100]} ({row.reason if row else ''})"
    connection.execute(
        update(stream)
        .where(stream.c.device == device_id, stream.c.released == "")
        .values(released=text[:200])
    )


def list_devices(connection: Connection) -> list:
    """Every device with its status and last sign of life, by centre and counter."""
    device, centre, state = schema.device, schema.centre, schema.device_state
    return list(
        connection.execute(
            select(
                device.c.id,
                centre.c.id.label("centre"),
                device.c.counter,
                device.c.status,
                device.c.reason,
                state.c.online,
                state.c.last_seen_ms,
            )
            .join(centre, centre.c.no == device.c.centre)
            .outerjoin(state, state.c.device == device.c.id)
            .order_by(centre.c.id, device.c.counter, device.c.id)
        )
    )


def load_devices(connection: Connection, ids: list[str] | None = None) -> dict[str, Device]:
    """Devices by id, all where no ids are given, with their keys ready for checking MACs."""
    device, centre = schema.device, schema.centre
    query = select(device, centre.c.id.label("centre_id"), centre.c.time_zone).join(
        centre, centre.c.no == device.c.centre
    )
    if ids is not None:
        query = query.where(device.c.id.in_(ids))
    rows = connection.execute(query)
    return {
        row.id: Device(
            id=row.id,
            centre_no=row.centre,
            centre=row.centre_id,
            time_zone=row.time_zone,
            counter=row.counter,
            status=row.status,
            reason=row.reason,
            key=row.key,
            mac=mac.Mac(row.key),
            created_ms=row.created_ms,
        )
        for row in rows
    }


def devices_version(connection: Connection) -> tuple:
    """Changes whenever a device is added, revoked or frozen: no row goes, each changed_ms rises."""
    table = schema.device
    return tuple(
        connection.execute(
            select(func.count(), func.sum(table.c.changed_ms)).select_from(table)
        ).one()
    )


def device_key(connection: Connection, device_id: str) -> tuple[str, int | None, bytes]:
    """(centre id, counter, key) of a device, for flashing. Raises StoreError if there is none."""
    device, centre = schema.device, schema.centre
    row = connection.execute(
        select(centre.c.id, device.c.counter, device.c.key)
        .join(centre, centre.c.no == device.c.centre)
        .where(device.c.id == device_id)
    ).first()
    if row is None:
        raise StoreError(f"no device {device_id!r}: 'onedoor device list' shows those there are")
    return row[0], row[1], row[2]


def save_state(
    connection: Connection, device_id: str, body, received_ms: int, retained: bool
) -> bool:
    """Keep what a device says of itself; False where it is old and was left alone (STA-005).

    A retained message was said earlier, so it does not move the time the device was last seen.
    """
    table = schema.device_state
    known = connection.execute(
        select(table.c.incarnation, table.c.boot, table.c.now_ms).where(table.c.device == device_id)
    ).first()
    newest_now_ms = body.now
    if known is not None and known.incarnation != body.inc:
        # A journal that comes back, after one kept in RAM say, does so in a boot of its own.
        if body.boot <= _newest_boot(connection, device_id, body.inc):
            return False
    elif known is not None:
        if body.boot < known.boot:
            return False
        if body.boot == known.boot:
            if body.online and body.now <= known.now_ms:
                return False
            newest_now_ms = max(body.now, known.now_ms)  # a will was made before its birth
    values = {
        "online": body.online,
        "last_seen_ms": received_ms,
        "incarnation": body.inc,
        "boot": body.boot,
        "now_ms": newest_now_ms,
        "fw": body.fw,
        "impl": body.impl,
        "seq": body.seq,
        "acked": body.acked,
        "buttons": body.buttons,
        "refused": body.refused,
        "faults": ",".join(str(code) for code in body.faults),
        "rssi": body.rssi if type(body.rssi) is int else None,
    }
    statement = upsert(connection, table).values(device=device_id, **values)
    if retained:
        del values["last_seen_ms"]
    connection.execute(
        statement.on_conflict_do_update(index_elements=[table.c.device], set_=values)
    )
    return True


def _newest_boot(connection: Connection, device_id: str, incarnation: str) -> int:
    """Newest boot of a journal that was ever heard of, 0 where it is new."""
    stream, clock = schema.stream, schema.boot_clock
    newest = connection.scalar(
        select(func.max(clock.c.boot))
        .join(stream, stream.c.id == clock.c.stream)
        .where(stream.c.device == device_id, stream.c.incarnation == incarnation)
    )
    return newest or 0


def seen(connection: Connection, received_ms: dict[str, int]) -> None:
    """Move the time devices were last seen, by device id."""
    rows = [{"of_device": one, "at_ms": at_ms} for one, at_ms in received_ms.items()]
    _SEEN.execute(connection, rows)


_SEEN = Many(
    lambda _: (
        update(schema.device_state)
        .where(schema.device_state.c.device == bindparam("of_device"))
        .values(last_seen_ms=bindparam("at_ms"))
    )
)
