"""Daily Merkle roots and the entries each covers.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the two tables; the first roots cover what is stored already."""
    op.create_table(
        "day_root",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("tree", sa.LargeBinary(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["centre"], ["centre.no"], name=op.f("fk_day_root_centre")),
        sa.PrimaryKeyConstraint("centre", "no", name=op.f("pk_day_root")),
    )
    op.create_table(
        "day_range",
        sa.Column("centre", sa.Integer(), nullable=False),
        sa.Column(
            "stream", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre", "no"],
            ["day_root.centre", "day_root.no"],
            name=op.f("fk_day_range_centre_no"),
        ),
        sa.ForeignKeyConstraint(["stream"], ["stream.id"], name=op.f("fk_day_range_stream")),
        sa.PrimaryKeyConstraint("centre", "stream", "first_seq", name=op.f("pk_day_range")),
    )
    op.create_index(op.f("ix_day_range_centre_no"), "day_range", ["centre", "no"], unique=False)
