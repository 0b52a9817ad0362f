"""Making bundles: what someone outside needs to check an entry or a counter's day by its root."""

import bisect
import datetime
from typing import Any

from sqlalchemy import Connection

from onedoor_hub.proof.days import head_of, leaf_of
from onedoor_hub.proof.forms import CounterBundle, EntryBundle, Leaf
from onedoor_hub.proof.merkle import inclusion_path, range_nodes
from onedoor_hub.store import roots
from onedoor_hub.store.devices import StoreError


def prove_entry(connection: Connection, device: str, incarnation: str, seq: int) -> EntryBundle:
    """The bundle of one entry. Raises StoreError where it is not there or not under a root yet."""
    name = f"{device}/{incarnation}/{seq}"
    found = roots.root_of(connection, device, incarnation, seq)
    if found is None:
        raise StoreError(f"no entry {name}: 'onedoor certificate {device}' shows those there are")
    centre_no, no = found
    if no is None:
        raise StoreError(
            f"entry {name} is under no root yet: its day is closed a few minutes after midnight"
        )
    (root,) = [row for row in roots.roots(connection, no=no) if row.centre == centre_no]
    leaves = leaves_of(connection, root)
    index = next(i for i, leaf in enumerate(leaves) if leaf[:3] == (device, incarnation, seq))
    path = inclusion_path([leaf.hash for leaf in leaves], index)
    return EntryBundle(
        root=root.root.hex(),
        head=head_of(root),
        index=index,
        entry=leaves[index],
        path=[value.hex() for value in path],
    )


def prove_counter(
    connection: Connection, centre: str, counter: int, day: datetime.date
) -> list[CounterBundle]:
    """The bundles of a counter's day: one for its root, and one for each supplement.

    Raises StoreError where the day has no root.
    """
    found = roots.roots(connection, centre, day.toordinal())
    if not found:
        raise StoreError(f"{centre} has no root for {day}: 'onedoor root' shows those there are")
    return [_counter(connection, root, counter) for root in found]


def _counter(connection: Connection, root: Any, counter: int) -> CounterBundle:
    leaves = leaves_of(connection, root)
    counters = [leaf.counter for leaf in leaves]
    # With the neighbours at both edges: they show that the counter's range ends there.
    first = max(bisect.bisect_left(counters, counter) - 1, 0)
    end = min(bisect.bisect_right(counters, counter) + 1, len(leaves))
    nodes = range_nodes([leaf.hash for leaf in leaves], first, end - first)
    return CounterBundle(
        root=root.root.hex(),
        head=head_of(root),
        counter=counter,
        first=first,
        entries=leaves[first:end],
        nodes=[value.hex() for value in nodes],
    )


def leaves_of(connection: Connection, root: Any) -> list[Leaf]:
    """The leaves of a stored root, in their order."""
    names = roots.names(connection, root.centre)
    leaves = [
        leaf_of(*names[stream], row)
        for stream, first, last in roots.covered(connection, root.centre, root.no)
        for row in roots.entries(connection, root.centre, stream, first, last)
    ]
    return sorted(leaves, key=lambda leaf: leaf.place)
