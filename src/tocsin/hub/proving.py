# SPDX-License-Identifier: Apache-2.0
"""Proving that the head log only grew: for a reader who compares two notes of different sizes."""

import msgspec

from tocsin.errors import Malformed, TooLarge
from tocsin.hub.proposing import LogRow
from tocsin.proof.merkle import consistency_proof_from
from tocsin.storage.store import Transaction
from tocsin.wire.messages import Consistency

MAX_SPAN = 1_000_000
"""Heads between the two sizes: what one request may make the hub read."""


class _Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


def prove_extension(tx: Transaction, old: int, new: int) -> Consistency:
    """That the log of `new` heads begins with the log of `old` (RFC 9162 §2.1.4); Malformed for sizes it never had."""
    log = tx.one("newest_log", {}, into=LogRow)
    if log is None or not 0 < old <= new <= log.size:
        raise Malformed("old and new are sizes that the log has had, the smaller one first.")
    if new > MAX_SPAN:
        raise TooLarge(f"A proof spans at most {MAX_SPAN} heads.")

    def read(start: int, stop: int) -> list[bytes]:
        rows = tx.all("leaves_of_log", {"after": start, "limit": stop - start}, into=_Leaf)
        return [row.leaf for row in rows]

    return Consistency(old=old, new=new, path=consistency_proof_from(read, old, new))
