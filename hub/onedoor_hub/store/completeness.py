"""The completeness certificate: what arrived of a device's journal, and what is missing."""

from sqlalchemy import Connection, func, literal, select

from onedoor_hub.store import schema
from onedoor_hub.store.devices import StoreError


def certificate(connection: Connection, device_id: str) -> dict:
    """What the hub holds of a device's journal, by incarnation, gaps as [first, last] ranges.

    ``announced_seq`` is the newest entry the device has told of in its state; entries above the
    highest received and up to it are a gap too. Raises StoreError where there is no such device.
    """
    device, centre, state = schema.device, schema.centre, schema.device_state
    row = connection.execute(
        select(
            device.c.id,
            device.c.counter,
            device.c.status,
            device.c.reason,
            centre.c.id.label("centre"),
            state.c.incarnation,
            state.c.seq,
        )
        .join(centre, centre.c.no == device.c.centre)
        .outerjoin(state, state.c.device == device.c.id)
        .where(device.c.id == device_id)
    ).first()
    if row is None:
        raise StoreError(f"no device {device_id!r}: 'onedoor device list' shows those there are")
    stream = schema.stream
    incarnations = [
        _incarnation(connection, found, row)
        for found in connection.execute(
            select(stream).where(stream.c.device == device_id).order_by(stream.c.id)
        )
    ]
    missing = sum(last - first + 1 for one in incarnations for first, last in one["gaps"])
    received = sum(one["received"] for one in incarnations)
    return {
        "device": row.id,
        "centre": row.centre,
        "counter": row.counter,
        "status": row.status,
        "reason": row.reason,
        "received": received,
        "expected": received + missing,
        "incarnations": incarnations,
    }


def _incarnation(connection: Connection, stream, device) -> dict:
    announced = device.seq if device.incarnation == stream.incarnation else 0
    gaps = _gaps(connection, stream)
    if announced > stream.highest_seq:
        gaps.append([stream.highest_seq + 1, announced])
    state = "unbroken"
    if device.status == "frozen":
        state = "frozen"
    elif gaps:
        state = "waiting"
    return {
        "incarnation": stream.incarnation,
        "received": stream.received,
        "highest_seq": stream.highest_seq,
        "contiguous_seq": stream.contiguous_seq,
        "announced_seq": announced,
        "gaps": gaps,
        "chain_state": state,
    }


def _gaps(connection: Connection, stream) -> list[list[int]]:
    """Ranges missing below the highest seq; only entries past the contiguous run are read."""
    if stream.highest_seq == stream.contiguous_seq:
        return []
    entry = schema.entry
    seqs = select(entry.c.seq).where(
        entry.c.centre == stream.centre,
        entry.c.stream == stream.id,
        entry.c.seq > stream.contiguous_seq,
    )
    before = func.lag(entry.c.seq, 1, literal(stream.contiguous_seq)).over(order_by=entry.c.seq)
    pairs = seqs.add_columns(before.label("before")).subquery()
    rows = connection.execute(
        select(pairs.c.before, pairs.c.seq)
        .where(pairs.c.seq > pairs.c.before + 1)
        .order_by(pairs.c.seq)
    )
    return [[before_seq + 1, seq - 1] for before_seq, seq in rows]
