# SPDX-License-Identifier: Apache-2.0
"""Kept subtrees give the proofs that the leaves give, whatever of them was kept."""

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.proof import tiles
from tocsin.proof.merkle import EMPTY, consistency_proof, consistency_proof_from, leaf_hash, root_of
from tocsin.proof.tiles import HEIGHTS, Subtree, grow, nodes_of

LOW = (6, 4, 2)
"""Heights that a small tree reaches too."""
LEAVES = [leaf_hash(str(number).encode()) for number in range(300)]


class Kept:
    """What a store keeps of one tree; counts what was read."""

    def __init__(self, leaves: Sequence[bytes], completed: Sequence[Subtree]) -> None:
        self.leaves = leaves
        self.roots = {(one.height, one.number): one.root for one in completed}
        self.read_so_far = 0

    def read(self, height: int, first: int, last: int) -> list[bytes]:
        if height == 0:
            found = list(self.leaves[first:last])
        else:
            places = ((height, number) for number in range(first, last))
            found = [self.roots[place] for place in places if place in self.roots]
        self.read_so_far += len(found)
        return found


@pytest.fixture(autouse=True)
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "HEIGHTS", LOW)


@given(st.integers(0, 300), st.integers(0, 300))
def test_each_subtree_is_kept_once_and_is_the_root_over_its_leaves(first: int, more: int):
    half, some = grow(EMPTY, LEAVES[:first])
    whole, others = grow(half, LEAVES[first : first + more])
    size = len(LEAVES[: first + more])
    assert whole == EMPTY.extend(LEAVES[:size])
    places = [(one.height, one.number) for one in [*some, *others]]
    assert sorted(places) == sorted((height, at) for height in LOW for at in range(size >> height))
    for one in [*some, *others]:
        start = one.number << one.height
        assert one.root == root_of(LEAVES[start : start + (1 << one.height)])


@given(st.data(), st.integers(0, 300))
def test_a_proof_from_kept_subtrees_is_the_proof_from_leaves(data: st.DataObject, size: int):
    old = data.draw(st.integers(0, size))
    kept = Kept(LEAVES, grow(EMPTY, LEAVES)[1])
    path = consistency_proof_from(partial(nodes_of, kept.read, heights=LOW), old, size)
    assert path == consistency_proof(LEAVES[:size], old)


@given(st.data(), st.integers(1, 300))
def test_what_was_never_kept_is_computed(data: st.DataObject, size: int):
    old = data.draw(st.integers(0, size))
    completed = grow(EMPTY, LEAVES)[1]
    kept = Kept(LEAVES, data.draw(st.lists(st.sampled_from(completed), unique=True)))
    path = consistency_proof_from(partial(nodes_of, kept.read, heights=LOW), old, size)
    assert path == consistency_proof(LEAVES[:size], old)


def test_a_proof_over_many_leaves_reads_few_hashes():
    """4,194,304 leaves that are all alike: each subtree of one height has one root."""
    size, at = 1 << 22, leaf_hash(b"same")
    roots = {0: at}
    for height in range(1, 25):
        roots[height] = root_of([roots[height - 1]] * 2)
    count = 0

    def read(height: int, first: int, last: int) -> list[bytes]:
        nonlocal count
        count += last - first
        return [roots[height]] * (last - first)

    for old in (4_000, 1 << 21, 3_999_999):
        count = 0
        path = consistency_proof_from(partial(nodes_of, read, heights=HEIGHTS), old, size)
        assert len(path) <= 23
        assert count <= 3 * 256
