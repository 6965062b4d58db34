# SPDX-License-Identifier: Apache-2.0
"""From the head of one stream to the note that hub and partner signed.

::

    key      = HMAC-SHA256( secret, "tocsin/stream/v1" ‖ length:8 ‖ stream )             who lacks it learns no name
    map leaf = SHA-256( 0x00 ‖ framed( "tocsin/map/v1", key, size:8, root ) )            one a stream, sorted by hash
    log leaf = SHA-256( 0x00 ‖ framed( "tocsin/log/v1", streams:8, root of the map ) )   one a head, appended for ever

Leaf n of the head log holds the whole map at that moment, and the note signs the log up to it. So a reader of one
stream checks two short paths, and learns nothing of the other streams but how many there are: readers know the secret
(`tocsin.follow.names`), so a leaf's place must not follow from its key, or its neighbours on the path had names.

That a stream stands in the map once is the partner's word: it rebuilds the map (`tocsin.halves.witness`). An
unwitnessed head is the hub's word alone.
"""

import hmac
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from tocsin.errors import BadProof, Malformed, Unknown
from tocsin.proof.encoding import framed, name_bytes
from tocsin.proof.leaf import SALT_SIZE
from tocsin.proof.merkle import HASH_SIZE, MAX_SIZE, Frontier, leaf_hash, root_from_path
from tocsin.proof.note import Checkpoint
from tocsin.proof.tree import Tree


class StreamHead(msgspec.Struct, frozen=True):
    """One stream's head, under its blinded name. Malformed when it cannot be one."""

    key: bytes
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if len(self.key) != HASH_SIZE or len(self.root) != HASH_SIZE or not 0 <= self.size <= MAX_SIZE:
            raise Malformed(f"A head has a key and a root of {HASH_SIZE} bytes and a size up to {MAX_SIZE}.")

    def leaf(self) -> bytes:
        """Its leaf hash in the map."""
        return leaf_hash(framed(b"tocsin/map/v1", self.key, self.size.to_bytes(8, "big"), self.root))


class HeadProof(msgspec.Struct, frozen=True):
    """The way from a stream's head to the root that a note signs."""

    map_index: int
    map_size: int
    map_path: tuple[bytes, ...]
    log_index: int
    """The note's size − 1: a note always signs the log up to the head that is proven."""
    log_path: tuple[bytes, ...]


def head_key(secret: bytes, stream: str) -> bytes:
    """The stream's name in the map; Malformed when the secret has not 32 bytes."""
    if len(secret) != SALT_SIZE:
        raise Malformed(f"What blinds a stream's name has {SALT_SIZE} bytes, not {len(secret)}.")
    return hmac.digest(secret, b"tocsin/stream/v1" + framed(name_bytes(stream)), "sha256")


def log_leaf(map_size: int, map_root: bytes) -> bytes:
    """The leaf hash of a whole map in the head log."""
    return leaf_hash(framed(b"tocsin/log/v1", map_size.to_bytes(8, "big"), map_root))


class HeadMap:
    """The heads of all streams at one moment; it never changes, `changed` gives another.

    About 500 bytes a stream. A change costs a new tree, 3 ms for 5,000 streams: no leaf keeps its place.
    """

    def __init__(self, heads: Iterable[StreamHead] = ()) -> None:
        self._heads: dict[bytes, StreamHead] = {}
        self._leaves: dict[bytes, bytes] = {}
        self._add(heads)

    def _add(self, heads: Iterable[StreamHead]) -> None:
        given = list(heads)
        added = {head.key: head for head in given}
        if len(added) != len(given):
            raise Malformed("A stream has one head, not two.")
        self._heads |= added
        self._leaves |= {key: head.leaf() for key, head in added.items()}
        self._order = sorted(self._leaves.values())
        self._tree = Tree(self._order)

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[StreamHead]:
        """The heads, sorted by key."""
        return iter(sorted(self._heads.values(), key=lambda head: head.key))

    def get(self, key: bytes) -> StreamHead | None:
        """The head of that stream, or None while it has none."""
        return self._heads.get(key)

    def root(self) -> bytes:
        """The root over all heads."""
        return self._tree.root()

    def log_leaf(self) -> bytes:
        """The leaf hash under which this map is appended to the head log."""
        return log_leaf(len(self), self.root())

    def changed(self, heads: Iterable[StreamHead]) -> "HeadMap":
        """The map with these heads new or moved; Malformed when one stream is named twice."""
        later = HeadMap()
        later._heads, later._leaves = dict(self._heads), dict(self._leaves)
        later._add(heads)
        return later

    def prove(self, key: bytes, log_before: Frontier) -> HeadProof:
        """The way of one stream's head into the log; `log_before` is the log just before this map was appended.

        Unknown when the stream has no head in this map.
        """
        if key not in self._leaves:
            raise Unknown("That stream has no head yet.")
        place = bisect_left(self._order, self._leaves[key])
        return HeadProof(
            map_index=place,
            map_size=len(self),
            map_path=self._tree.inclusion_proof(place),
            log_index=log_before.size,
            log_path=log_before.path_of_next(),
        )


def map_root(heads: Iterable[StreamHead]) -> bytes:
    """The root of the map over these heads, in any order."""
    return HeadMap(heads).root()


def check_head_proof(
    proof: HeadProof, *, stream: str, key: bytes, size: int, root: bytes, checkpoint: Checkpoint
) -> None:
    """Check that a note's checkpoint covers this head of this stream, under the key that it must have; BadProof says
    which step failed.

    The caller has opened the note; the realm and the hub are in its origin.
    """
    # (1) The stream has a head that can stand in a map.
    try:
        leaf = StreamHead(key, size, root).leaf()
    except Malformed as error:
        raise BadProof(f"Step 1, the head itself: {error.detail}") from None
    # (2) The map's path leads from that head to the root of a map.
    try:
        found = root_from_path(leaf, proof.map_index, proof.map_size, proof.map_path)
    except BadProof as error:
        raise BadProof(f"Step 2, from the head of {stream} to the map: {error.detail}") from None
    # (3) The note signs the log up to exactly this map, not some later one.
    if proof.log_index != checkpoint.size - 1:
        raise BadProof(
            f"Step 3, the place in the log: this is head {proof.log_index}, but the note's last is "
            f"{checkpoint.size - 1}."
        )
    # (4) The log's path leads from the map to the signed root.
    try:
        signed = root_from_path(
            log_leaf(proof.map_size, found), proof.log_index, checkpoint.size, proof.log_path
        )
    except BadProof as error:
        raise BadProof(f"Step 4, from the map to the note: {error.detail}") from None
    if signed != checkpoint.root:
        raise BadProof(
            f"Step 4, from the map to the note: no such size and root were signed "
            f"for {stream}, but others, or these under a name that is not its own."
        )
