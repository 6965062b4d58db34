# SPDX-License-Identifier: Apache-2.0
"""Hash trees over a growing list: frontier, inclusion and consistency proofs (RFC 9162 §2.1, SHA-256).

- A leaf is hashed behind 0x00, a node behind 0x01, so that neither passes for the other (§2.1.1).
- Who only appends keeps a `Frontier`: at most 1,000 bytes, whatever the size.
- Who proves keeps the leaf hashes, or reads ranges of them from a store.
- Whoever verifies needs nothing but hashes, and gets an exception, never False.

Not here: what a leaf means (`tocsin.proof.leaf`, `tocsin.proof.headmap`) and who signs a root (`tocsin.proof.note`);
a tree kept in memory for many proofs (`tocsin.proof.tree`).
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

import msgspec

from tocsin.errors import BadProof, Malformed, Rewritten, TooLarge

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**31 - 1
"""Leaves of one tree: a frontier of more could pass 1,000 bytes. At ten a second it is reached after 6 years."""

LeafReader = Callable[[int, int], Sequence[bytes]]
"""Gives the leaf hashes from index `start` up to, not including, `stop`."""


def leaf_hash(data: bytes) -> bytes:
    """The hash under which `data` stands in a tree."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all of them."""
    level = list(leaf_hashes)
    while len(level) > 1:
        level = level_above(level)
    return level[0] if level else EMPTY_ROOT


def level_above(level: Sequence[bytes]) -> list[bytes]:
    """The nodes over neighbouring pairs; the odd one out at the right edge rises as it is."""
    above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*above, level[-1]] if len(level) % 2 else above


