"""What states told of is kept with the journal it was said of.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, and enter what the newest states tell of."""
    op.add_column(
        "stream",
        sa.Column("announced_seq", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(_ANNOUNCED)


_ANNOUNCED = """
UPDATE stream SET announced_seq = (
    SELECT seq FROM device_state WHERE device_state.device = stream.device
)
WHERE EXISTS (
    SELECT 1 FROM device_state
    WHERE device_state.device = stream.device AND device_state.incarnation = stream.incarnation
)
"""
