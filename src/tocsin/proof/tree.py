# SPDX-License-Identifier: Apache-2.0
"""A hash tree with every level in memory: for many proofs over the same leaves, and for leaves that are replaced.

The tree is that of `tocsin.proof.merkle`; what it proves is verified there.
"""

from collections.abc import Mapping, Sequence

from tocsin.proof.merkle import EMPTY_ROOT, level_above


class Tree:
    """Every level of one tree in memory (64 bytes a leaf): proofs and replacements in a few hashes each."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._levels = [list(leaf_hashes)]
        while len(self._levels[-1]) > 1:
            self._levels.append(level_above(self._levels[-1]))

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def root(self) -> bytes:
        """The root of the tree."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def inclusion_proof(self, index: int) -> tuple[bytes, ...]:
        """The path of the leaf at `index` (RFC 9162 §2.1.3.1)."""
        assert 0 <= index < self.size, index
        siblings = ((level, (index >> height) ^ 1) for height, level in enumerate(self._levels[:-1]))
        return tuple(level[at] for level, at in siblings if at < len(level))

    def replaced(self, leaves: Mapping[int, bytes]) -> "Tree":
        """The tree with other leaf hashes at these indexes; the cost is that of copying, not of hashing anew."""
        tree = Tree(())
        tree._levels = [list(level) for level in self._levels]
        for index, leaf in leaves.items():
            tree._levels[0][index] = leaf
        dirty = set(leaves)
        for below, level in zip(tree._levels, tree._levels[1:], strict=False):
            dirty = {at >> 1 for at in dirty}
            for at in dirty:
                level[at] = level_above(below[2 * at : 2 * at + 2])[0]
        return tree
