"""The audit of a bundle: needs the bundle and the published root, and no database or network."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from onedoor_protocol import chain

from onedoor_hub import scores
from onedoor_hub.proof.forms import Bundle, CounterBundle, EntryBundle, Leaf, read_bundle
from onedoor_hub.proof.merkle import ProofError, tree_hash_by_path, tree_hash_by_range

HOLDS, BROKEN, UNREADABLE = 0, 1, 2  # exit statuses
_SHOWN_GAPS = 3


class Outcome(NamedTuple):
    """``status`` is HOLDS, BROKEN or UNREADABLE; ``text`` says so in one line."""

    status: int
    text: str


class _Broken(ValueError):
    """The bundle contradicts itself or the root."""


def audit(line: bytes, published: Collection[str] = ()) -> Outcome:
    """Judge a bundle (one line of JSON) by published roots (hex, lower case).

    Without a published root the bundle is only held against the root it names itself, and the
    outcome says so: who made the bundle could have made that root too.
    """
    try:
        bundle = read_bundle(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Outcome(UNREADABLE, f"not a bundle: {error}")
    try:
        root = _root(bundle)
        if root not in (published or (bundle.root,)):
            raise _Broken(
                f"entries and proof lead to root {root}, which is not "
                + ("one of those given" if published else "the bundle's own")
                + ": something was edited, removed, added or moved, or the root is another day's"
            )
        told = _entry(bundle) if isinstance(bundle, EntryBundle) else _score(bundle)
    except (_Broken, ProofError) as error:
        return Outcome(BROKEN, f"does not hold: {error}")
    head = bundle.head
    under = f"under root no. {head.no} of {head.centre}, received {head.day}, {root}"
    if not published:
        under += " (agrees with itself only: compare this root with the published one)"
    return Outcome(HOLDS, f"holds: {told}; {under}")


def _root(bundle: Bundle) -> str:
    """The root that a bundle's entries and proof lead to, in hex."""
    head = bundle.head
    if isinstance(bundle, EntryBundle):
        path = [bytes.fromhex(node) for node in bundle.path]
        tree = tree_hash_by_path(bundle.entry.hash, bundle.index, head.size, path)
    else:
        _check_range(bundle)
        leaves = [leaf.hash for leaf in bundle.entries]
        nodes = [bytes.fromhex(node) for node in bundle.nodes]
        tree = tree_hash_by_range(leaves, bundle.first, head.size, nodes)
    return head.root(tree).hex()


def _check_range(bundle: CounterBundle) -> None:
    """Raises _Broken unless the leaves are in order and reach past the counter at both edges."""
    leaves = bundle.entries
    for index in range(1, len(leaves)):
        if leaves[index - 1].place >= leaves[index].place:
            raise _Broken(f"entry {index} of the bundle is out of order")
    if bundle.first > 0 and leaves[0].counter >= bundle.counter:
        raise _Broken("the bundle does not show where the counter's entries begin")
    end = bundle.first + len(leaves)
    if end < bundle.head.size and leaves[-1].counter <= bundle.counter:
        raise _Broken("the bundle does not show where the counter's entries end")


def _entry(bundle: EntryBundle) -> str:
    leaf = bundle.entry
    what = f"kind {leaf.kind}, a {leaf.a}, b {leaf.b}"
    if leaf.kind == chain.KIND_RATING:
        value, scale = _rating(leaf)
        what = f"rating {value} of {scale}"
    name = f"{leaf.device}/{leaf.incarnation}/{leaf.seq}"
    return f"entry {name}, counter {leaf.counter}, {what}"


def _score(bundle: CounterBundle) -> str:
    """The counter's score, recomputed, and what is missing in the boxes' own numbering."""
    own = [leaf for leaf in bundle.entries if leaf.counter == bundle.counter]
    ratings = [_rating(leaf) for leaf in own if leaf.kind == chain.KIND_RATING]
    counts = Counter((scale, value) for value, scale in ratings)
    satisfied = sum(n for key, n in counts.items() if scores.is_satisfied(*key))
    told = f"counter {bundle.counter}: {satisfied} of {len(ratings)} ratings satisfied"
    if ratings:
        low, high = scores.wilson(satisfied, len(ratings))
        share = satisfied / len(ratings)
        told += f" = {share:.1%} (95% interval {low:.1%} to {high:.1%})"
    told += f"; all {len(own)} entries of the counter"
    gaps = _gaps(own)
    if gaps:
        more = f" and {len(gaps) - _SHOWN_GAPS} more runs" if len(gaps) > _SHOWN_GAPS else ""
        told += f", but not {', '.join(gaps[:_SHOWN_GAPS])}{more}, received on another day or lost"
    return told


def _rating(leaf: Leaf) -> tuple[int, int]:
    try:
        return chain.rating_of(leaf.a)
    except ValueError:
        raise _Broken(f"entry {leaf.seq} of {leaf.device} is no rating") from None


def _gaps(leaves: Sequence[Leaf]) -> list[str]:
    """Runs of seqs absent between entries of one box, as text."""
    found = []
    for index in range(1, len(leaves)):
        before, leaf = leaves[index - 1], leaves[index]
        if before.place[:3] == leaf.place[:3] and leaf.seq > before.seq + 1:
            found.append(f"{before.seq + 1} to {leaf.seq - 1} of {leaf.device}")
    return found
