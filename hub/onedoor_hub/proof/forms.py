"""The exact bytes that are hashed, and the bundle in which they travel.

A leaf is one journal entry as compact JSON: an array without spaces, integers in decimal, text in
ASCII that needs no escapes, null for what is not known. So anyone can make the same bytes again:
``printf '\\0["box-3-abcdef","…",17,2,68,0,1994618,3,"…"]' | sha256sum``.
"""

import hashlib
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from onedoor_hub.proof.merkle import leaf_hash

QUARTER_MS = 900_000
_MAX = 2**53 - 1  # JSON readers everywhere hold integers up to here

# \Z and not $, which lets a final newline pass.
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=_MAX)]
Positive = Annotated[int, Meta(ge=1, le=_MAX)]


class Leaf(NamedTuple):
    """One journal entry as a leaf of its day's tree.

    ``quarter``: the quarter of an hour (since 1970 UTC) of a time that counts in hours and days,
    else None. It is what the tallies need and no more, so that exact times may be forgotten
    without breaking a root. ``counter``: where the box stood, 0 for none. ``chain``: the chain
    value, which binds the entry's exact time and all entries before it.
    """

    device: Id
    incarnation: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    seq: Positive
    kind: Annotated[int, Meta(ge=0, le=255)]
    a: Annotated[int, Meta(ge=0, le=255)]
    b: Annotated[int, Meta(ge=0, le=65535)]
    quarter: Annotated[int, Meta(ge=-_MAX, le=_MAX)] | None
    counter: Count
    chain: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]

    @property
    def place(self) -> tuple[int, str, str, int]:
        """Leaves are ordered by this: counter, device, incarnation, seq."""
        return self.counter, self.device, self.incarnation, self.seq

    @property
    def data(self) -> bytes:
        """The canonical bytes."""
        return msgspec.json.encode(self)

    @property
    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return leaf_hash(self.data)


class Head(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a day's root says beside its tree.

    ``no`` counts the centre's roots from 1; ``day`` is the local date on which the entries were
    received; ``size`` the number of leaves; ``prev`` the root before, 64 zeros for the first.
    """

    centre: Id
    no: Positive
    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
    size: Positive
    prev: Hash

    def root(self, tree: bytes) -> bytes:
        """The published root: SHA-256 over the head and the tree's hash.

        It covers the root before, so a published root vouches for all earlier ones, and it binds
        the size, as a signed tree head does in RFC 9162 section 4.10.
        """
        values = [self.centre, self.no, self.day, self.size, tree.hex(), self.prev]
        return hashlib.sha256(b"onedoor/1 day\n" + msgspec.json.encode(values)).digest()


NO_ROOT = bytes(32)  # stands for the root before the first


class EntryBundle(msgspec.Struct, forbid_unknown_fields=True, tag_field="proves", tag="entry"):
    """That one entry is in a day's tree: leaf ``index``, with its RFC 9162 inclusion path."""

    root: Hash
    head: Head
    index: Count
    entry: Leaf
    path: list[Hash]


class CounterBundle(msgspec.Struct, forbid_unknown_fields=True, tag_field="proves", tag="counter"):
    """All entries of one counter in a day's tree, and that there are no others.

    ``entries`` are neighbouring leaves from number ``first`` on: the counter's own, with the leaf
    before and the leaf after them where there are such, which show where its range ends.
    """

    root: Hash
    head: Head
    counter: Count
    first: Count
    entries: Annotated[list[Leaf], Meta(min_length=1)]
    nodes: list[Hash]


Bundle = EntryBundle | CounterBundle
_DECODER = msgspec.json.Decoder(Bundle, strict=True)


def read_bundle(line: bytes) -> Bundle:
    """The bundle of one line of JSON. Raises msgspec.DecodeError or UnicodeDecodeError."""
    return _DECODER.decode(line)


def write_bundle(bundle: Bundle) -> str:
    """A bundle as one line of JSON."""
    return msgspec.json.encode(bundle).decode()
