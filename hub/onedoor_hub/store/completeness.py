"""The completeness certificate: what arrived of a device's journal, and what is missing."""

from sqlalchemy import Connection, func, select

from onedoor_hub.store import gaps, schema, spans
from onedoor_hub.store.devices import StoreError

TO_COME = "to come"


def certificate(connection: Connection, device_id: str) -> dict:
    """What the hub holds of a device's journal, by incarnation, and each gap with its state:

    ``open``: not here, and asked for while the device is online; ``missing``: declared missing
    for good, and named here for ever unless the entries come after all; ``to come``: above the
    highest received, but told of in a state of the device (``announced_seq``); missing too, once
    the device has begun another incarnation or its journal was closed by hand. Raises StoreError
    where there is no such device.
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
            state.c.acked,
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
    lacking = [gap for one in incarnations for gap in one["gaps"]]
    received = sum(one["received"] for one in incarnations)
    return {
        "device": row.id,
        "centre": row.centre,
        "counter": row.counter,
        "status": row.status,
        "reason": row.reason,
        "received": received,
        "expected": received + sum(_size(gap) for gap in lacking),
        "missing": sum(_size(gap) for gap in lacking if gap["state"] == gaps.MISSING),
        "incarnations": incarnations,
    }


def _size(gap: dict) -> int:
    return gap["last"] - gap["first"] + 1


def _incarnation(connection: Connection, stream, device) -> dict:
    announced, over = stream.announced_seq, bool(stream.released)
    over = over or device.incarnation not in (None, stream.incarnation)
    rows = gaps.load(connection, stream.centre, stream.id)
    found = [_gap(one.first, one.last, one.state, one.found_ms, one.asks) for one in rows]
    # What the device let go although the hub does not hold it can never come (RSN-004).
    highest = stream.highest_seq
    let_go = announced if over else min(device.acked or 0, announced)
    if let_go > highest:
        found.append(_gap(highest + 1, let_go, gaps.MISSING))
    if announced > max(highest, let_go):
        found.append(_gap(max(highest, let_go) + 1, announced, TO_COME))
    table = schema.gap
    closed = (table.c.centre == stream.centre) & (table.c.stream == stream.id)
    closed &= table.c.state == gaps.CLOSED
    return {
        "incarnation": stream.incarnation,
        "received": stream.received,
        "highest_seq": highest,
        "contiguous_seq": stream.contiguous_seq,
        "announced_seq": announced,
        "gaps": found,
        "closed_gaps": connection.scalar(select(func.count()).select_from(table).where(closed)),
        "undated": [
            {
                "boot": span.boot,
                "ratings": span.ratings,
                "earliest_ms": span.earliest_ms,
                "latest_ms": None if span.latest_ms is None else span.latest_ms + span.last_t_ms,
            }
            for span in spans.load(connection, stream.centre, stream.id)
            if span.ratings
        ],
        "chain_state": _chain_state(stream, device, {gap["state"] for gap in found}),
        "released": stream.released,
    }


def _gap(first: int, last: int, state: str, found_ms: int | None = None, asked: int = 0) -> dict:
    return {"first": first, "last": last, "state": state, "found_ms": found_ms, "asked": asked}


def _chain_state(stream, device, states: set[str]) -> str:
    if stream.released:
        return "closed"
    if device.status == "frozen":
        return "frozen"
    if states - {gaps.MISSING}:
        return "waiting"
    return "missing" if states else "unbroken"
