"""The tables. Alembic's migrations build them; a test keeps both the same.

Times are whole milliseconds since 1970 UTC. Rows that grow carry the centre's number first in
their key, so that a distributed PostgreSQL can shard by centre.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives out row numbers only for a column declared INTEGER.
_Number = Integer().with_variant(BigInteger, "postgresql")

NAME_CHARS = 120

centre = Table(
    "centre",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", String(NAME_CHARS), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("target_permille", Integer, nullable=False),  # satisfied share aimed at
    Column("created_ms", BigInteger, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("centre", Integer, ForeignKey("centre.no"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(NAME_CHARS), nullable=False, server_default=""),
    # Newest counted rating whose time is known; kept with the tallies.
    Column("last_rating_ms", BigInteger),
)

device = Table(
    "device",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("centre", Integer, ForeignKey("centre.no"), nullable=False),
    Column("counter", Integer),  # number of the counter it stands at
    Column("kind", String(16), nullable=False),  # box
    Column("key", LargeBinary(32), nullable=False),
    Column("status", String(16), nullable=False),  # active, revoked, frozen
    Column("reason", String(200), nullable=False, server_default=""),  # why frozen or revoked
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index(None, "centre", "counter"),
)

# What a device last said of itself in its state; one row a device that was ever heard.
device_state = Table(
    "device_state",
    metadata,
    Column("device", String(32), ForeignKey("device.id"), primary_key=True),
    Column("online", SmallInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("incarnation", String(16), nullable=False),
    Column("boot", Integer, nullable=False),
    # Newest `now` of that boot: what is not newer was said before and is played again.
    Column("now_ms", BigInteger, nullable=False, server_default="0"),
    Column("fw", String(32), nullable=False),
    Column("impl", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("acked", BigInteger, nullable=False, server_default="0"),
    Column("buttons", SmallInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("faults", String(64), nullable=False),  # codes, comma-separated
    Column("rssi", SmallInteger),
)

# What the hub tells a device: the newest command's number, and its configuration once it has one.
device_order = Table(
    "device_order",
    metadata,
    Column("device", String(32), ForeignKey("device.id"), primary_key=True),
    Column("command_n", BigInteger, nullable=False, server_default="0"),
    Column("rev", BigInteger, nullable=False, server_default="0"),  # 0: not configured
    Column("lockout_ms", Integer, nullable=False, server_default="0"),
    Column("thanks_ms", Integer, nullable=False, server_default="0"),
)

# A device's journal of one incarnation: how far it has arrived.
stream = Table(
    "stream",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("centre", Integer, ForeignKey("centre.no"), nullable=False),
    Column("device", String(32), ForeignKey("device.id"), nullable=False),
    Column("incarnation", String(16), nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    # Every entry up to here is stored, or declared missing.
    Column("contiguous_seq", BigInteger, nullable=False),
    Column("contiguous_chain", LargeBinary(16), nullable=False),
    Column("highest_seq", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),  # entries stored
    # Why no more of it is taken: the device was frozen and released. Empty: it goes on.
    Column("released", String(200), nullable=False, server_default=""),
    # Highest seq that its states ever told of: a will is older than the state before it, and
    # another incarnation's state says nothing of this one.
    Column("announced_seq", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("device", "incarnation"),
)

# Entries lacking below a stream's highest: see store.gaps.
gap = Table(
    "gap",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("stream", _Number, ForeignKey("stream.id"), primary_key=True),
    Column("found_first", BigInteger, primary_key=True),  # as found …
    Column("found_last", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),  # … and what of it is still lacking
    Column("last", BigInteger, nullable=False),
    Column("prev", LargeBinary(16)),  # chain value before entry last + 1; null: not noted then
    Column("state", String(8), nullable=False),  # open, missing (for good), closed
    Column("found_ms", BigInteger, nullable=False),
    Column("asks", Integer, nullable=False, server_default="0"),
    Column("asked_ms", BigInteger),
    # Seconds it was open while a hub ran and its device was there, or will never be again: an
    # age that no setting of the clock changes.
    Column("waited_s", Integer, nullable=False, server_default="0"),
    Column("closed_ms", BigInteger),
    Index(None, "state"),
    sqlite_with_rowid=False,
)

# Clock of one boot of a device: UTC = device ms + offset; the offset is not below low_ms when the
# device's clock stands at low_at_ms, nor above high_ms when it stands at high_at_ms. low_ms is
# null until the device has heard the hub.
boot_clock = Table(
    "boot_clock",
    metadata,
    Column("stream", _Number, ForeignKey("stream.id"), primary_key=True),
    Column("boot", Integer, primary_key=True),
    Column("low_at_ms", BigInteger, nullable=False),
    Column("low_ms", BigInteger),
    Column("high_at_ms", BigInteger, nullable=False),
    Column("high_ms", BigInteger, nullable=False),
)

# Boots with entries whose time is not good enough for a day: see store.spans.
boot_span = Table(
    "boot_span",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("stream", _Number, ForeignKey("stream.id"), primary_key=True),
    Column("boot", Integer, primary_key=True),
    Column("counter", Integer),
    Column("ratings", BigInteger, nullable=False),
    Column("last_t_ms", BigInteger, nullable=False),
    Column("earliest_ms", BigInteger),  # the boot did not begin before …
    Column("latest_ms", BigInteger),  # … nor after; null: not known
    Index(None, "centre", "counter"),
    sqlite_with_rowid=False,
)

entry = Table(
    "entry",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("stream", _Number, ForeignKey("stream.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("boot", Integer, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("t_ms", BigInteger, nullable=False),
    Column("a", SmallInteger, nullable=False),
    Column("b", Integer, nullable=False),
    Column("chain", LargeBinary(16), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("utc_ms", BigInteger),  # null: no bound on both sides
    Column("error_ms", BigInteger),  # the true time lies within utc_ms ± error_ms
    Column("counter", Integer),  # where the device stood when the entry arrived
    sqlite_with_rowid=False,
)

# Counted ratings by counter. ``hour`` is whole hours since 1970 UTC; ``day`` the ordinal of the
# centre's local date (date.toordinal()), or 0 for ratings whose time is not known well enough.
tally_hour = Table(
    "tally_hour",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("counter", Integer, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("scale", SmallInteger, primary_key=True),
    Column("value", SmallInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tally_day = Table(
    "tally_day",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("counter", Integer, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("scale", SmallInteger, primary_key=True),
    Column("value", SmallInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Daily Merkle roots of a centre, each over entries no earlier root covers; never changed.
day_root = Table(
    "day_root",
    metadata,
    Column("centre", Integer, ForeignKey("centre.no"), primary_key=True),
    Column("no", Integer, primary_key=True),  # 1, 2, 3 … without a gap
    Column("day", Integer, nullable=False),  # ordinal of the local date its entries were received
    Column("size", BigInteger, nullable=False),  # entries covered
    Column("tree", LargeBinary(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),  # as published: head, tree and root before
    Column("made_ms", BigInteger, nullable=False),
)

# Which entries a root covers, as unbroken runs; no entry is in two.
day_range = Table(
    "day_range",
    metadata,
    Column("centre", Integer, primary_key=True),
    Column("stream", _Number, ForeignKey("stream.id"), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
    Column("no", Integer, nullable=False),
    ForeignKeyConstraint(["centre", "no"], ["day_root.centre", "day_root.no"]),
    Index(None, "centre", "no"),
)

# Refused messages: how many by reason and (known) device, and the newest few as samples.
refusal_tally = Table(
    "refusal_tally",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("device", String(32), primary_key=True),  # empty where the device is not known
    Column("n", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

refusal_sample = Table(
    "refusal_sample",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("code", String(32), nullable=False),
    Column("detail", String(200), nullable=False),
    Column("topic", String(200), nullable=False),
    Column("payload", LargeBinary, nullable=False),  # its first 256 bytes
)
