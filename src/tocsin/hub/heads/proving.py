# SPDX-License-Identifier: Apache-2.0
"""Proving that what grew begins with what it was: the head log, for a reader who compares two notes of different
sizes, and a stream, for one who catches up and holds only its beginning.
"""

from functools import partial

import msgspec

from tocsin.errors import Malformed, TooLarge
from tocsin.hub.heads.proposing import LogRow
from tocsin.proof.merkle import consistency_proof_from
from tocsin.proof.tiles import nodes_of
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import Consistency

MAX_SPAN = 1_000_000
"""Heads between the two sizes: what one request may make the hub read."""


class _Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


class _Root(msgspec.Struct, frozen=True):
    root: bytes


def prove_extension(tx: Transaction, old: int, new: int) -> Consistency:
    """That the log of `new` heads begins with the log of `old` (RFC 9162 §2.1.4); Malformed for sizes it never had."""
    log = tx.one("newest_log", {}, into=LogRow)
    if log is None or not 0 < old <= new <= log.size:
        raise Malformed("old and new are sizes that the log has had, the smaller one first.")
    if new > MAX_SPAN:
        raise TooLarge(f"A proof spans at most {MAX_SPAN} heads.")

    def read(start: int, stop: int) -> list[bytes]:
        """Leaves from `start` to before `stop`, as the tree asks for them."""
        rows = tx.all("leaves_of_log", {"after": start, "limit": stop - start}, into=_Leaf)
        return [row.leaf for row in rows]

    return Consistency(old=old, new=new, path=consistency_proof_from(read, old, new))


def prove_beginning(tx: Transaction, stream: int, old: int, new: int) -> tuple[bytes, ...]:
    """That the stream of `new` entries begins with the first `old` (RFC 9162 §2.1.4).

    Reads at most a few hundred hashes of each height that is kept, however long the stream is.
    """

    def read(height: int, first: int, last: int) -> list[bytes]:
        """Roots of whole subtrees of that height, from `first` to before `last`; leaves at height 0."""
        if height == 0:
            asked: Params = {"stream": stream, "after": first - 1, "limit": last - first}
            return [row.leaf for row in tx.all("leaves_of_stream", asked, into=_Leaf)]
        span: Params = {"stream": stream, "height": height, "first": first, "last": last}
        return [row.root for row in tx.all("subtrees", span, into=_Root)]

    return consistency_proof_from(partial(nodes_of, read), old, new)
