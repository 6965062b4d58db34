# SPDX-License-Identifier: Apache-2.0
"""What the hub asks its partner to co-sign, kept in the store until its fate is known.

The partner may have co-signed what the hub never heard of, because it was killed or did not wait long enough. So the
same proposal is sent again, and only when it was co-signed or refused comes the next.
"""

import msgspec

from tocsin.halves.witness import Proposal, SignedHead, moved_head, propose
from tocsin.hub.views.directory import key_changes
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.storage.store import Transaction

PROPOSAL = "proposal"
"""The fact about the hub under which the proposal is kept whose fate is not known; empty: there is none."""

_PARTNER = "partner"
"""The fact that names the partner whose cosignatures count."""
_PARTNER_SINCE = "partner-since"
"""The fact that says above which size of the log they do."""


class _Unwitnessed(msgspec.Struct, frozen=True):
    number: int
    name: str
    key: bytes
    noted_size: int
    witnessed_size: int
    witnessed_frontier: bytes


class LogRow(msgspec.Struct, frozen=True):
    """The head log at one size."""

    size: int
    leaf: bytes
    frontier: bytes
    note: str
    cosigned: str | None
    added: int


class _Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


class _Fact(msgspec.Struct, frozen=True):
    value: bytes


def make(tx: Transaction, signed: SignedHead) -> Proposal:
    """The proposal of the newest head, kept until its fate is known."""
    missed = tx.all("unwitnessed_streams", {}, into=_Unwitnessed)
    proposal = _proposal(tx, signed, missed)
    keep(tx, proposal)
    return proposal


def settle(tx: Transaction, proposal: Proposal, size: int, cosigned: str) -> None:
    """The partner holds what was proposed, and co-signed the head of that size."""
    tx.run("cosign_log", {"size": size, "cosigned": cosigned})
    if size == partner_since(tx):  # it came when the newest head was signed already, and begins with that
        _count_above(tx, size - 1)
    sizes = {change.key: change.new_size for change in proposal.changes}
    for row in tx.all("unwitnessed_streams", {}, into=_Unwitnessed):
        if (seen := sizes.get(row.key)) is not None:
            frontier = Frontier.from_bytes(row.witnessed_frontier).extend(_leaves(tx, row, seen))
            tx.run("witness_stream", {"number": row.number, "size": seen, "frontier": frontier.to_bytes()})
    keep(tx, None)


def _proposal(tx: Transaction, signed: SignedHead, missed: list[_Unwitnessed]) -> Proposal:
    held_row = newest_cosigned(tx)
    held = Frontier.from_bytes(held_row.frontier) if held_row else EMPTY
    limit = signed.log.size - 1 - held.size
    skipped = [row.leaf for row in tx.all("leaves_of_log", {"after": held.size, "limit": limit}, into=_Leaf)]
    changes = [
        moved_head(row.key, Frontier.from_bytes(row.witnessed_frontier), _leaves(tx, row, row.noted_size))
        for row in missed
    ]
    return propose(signed, held, skipped, changes, key_changes(tx))


def introduce(tx: Transaction, key: bytes) -> bool:
    """Whether the partner of that key is another one than before; then it is as if nothing had been witnessed."""
    known = tx.one("get_meta", {"key": _PARTNER}, into=_Fact)
    if known is not None and known.value == key:
        return False
    tx.run("set_meta", {"key": _PARTNER, "value": key})
    if known is None:
        return False
    log = tx.one("newest_log", {}, into=LogRow)
    _count_above(tx, log.size if log else 0)
    tx.run("forget_witness", {"frontier": EMPTY.to_bytes()})
    keep(tx, None)
    return True


def newest_cosigned(tx: Transaction) -> LogRow | None:
    """The newest head that the present partner has co-signed; None before its first."""
    return tx.one("newest_cosigned_log", {"above": partner_since(tx)}, into=LogRow)


def partner_since(tx: Transaction) -> int:
    """Above which size of the head log cosignatures are the present partner's; 0 for the first."""
    row = tx.one("get_meta", {"key": _PARTNER_SINCE}, into=_Fact)
    return int(row.value) if row else 0


def _count_above(tx: Transaction, size: int) -> None:
    tx.run("set_meta", {"key": _PARTNER_SINCE, "value": str(size).encode()})


def kept(tx: Transaction) -> Proposal | None:
    """The proposal whose fate is not known, if there is one."""
    row = tx.one("get_meta", {"key": PROPOSAL}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=Proposal) if row and row.value else None


def keep(tx: Transaction, proposal: Proposal | None) -> None:
    """Keep it; None: the fate of the one before is known."""
    value = msgspec.msgpack.encode(proposal) if proposal else b""
    tx.run("set_meta", {"key": PROPOSAL, "value": value})


def _leaves(tx: Transaction, row: _Unwitnessed, size: int) -> list[bytes]:
    """Leaf hashes of a stream up to a size, since the partner last saw it."""
    span = {"stream": row.number, "after": row.witnessed_size - 1, "limit": size - row.witnessed_size}
    return [leaf.leaf for leaf in tx.all("leaves_of_stream", span, into=_Leaf)]
