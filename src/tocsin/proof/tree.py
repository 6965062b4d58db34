# SPDX-License-Identifier: Apache-2.0
"""A hash tree with every level in memory: for many proofs over the same leaves.

The tree is that of `tocsin.proof.merkle`; what it proves is verified there.
"""

from collections.abc import Sequence

from tocsin.proof.merkle import EMPTY_ROOT, level_above


class Tree:
    """Every level of one tree in memory (64 bytes a leaf), for proofs without hashing."""

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
