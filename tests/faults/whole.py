"""Nothing lost, nothing doubled: the whole database against what the boxes journaled."""

from onedoor_hub.store import schema
from onedoor_hub.store.completeness import certificate
from onedoor_hub.store.engine import snapshot
from onedoor_hub.verify import Verification
from onedoor_protocol import chain
from sqlalchemy import Engine, select

from tests.support.centre import rated


def check_whole(engine: Engine, devices, others: int = 0) -> int:
    """Ratings counted; each entry of each box is stored exactly once, as it was made.

    ``others``: ratings of boxes that are not on paper. Raises AssertionError with what is wrong.
    """
    wrong = []
    with snapshot(engine) as connection:
        for device in devices:
            stored = _stored(connection, device)
            made = [
                (seq, boot, *entry)
                for seq, (boot, entry) in enumerate(zip(device.boots, device.entries), 1)
            ]
            if stored != made:
                lost = sorted(set(made) - set(stored))[:3]
                wrong.append(f"{device.device}: {len(stored)} of {len(made)} stored, lost {lost}")
            status = certificate(connection, device.device)["status"]
            if status != "active":
                wrong.append(f"{device.device} is {status}")
        wrong += Verification(connection).differences()
    if wrong:
        raise AssertionError("\n".join(wrong[:20]))
    made = sum(entry[0] == chain.KIND_RATING for one in devices for entry in one.entries)
    if rated(engine) != made + others:
        raise AssertionError(f"{rated(engine)} ratings counted of {made + others}")
    return made + others


def _stored(connection, device) -> list[tuple]:
    entry, stream = schema.entry, schema.stream
    rows = connection.execute(
        select(entry.c.seq, entry.c.boot, entry.c.kind, entry.c.t_ms, entry.c.a, entry.c.b)
        .join(stream, stream.c.id == entry.c.stream)
        .where(stream.c.device == device.device)
        .order_by(entry.c.seq)
    )
    return [tuple(row) for row in rows]


def stored_up_to(engine: Engine, devices) -> dict[str, int]:
    """For each box the highest seq up to which every entry is in the database."""
    found = {}
    with snapshot(engine) as connection:
        for device in devices:
            seqs = [row[0] for row in _stored(connection, device)]
            found[device.device] = next(
                (n for n, seq in enumerate(seqs) if seq != n + 1), len(seqs)
            )
    return found
