"""Someone outside, with a bundle and the root alone, sees every change; and nothing else holds."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from onedoor_hub.proof.audit import BROKEN, HOLDS, UNREADABLE, audit
from onedoor_hub.proof.forms import CounterBundle, EntryBundle, Head, Leaf, write_bundle
from onedoor_hub.proof.merkle import inclusion_path, leaf_hash, range_nodes, tree_hash

HEX = "0123456789abcdef"


def random_day(who, size):
    """(leaves in order, head, root) of a day with ``size`` entries at few counters."""
    leaves = {}
    for _ in range(size):
        counter = who.choice((0, 1, 2, 3, 7))
        leaf = Leaf(
            device=f"box-{counter}-{who.choice('ab')}",
            incarnation="".join(who.choices(HEX, k=16)),
            seq=who.randint(1, 500),
            kind=who.choice((1, 2, 2, 2, 3)),
            a=who.randint(0x41, 0x44),
            b=who.randint(0, 9),
            quarter=who.choice((None, 1_994_000, 1_994_001)),
            counter=counter,
            chain="".join(who.choices(HEX, k=32)),
        )
        leaves[leaf.place] = leaf
    ordered = [leaves[place] for place in sorted(leaves)]
    head = Head("vientiane", 5, "2026-11-20", max(len(ordered), 1), "ab" * 32)
    return ordered, head, head.root(tree_hash([leaf.hash for leaf in ordered])).hex()


def counter_bundle(leaves, head, root, counter):
    own = [i for i, leaf in enumerate(leaves) if leaf.counter == counter]
    below = [i for i, leaf in enumerate(leaves) if leaf.counter < counter]
    first = max((own[0] if own else len(below)) - 1, 0)
    end = min((own[-1] + 1 if own else len(below)) + 1, len(leaves))
    nodes = [node.hex() for node in range_nodes([x.hash for x in leaves], first, end - first)]
    return CounterBundle(root, head, counter, first, leaves[first:end], nodes)


def satisfied(leaves, counter):
    """The statement that is true of a counter, counted without the code under test."""
    values = [x.a & 15 for x in leaves if x.counter == counter and x.kind == 2]
    return f"counter {counter}: {sum(v >= 3 for v in values)} of {len(values)} ratings satisfied"


def entry_mutations(who, leaf):
    """Each field of an entry, changed."""
    yield leaf._replace(device=leaf.device + "x")
    yield leaf._replace(incarnation=flipped(who, leaf.incarnation))
    yield leaf._replace(seq=leaf.seq + 1)
    yield leaf._replace(kind=leaf.kind % 3 + 1)
    yield leaf._replace(a=(leaf.a - 0x41 + 1) % 4 + 0x41)
    yield leaf._replace(b=leaf.b + 1)
    yield leaf._replace(quarter=None if leaf.quarter else 1_994_000)
    yield leaf._replace(counter=leaf.counter + 1)
    yield leaf._replace(chain=flipped(who, leaf.chain))


def flipped(who, text):
    at = who.randrange(len(text))
    return text[:at] + HEX[(HEX.index(text[at]) + 1) % 16] + text[at + 1 :]


def head_mutations(who, head):
    """Each field of a head, changed."""
    yield changed(head, centre="vientiana")
    yield changed(head, no=head.no + 1)
    yield changed(head, day="2026-11-21")
    yield changed(head, size=head.size + 1)
    if head.size > 1:
        yield changed(head, size=head.size - 1)
    yield changed(head, prev=flipped(who, head.prev))


def changed(struct, **values):
    return type(struct)(
        **{name: getattr(struct, name) for name in struct.__struct_fields__} | values
    )


def list_mutations(who, items, stranger):
    """An item dropped, doubled, put in, or swapped with another; at one place each."""
    at = who.randrange(len(items) + 1)
    yield [*items[:at], stranger, *items[at:]]
    for at in range(len(items)):
        yield [*items[:at], *items[at + 1 :]]
        yield [*items[: at + 1], *items[at:]]
    for at in range(len(items) - 1):
        yield [*items[:at], items[at + 1], items[at], *items[at + 2 :]]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32))
def test_every_change_to_an_entrys_bundle_is_detected(size, seed):
    who = random.Random(seed)
    leaves, head, root = random_day(who, size)
    index = who.randrange(len(leaves))
    path = [node.hex() for node in inclusion_path([leaf.hash for leaf in leaves], index)]
    bundle = EntryBundle(root, head, index, leaves[index], path)
    assert audit(write_bundle(bundle).encode(), {root}).status == HOLDS
    mutations = [changed(bundle, entry=leaf) for leaf in entry_mutations(who, leaves[index])]
    mutations += [changed(bundle, head=other) for other in head_mutations(who, head)]
    mutations += [changed(bundle, path=other) for other in list_mutations(who, path, "00" * 32)]
    mutations += [
        changed(bundle, path=[*path[:at], flipped(who, path[at]), *path[at + 1 :]])
        for at in range(len(path))
    ]
    mutations += [changed(bundle, index=other) for other in (index + 1, index ^ 1) if other >= 0]
    for mutation in mutations:
        outcome = audit(write_bundle(mutation).encode(), {root})
        assert outcome.status == BROKEN or mutation == bundle, outcome.text


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32), st.sampled_from((0, 1, 2, 3, 5, 7, 9)))
def test_every_change_to_a_counters_bundle_is_detected(size, seed, counter):
    who = random.Random(seed)
    leaves, head, root = random_day(who, size)
    bundle = counter_bundle(leaves, head, root, counter)
    outcome = audit(write_bundle(bundle).encode(), {root})
    assert outcome.status == HOLDS, outcome.text
    assert satisfied(leaves, counter) in outcome.text
    own = bundle.entries
    mutations = [
        changed(bundle, entries=[*own[:at], leaf, *own[at + 1 :]])
        for at in range(len(own))
        for leaf in entry_mutations(who, own[at])
    ]
    mutations += [changed(bundle, entries=e) for e in list_mutations(who, own, own[0]) if e]
    mutations += [changed(bundle, head=other) for other in head_mutations(who, head)]
    nodes = bundle.nodes
    mutations += [changed(bundle, nodes=n) for n in list_mutations(who, nodes, "00" * 32)]
    mutations += [
        changed(bundle, nodes=[*nodes[:at], flipped(who, nodes[at]), *nodes[at + 1 :]])
        for at in range(len(nodes))
    ]
    mutations += [changed(bundle, first=other) for other in {0, bundle.first + 1} - {bundle.first}]
    for mutation in mutations:
        outcome = audit(write_bundle(mutation).encode(), {root})
        assert outcome.status == BROKEN or mutation == bundle, outcome.text


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32), st.integers(0, 9), st.integers(0, 9))
def test_a_bundle_read_as_another_counters_says_nothing_untrue(size, seed, counter, other):
    leaves, head, root = random_day(random.Random(seed), size)
    bundle = changed(counter_bundle(leaves, head, root, counter), counter=other)
    outcome = audit(write_bundle(bundle).encode(), {root})
    assert outcome.status == BROKEN or satisfied(leaves, other) in outcome.text


@settings(deadline=None)
@given(st.integers(2, 60), st.integers(0, 2**32), st.sampled_from((1, 2, 3)), st.data())
def test_a_bundle_of_fewer_entries_with_a_proof_made_to_fit_is_detected(size, seed, counter, data):
    """Its proof leads to the root, but it does not reach past the counter at both edges."""
    leaves, head, root = random_day(random.Random(seed), size)
    whole = counter_bundle(leaves, head, root, counter)
    own = [i for i, leaf in enumerate(leaves) if leaf.counter == counter]
    if len(own) < 2:
        return
    first = data.draw(st.integers(whole.first, own[-1]))
    end = data.draw(st.integers(first + 1, whole.first + len(whole.entries)))
    nodes = [node.hex() for node in range_nodes([x.hash for x in leaves], first, end - first)]
    part = CounterBundle(root, head, counter, first, leaves[first:end], nodes)
    outcome = audit(write_bundle(part).encode(), {root})
    assert outcome.status == BROKEN or satisfied(leaves, counter) in outcome.text


@settings(deadline=None)
@given(st.integers(8, 60), st.integers(0, 2**32))
def test_a_root_made_over_doubled_or_misplaced_entries_proves_nothing(size, seed):
    """A hub that cheats when it makes the root, so that every hash fits."""
    leaves, _, _ = random_day(random.Random(seed), size)
    own = [i for i, leaf in enumerate(leaves) if leaf.counter == 2]
    if len(own) < 2:
        return
    at = own[0]
    doubled = [*leaves[: at + 1], *leaves[at:]]
    swapped = [*leaves[:at], leaves[at + 1], leaves[at], *leaves[at + 2 :]]
    for wrong in (doubled, swapped):
        head = Head("vientiane", 5, "2026-11-20", len(wrong), "ab" * 32)
        root = head.root(tree_hash([leaf.hash for leaf in wrong])).hex()
        outcome = audit(write_bundle(counter_bundle(wrong, head, root, 2)).encode(), {root})
        assert outcome.status == BROKEN
        assert "out of order" in outcome.text


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_in_one_line(noise):
    outcome = audit(noise)
    assert outcome.status == UNREADABLE
    assert "\n" not in outcome.text


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_any_changed_byte_of_a_bundle_is_detected(seed):
    who = random.Random(seed)
    leaves, head, root = random_day(who, 40)
    line = bytearray(write_bundle(counter_bundle(leaves, head, root, 2)).encode())
    at = who.randrange(len(line))
    line[at] = who.randrange(32, 127)
    outcome = audit(bytes(line), {root})
    unchanged = json.loads(write_bundle(counter_bundle(leaves, head, root, 2)))
    if (
        outcome.status == HOLDS
    ):  # but for the bundle's own claim of a root, which counts for nothing
        assert json.loads(line) | {"root": root} == unchanged


def test_a_leaf_is_hashed_over_its_documented_bytes():
    leaf = Leaf("box-3-abcdef", "00112233445566aa", 17, 2, 0x44, 0, None, 3, "0f" * 16)
    text = '["box-3-abcdef","00112233445566aa",17,2,68,0,null,3,"' + "0f" * 16 + '"]'
    assert leaf.data == text.encode()
    assert leaf.hash == leaf_hash(text.encode())
