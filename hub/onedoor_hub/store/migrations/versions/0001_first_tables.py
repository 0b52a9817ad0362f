"""First tables: centres, devices, entries, tallies.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of version 0.1."""
    op.create_table(
        "centre",
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("target_permille", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_centre")),
        sa.UniqueConstraint("id", name=op.f("uq_centre_id")),
    )
    op.create_table(
        "refusal_sample",
        sa.Column(
            "id",
            sa.Integer().with_variant(sa.BigInteger(), "postgresql"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal_sample")),
    )
    op.create_table(
        "refusal_tally",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "device", name=op.f("pk_refusal_tally")),
    )
    op.create_table(
        "tally_day",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "centre", "counter", "day", "scale", "value", name=op.f("pk_tally_day")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally_hour",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "centre", "counter", "hour", "scale", "value", name=op.f("pk_tally_hour")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counter",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("last_rating_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["centre"], ["centre.no"], name=op.f("fk_counter_centre")),
        sa.PrimaryKeyConstraint("centre", "number", name=op.f("pk_counter")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["centre"], ["centre.no"], name=op.f("fk_device_centre")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_index(op.f("ix_device_centre_counter"), "device", ["centre", "counter"], unique=False)
    op.create_table(
        "device_state",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("online", sa.SmallInteger(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("incarnation", sa.String(length=16), nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("now_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fw", sa.String(length=32), nullable=False),
        sa.Column("impl", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("acked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("buttons", sa.SmallInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.String(length=64), nullable=False),
        sa.Column("rssi", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["device.id"], name=op.f("fk_device_state_device")),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_state")),
    )
    op.create_table(
        "stream",
        sa.Column(
            "id",
            sa.Integer().with_variant(sa.BigInteger(), "postgresql"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("incarnation", sa.String(length=16), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("contiguous_seq", sa.BigInteger(), nullable=False),
        sa.Column("contiguous_chain", sa.LargeBinary(length=16), nullable=False),
        sa.Column("highest_seq", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["centre"], ["centre.no"], name=op.f("fk_stream_centre")),
        sa.ForeignKeyConstraint(["device"], ["device.id"], name=op.f("fk_stream_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream")),
        sa.UniqueConstraint("device", "incarnation", name=op.f("uq_stream_device_incarnation")),
    )
    op.create_table(
        "boot_clock",
        sa.Column(
            "stream", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("low_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("low_ms", sa.BigInteger(), nullable=True),
        sa.Column("high_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("high_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["stream"], ["stream.id"], name=op.f("fk_boot_clock_stream")),
        sa.PrimaryKeyConstraint("stream", "boot", name=op.f("pk_boot_clock")),
    )
    op.create_table(
        "entry",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column(
            "stream", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("t_ms", sa.BigInteger(), nullable=False),
        sa.Column("a", sa.SmallInteger(), nullable=False),
        sa.Column("b", sa.Integer(), nullable=False),
        sa.Column("chain", sa.LargeBinary(length=16), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("utc_ms", sa.BigInteger(), nullable=True),
        sa.Column("error_ms", sa.BigInteger(), nullable=True),
        sa.Column("counter", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["stream"], ["stream.id"], name=op.f("fk_entry_stream")),
        sa.PrimaryKeyConstraint("centre", "stream", "seq", name=op.f("pk_entry")),
        sqlite_with_rowid=False,
    )
