# SPDX-License-Identifier: Apache-2.0
"""Recomputes a kept stream from its entries: every commitment, every leaf, the roots that were signed.

For whoever keeps entries and wants to know whether they still are what they were: the doctors of hub and agent.
"""

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.errors import BadProof
from tocsin.proof.leaf import LeafParts, check_body, commit_header, leaf_of
from tocsin.proof.merkle import EMPTY


class Kept(msgspec.Struct, frozen=True):
    """One entry as a store has it; `body` and `salt_b` are None once it was erased."""

    header: bytes
    salt_h: bytes
    origin_c: bytes
    body_c: bytes
    salt_b: bytes | None
    body: bytes | None


def demand_history(
    hub: str, realm: str, stream: str, entries: Iterable[Kept], roots: Mapping[int, bytes]
) -> None:
    """BadProof unless these entries, from the first on, have the root that is named for each size."""
    frontier = EMPTY
    for one in entries:
        if one.body is not None and one.salt_b is not None:
            check_body(one.body_c, one.salt_b, one.body)
        header = commit_header(one.salt_h, one.header)
        frontier = frontier.append(leaf_of(LeafParts(hub, realm, stream, one.origin_c, header, one.body_c)))
        wanted = roots.get(frontier.size)
        if wanted is not None and wanted != frontier.root():
            raise BadProof(f"{stream} at {frontier.size:,} entries is not what was signed.")
    if frontier.size < max(roots, default=0):
        raise BadProof(f"{stream} should have {max(roots):,} entries, and has {frontier.size:,}.")
