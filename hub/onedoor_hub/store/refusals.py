"""Refused messages: counted for ever, the newest few kept as samples."""

from collections import Counter

from sqlalchemy import Connection, delete, func, insert, select

from onedoor_hub.store import schema
from onedoor_hub.store.upsert import upsert

KEPT_SAMPLES = 500
SAMPLE_BYTES = 256


def record(connection: Connection, refusals: list[tuple], now_ms: int) -> None:
    """Count refusals (code, device id or "", detail, topic, payload) and keep samples of them.

    Only known devices are named in the tally, so that invented ids cannot grow it.
    """
    counts = Counter((code, device) for code, device, _, _, _ in refusals)
    table = schema.refusal_tally
    statement = upsert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.code, table.c.device],
        set_={"n": table.c.n + statement.excluded.n, "last_ms": statement.excluded.last_ms},
    )
    connection.execute(
        statement,
        [
            {"code": code, "device": device, "n": n, "last_ms": now_ms}
            for (code, device), n in counts.items()
        ],
    )
    sample = schema.refusal_sample
    connection.execute(
        insert(sample),
        [
            {
                "at_ms": now_ms,
                "code": code,
                "detail": detail[:200],
                "topic": topic[:200],
                "payload": payload[:SAMPLE_BYTES],
            }
            for code, _, detail, topic, payload in refusals[-KEPT_SAMPLES:]
        ],
    )
    newest = connection.scalar(select(func.max(sample.c.id)))
    connection.execute(delete(sample).where(sample.c.id <= (newest or 0) - KEPT_SAMPLES))
