"""Gaps with their fate, boots of unknown time, what devices are told; journals closed by hand.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    """Make the tables, and enter the gaps and boots that the entries stored so far show."""
    op.add_column(
        "stream",
        sa.Column("released", sa.String(length=200), server_default="", nullable=False),
    )
    op.create_table(
        "device_order",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("command_n", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rev", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lockout_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thanks_ms", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["device"], ["device.id"], name=op.f("fk_device_order_device")),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_order")),
    )
    op.create_table(
        "gap",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("stream", _NUMBER, nullable=False),
        sa.Column("found_first", sa.BigInteger(), nullable=False),
        sa.Column("found_last", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=16), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=True),
        sa.Column("waited_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["stream"], ["stream.id"], name=op.f("fk_gap_stream")),
        sa.PrimaryKeyConstraint("centre", "stream", "found_first", name=op.f("pk_gap")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_gap_state"), "gap", ["state"], unique=False)
    op.create_table(
        "boot_span",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("stream", _NUMBER, nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=True),
        sa.Column("ratings", sa.BigInteger(), nullable=False),
        sa.Column("last_t_ms", sa.BigInteger(), nullable=False),
        sa.Column("earliest_ms", sa.BigInteger(), nullable=True),
        sa.Column("latest_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["stream"], ["stream.id"], name=op.f("fk_boot_span_stream")),
        sa.PrimaryKeyConstraint("centre", "stream", "boot", name=op.f("pk_boot_span")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_boot_span_centre_counter"), "boot_span", ["centre", "counter"], unique=False
    )
    op.execute(_GAPS)
    op.execute(_SPANS)


# Below the first entry that came of a stream lies a gap too; prev was not noted then.
_GAPS = """
INSERT INTO gap (centre, stream, found_first, found_last, first, last, state, found_ms)
SELECT centre, stream, before + 1, seq - 1, before + 1, seq - 1, 'open', received_ms
FROM (
  SELECT centre, stream, seq, received_ms,
         lag(seq, 1, CAST(0 AS bigint)) OVER (PARTITION BY centre, stream ORDER BY seq) AS before
  FROM entry
  WHERE stream IN (SELECT id FROM stream WHERE contiguous_seq < highest_seq)
) AS pairs
WHERE seq > before + 1
"""

# 2: a rating; 1800000 ms: the error up to which a time is good enough for a day.
_SPANS = """
INSERT INTO boot_span (centre, stream, boot, counter, ratings, last_t_ms)
SELECT centre, stream, boot, max(counter),
       sum(CASE WHEN kind = 2 AND counter IS NOT NULL THEN 1 ELSE 0 END), max(t_ms)
FROM entry
WHERE error_ms IS NULL OR error_ms > 1800000
GROUP BY centre, stream, boot
"""