class Frontier(msgspec.Struct, frozen=True):
    """All that an appender must remember of a tree: its size and the roots of its perfect subtrees, largest first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more leaf hash; TooLarge at `MAX_SIZE`."""
        return self.extend((leaf,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """The frontier after these, in order; TooLarge at `MAX_SIZE`."""
        roots, size = list(self.roots), self.size
        for leaf in leaf_hashes:
            if size >= MAX_SIZE:
                raise TooLarge(f"A tree holds at most {MAX_SIZE} leaves.")
            root, width = leaf, size
            while width & 1:
                root = node_hash(roots.pop(), root)
                width >>= 1
            roots.append(root)
            size += 1
        return Frontier(size, tuple(roots))

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self.roots:
            return EMPTY_ROOT
        *lefts, root = self.roots
        for left in reversed(lefts):
            root = node_hash(left, root)
        return root

    def path_of_next(self) -> tuple[bytes, ...]:
        """The inclusion path of the leaf that is appended next, in the tree that ends with it."""
        return self.roots[::-1]

    def consistency_proof(self, appended: Sequence[bytes]) -> tuple[bytes, ...]:
        """Proof that the tree with `appended` leaf hashes extends this one; needs none of the older leaves.

        Every node of such a proof is either one of this frontier's subtrees or lies wholly within the new leaves.
        """
        kept = dict(zip(_perfect_subtrees(self.size), self.roots, strict=True))
        return tuple(
            kept[start, stop]
            if stop <= self.size
            else root_of(appended[start - self.size : stop - self.size])
            for start, stop in _consistency_ranges(self.size, self.size + len(appended))
        )

    def to_bytes(self) -> bytes:
        """8 bytes of size, then the roots; at most 1,000 bytes."""
        return self.size.to_bytes(8, "big") + b"".join(self.roots)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what `to_bytes` wrote; Malformed for anything else."""
        size = int.from_bytes(data[:8], "big")
        if size > MAX_SIZE or len(data) != 8 + HASH_SIZE * size.bit_count():
            raise Malformed("This is not the frontier of a tree.")
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)))


EMPTY = Frontier()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The path of the leaf at `index` to the root over all of them (§2.1.3.1)."""
    return inclusion_proof_from(lambda start, stop: leaf_hashes[start:stop], index, len(leaf_hashes))


def inclusion_proof_from(read: LeafReader, index: int, size: int) -> tuple[bytes, ...]:
    """The same for the first `size` leaves of a store that `read` gives ranges of."""
    assert 0 <= index < size, (index, size)
    return tuple(root_of(read(start, stop)) for start, stop in _inclusion_ranges(index, size))


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Proof that the tree over all of them extends the tree over the first `old_size` (§2.1.4.1)."""
    return consistency_proof_from(lambda start, stop: leaf_hashes[start:stop], old_size, len(leaf_hashes))


def consistency_proof_from(read: LeafReader, old_size: int, size: int) -> tuple[bytes, ...]:
    """The same for the first `size` leaves of a store that `read` gives ranges of."""
    assert 0 <= old_size <= size, (old_size, size)
    return tuple(root_of(read(start, stop)) for start, stop in _consistency_ranges(old_size, size))


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root to which `path` leads from a leaf hash (§2.1.3.2); BadProof when it has not the shape for that place."""
    if not 0 <= index < size <= MAX_SIZE:
        raise BadProof(f"There is no entry {index} in a tree of {size}.")
    _check_hashes(leaf, *path)
    at, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise BadProof(f"The path of entry {index} of {size} is too long.")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise BadProof(f"The path of entry {index} of {size} is too short.")
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that this leaf hash stands at `index` of the tree with that root; BadProof otherwise (§2.1.3.2).

    A root alone does not fix the size: both must come from one signed head.
    """
    if root_from_path(leaf, index, size, path) != root:
        raise BadProof(f"The path of entry {index} of {size} does not lead to the root.")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the new tree begins with the old one (§2.1.4.2).

    Rewritten when it is proven that it does not: it is shorter, it has another root at the same size, or the path
    leads to the new root and not to the old one. BadProof when the path proves nothing.
    """
    if not (0 <= old_size <= MAX_SIZE and 0 <= new_size <= MAX_SIZE):
        raise BadProof(f"A tree has 0 to {MAX_SIZE} entries.")
    _check_hashes(old_root, new_root, *path)
    if new_size < old_size:
        raise Rewritten(f"There were {old_size} entries, and now there are {new_size}.")
    if old_size in (0, new_size):
        _verify_without_path(old_size, old_root, new_size, new_root, path)
        return
    old, new = _roots_from_path(old_size, old_root, new_size, path)
    if new != new_root:
        raise BadProof(f"The path from {old_size} to {new_size} entries does not lead to the new root.")
    if old != old_root:
        raise Rewritten(f"The first {old_size} of the {new_size} entries are not what they were.")


def _verify_without_path(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """The two cases that need no path: nothing before, or nothing new."""
    if path:
        raise BadProof("A proof from nothing, or of no change, has no path.")
    if old_root != EMPTY_ROOT and old_size == 0:
        raise BadProof("A tree without entries has one root, and this is another.")
    if old_size == new_size and old_root != new_root:
        raise Rewritten(f"The same {old_size} entries have another root now.")


def _roots_from_path(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root to which `path` leads, for 0 < old_size < new_size."""
    # §2.1.4.2 step 2: a perfect old tree is a node of the new one and is left out of the path.
    nodes = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    if not path:
        raise BadProof(f"The path from {old_size} to {new_size} entries is missing.")
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise BadProof(f"The path from {old_size} to {new_size} entries is too long.")
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise BadProof(f"The path from {old_size} to {new_size} entries is too short.")
    return old, new


def _split(width: int) -> int:
    """The largest power of two below `width` (§2.1.1), for width > 1."""
    return 1 << ((width - 1).bit_length() - 1)


def _perfect_subtrees(size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots a frontier keeps, largest first."""
    ranges, start = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            ranges.append((start, start + (1 << bit)))
            start += 1 << bit
    return ranges


def _inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the path, from the leaf upwards."""
    ranges, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        ranges.append((middle, stop) if index < middle else (start, middle))
        start, stop = (start, middle) if index < middle else (middle, stop)
    return ranges[::-1]


def _consistency_ranges(old_size: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the consistency path, from the old tree's edge upwards."""
    ranges, start, stop = [], 0, size
    if old_size == 0:
        return []
    while stop != old_size:
        middle = start + _split(stop - start)
        left = old_size <= middle
        ranges.append((middle, stop) if left else (start, middle))
        start, stop = (start, middle) if left else (middle, stop)
    # Where the old tree is itself a node, the verifier knows it already; elsewhere its last part starts the path.
    return [*([(start, stop)] if start else []), *ranges[::-1]]


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_SIZE for each in hashes):
        raise BadProof(f"Every hash of a proof has {HASH_SIZE} bytes.")
