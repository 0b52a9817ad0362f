"""The hash trees are those of RFC 9162, and a proof of a range is as good as the whole tree."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onedoor_hub.proof.merkle import (
    ProofError,
    inclusion_path,
    leaf_hash,
    node_hash,
    range_nodes,
    tree_hash,
    tree_hash_by_path,
    tree_hash_by_range,
)

# The leaves and roots by which Certificate Transparency's implementations test one another.
CT_LEAVES = [
    leaf_hash(bytes.fromhex(text))
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def leaves_of(size):
    return [leaf_hash(b"%d" % number) for number in range(size)]


def defined(leaves):
    """The tree's hash by its definition in RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(defined(leaves[:k]), defined(leaves[k:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    assert tree_hash(CT_LEAVES[:size]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_PATHS)
def test_inclusion_paths_are_those_of_certificate_transparency(index, size):
    path = inclusion_path(CT_LEAVES[:size], index)
    assert [node.hex() for node in path] == CT_PATHS[index, size]
    assert tree_hash_by_path(CT_LEAVES[index], index, size, path).hex() == CT_ROOTS[size]


def test_trees_of_every_size_to_200_are_those_of_the_definition():
    leaves = leaves_of(200)
    assert [tree_hash(leaves[:size]) for size in range(201)] == [
        defined(leaves[:size]) for size in range(201)
    ]


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_a_path_leads_to_the_root_from_its_own_leaf_number_and_size_alone(size, data):
    leaves = leaves_of(size)
    root = tree_hash(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(leaves, index)
    assert tree_hash_by_path(leaves[index], index, size, path) == root
    for other in {*range(max(0, index - 3), min(size, index + 4)), size - 1} - {index}:
        assert attempt(tree_hash_by_path, leaves[index], other, size, path) != root
        assert attempt(tree_hash_by_path, leaves[other], index, size, path) != root
    for wrong in ([*path, root], path[:-1], path[1:], path[::-1]):
        if wrong != path:
            assert attempt(tree_hash_by_path, leaves[index], index, size, wrong) != root


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_a_range_proof_leads_to_the_root_from_its_own_leaves_alone(size, data):
    leaves = leaves_of(size)
    root = tree_hash(leaves)
    first = data.draw(st.integers(0, size - 1))
    count = data.draw(st.integers(1, size - first))
    own, nodes = leaves[first : first + count], range_nodes(leaves, first, count)
    assert tree_hash_by_range(own, first, size, nodes) == root
    assert len(nodes) <= 2 * size.bit_length()
    at = data.draw(st.integers(0, count - 1))
    stranger = leaf_hash(b"stranger")
    wrong = [
        [*own[:at], stranger, *own[at + 1 :]],
        [*own[:at], *own[at + 1 :]],
        [*own[:at], stranger, *own[at:]],
    ]
    if count > 1:
        wrong.append([*own[1:], own[0]])
    for changed in wrong:
        assert attempt(tree_hash_by_range, changed, first, size, nodes) != root
    if first:
        assert attempt(tree_hash_by_range, own, first - 1, size, nodes) != root
    for changed in ([*nodes, stranger], nodes[:-1], [stranger, *nodes[1:]]):
        if nodes:
            assert attempt(tree_hash_by_range, own, first, size, changed) != root


def attempt(function, *arguments):
    """The answer, or None where the proof is refused."""
    try:
        return function(*arguments)
    except ProofError:
        return None


def test_a_proof_for_one_leaf_is_its_inclusion_path_from_left_to_right():
    leaves = leaves_of(23)
    index = random.Random(1).randrange(23)
    assert sorted(range_nodes(leaves, index, 1)) == sorted(inclusion_path(leaves, index))


@pytest.mark.parametrize(("first", "count"), [(-1, 2), (0, 0), (4, 2), (5, 1)])
def test_leaves_that_are_not_in_the_tree_are_refused(first, count):
    with pytest.raises(ProofError):
        range_nodes(leaves_of(5), first, count)
    with pytest.raises(ProofError):
        tree_hash_by_range(leaves_of(count), first, 5, [])
    with pytest.raises(ProofError):
        inclusion_path(leaves_of(5), 5 if first >= 0 else first)
