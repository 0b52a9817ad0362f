"""Merkle trees as in RFC 9162 (Certificate Transparency 2.0), section 2.1, with SHA-256.

Beside the RFC's inclusion path there is a proof for a whole range of neighbouring leaves. Leaves
are given as hashes (``leaf_hash``); every hash is 32 bytes. Pure: no database, no clock.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

EMPTY_TREE = hashlib.sha256(b"").digest()


class ProofError(ValueError):
    """A proof whose shape does not fit the tree's size."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data), RFC 9162 section 2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right), RFC 9162 section 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(leaves: Iterable[bytes]) -> bytes:
    """The tree's hash over leaf hashes in order, RFC 9162 section 2.1.2: holds log2(n) of them."""
    stack: list[bytes] = []
    for count, value in enumerate(leaves, 1):
        stack.append(value)
        while count % 2 == 0:  # a pair of subtrees of one size becomes a subtree
            right = stack.pop()
            stack[-1] = node_hash(stack[-1], right)
            count //= 2
    if not stack:
        return EMPTY_TREE
    value = stack.pop()
    while stack:
        value = node_hash(stack.pop(), value)
    return value


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, leaves) of RFC 9162 section 2.1.3.1, from the leaf's sibling to the root's."""
    if not 0 <= index < len(leaves):
        raise ProofError(f"no leaf {index} in a tree of {len(leaves)}")
    path = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(tree_hash(leaves[middle:high]))
            high = middle
        else:
            path.append(tree_hash(leaves[low:middle]))
            low = middle
    return path[::-1]


def tree_hash_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The hash of a tree of ``size`` leaves in which ``leaf`` is number ``index``, by its path.

    RFC 9162 section 2.1.3.2. Raises ProofError where a path of this length cannot be.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    value, number, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise ProofError("the path is too long")
        if number % 2 or number == last:
            value = node_hash(sibling, value)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError("the path is too short")
    return value


def range_nodes(leaves: Sequence[bytes], first: int, count: int) -> list[bytes]:
    """What is to be known of a tree beside ``count`` leaves from ``first`` on, left to right.

    These are the hashes of the largest subtrees without any of those leaves. For one leaf they
    are its inclusion path in another order.
    """
    if not 0 <= first < first + count <= len(leaves):
        raise ProofError(f"no leaves {first} to {first + count - 1} in a tree of {len(leaves)}")

    def walk(low: int, high: int) -> Iterator[bytes]:
        if high <= first or low >= first + count:
            yield tree_hash(leaves[low:high])
        elif high - low > 1 and not (first <= low and high <= first + count):
            middle = low + _split(high - low)
            yield from walk(low, middle)
            yield from walk(middle, high)

    return list(walk(0, len(leaves)))


def tree_hash_by_range(
    leaves: Sequence[bytes], first: int, size: int, nodes: Sequence[bytes]
) -> bytes:
    """The hash of a tree of ``size`` leaves that holds ``leaves`` from number ``first`` on.

    ``nodes`` as ``range_nodes`` gives them. Raises ProofError where their number does not fit.
    """
    end = first + len(leaves)
    if not 0 <= first < end <= size:
        raise ProofError(f"no leaves {first} to {end - 1} in a tree of {size}")
    others = iter(nodes)

    def walk(low: int, high: int) -> bytes:
        if high <= first or low >= end:
            other = next(others, None)
            if other is None:
                raise ProofError("the proof has too few nodes")
            return other
        if high - low == 1:
            return leaves[low - first]
        middle = low + _split(high - low)
        left = walk(low, middle)
        return node_hash(left, walk(middle, high))

    value = walk(0, size)
    if next(others, None) is not None:
        raise ProofError("the proof has too many nodes")
    return value


def _split(count: int) -> int:
    """The largest power of two below ``count`` (the k of RFC 9162 section 2.1.1)."""
    return 1 << (count - 1).bit_length() - 1
