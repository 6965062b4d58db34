# SPDX-License-Identifier: Apache-2.0
"""Roots of full subtrees that are kept as a tree grows, so that a proof over millions of leaves reads a few hundred
hashes.

Kept are the roots over 2⁸, 2¹⁶ and 2²⁴ leaves, as the tiles of C2SP's tlog-tiles are. A node of any path lies over
at most 256 of one kind, then of the next smaller kind, and of leaves: `nodes_of` collects them, and `root_of` over
what it gives is that node.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from tocsin.proof.merkle import Frontier, node_hash, root_of

HEIGHTS = (24, 16, 8)
"""Of the subtrees that are kept, the highest first. No tree has 2³² leaves."""

KeptReader = Callable[[int, int, int], Sequence[bytes]]
"""Gives the kept roots of one height from a number up to, not including, another; of height 0, the leaf hashes.
Fewer when some were never kept."""


class Subtree(msgspec.Struct, frozen=True):
    """A full subtree: its leaves are those from number × 2^height on."""

    height: int
    number: int
    root: bytes


def grow(frontier: Frontier, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, list[Subtree]]:
    """The frontier after these leaves, and the subtrees to keep that they completed."""
    completed: list[Subtree] = []
    for leaf in leaf_hashes:
        before, frontier = frontier, frontier.append(leaf)
        for height in reversed(HEIGHTS):
            if frontier.size % (1 << height):
                break
            root = leaf
            for left in reversed(before.roots[-height:]):
                root = node_hash(left, root)
            completed.append(Subtree(height, (frontier.size >> height) - 1, root))
    return frontier, completed


def nodes_of(read: KeptReader, start: int, stop: int, heights: Sequence[int] = HEIGHTS) -> Sequence[bytes]:
    """Hashes over which `root_of` is the root of these leaves, for a range that is a node of a tree.

    What was not kept is computed from what is below it.
    """
    if not heights:
        return read(0, start, stop)
    height, *lower = heights
    first, count = start >> height, (stop - start) >> height
    rest = start + (count << height)
    nodes = list(read(height, first, first + count)) if count else []
    if len(nodes) < count:
        bounds = range(start, rest + 1, 1 << height)
        nodes = [root_of(nodes_of(read, at, at + (1 << height), lower)) for at in bounds[:-1]]
    return [*nodes, root_of(nodes_of(read, rest, stop, lower))] if rest < stop else nodes
