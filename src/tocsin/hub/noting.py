# SPDX-License-Identifier: Apache-2.0
"""Signing heads and having them witnessed, and proving any stream's head to its readers.

After every wave: (1) sign the next head of the log over all streams that moved; (2) propose it to the partner;
(3) keep its cosignature. An absent partner costs nothing but the word "late": the next proposal spans what it missed.
The rules of both halves are in `tocsin.halves.witness`.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from tocsin.errors import TocsinError
from tocsin.halves.witness import Proposal, SignedHead, accept, moved_head, propose, sign_head
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import StreamHead
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap, head_key
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import KeyKind, VerifierKey, log_origin
from tocsin.storage.store import Store, Transaction
from tocsin.wire.messages import Head


class Partner(Protocol):
    """The way to the partner; raises RemoteError when it does not answer in time."""

    key: VerifierKey

    async def witness(self, proposal: Proposal) -> str:
        """The note with its cosignature, or the error that it refused with."""

    async def close(self) -> None:
        """Let go of the connection."""


class _Noted(msgspec.Struct, frozen=True):
    number: int
    name: str
    salt: bytes
    noted_size: int
    noted_root: bytes


class _Unwitnessed(msgspec.Struct, frozen=True):
    number: int
    name: str
    salt: bytes
    noted_size: int
    witnessed_size: int
    witnessed_frontier: bytes


class _LogRow(msgspec.Struct, frozen=True):
    size: int
    leaf: bytes
    frontier: bytes
    note: str
    cosigned: str | None
    added: int


class _Leaf(msgspec.Struct, frozen=True):
    leaf: bytes


class Stand(msgspec.Struct, frozen=True):
    """The newest signed head, with every stream in it."""

    signed: SignedHead | None
    note: str
    """With the cosignature, once there is one."""
    streams: dict[str, _Noted]
    witness: str
    """``witnessed``, ``unwitnessed`` (no partner is declared) or ``late``."""


class Noting:
    """The head log of one hub process. Used from the event loop only."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store, partner: Partner | None) -> None:
        identity = hub.identity
        self._hub = hub
        self._commits = commits
        self._reader = reader
        self._partner = partner
        self._origin = log_origin(identity.id, identity.realm)
        self._key = VerifierKey(self._origin, KeyKind.NOTE, identity.signing_key.public)
        self.last_refusal: TocsinError | None = None
        """Why the partner did not co-sign the last time, if it did not."""
        self.stand = self._load()

    def _load(self) -> Stand:
        """The newest head from the store: where a restarted hub goes on."""
        with self._reader.reading("newest head") as tx:
            rows = {row.name: row for row in tx.all("noted_heads", {}, into=_Noted) if row.noted_size}
            log = tx.one("newest_log", {}, into=_LogRow)
            before = tx.one("log_of_size", {"size": log.size - 1}, into=_LogRow) if log else None
        if log is None:
            return Stand(None, "", {}, "unwitnessed" if self._partner is None else "late")
        heads = HeadMap(
            headmap.StreamHead(_blind(row), row.noted_size, row.noted_root) for row in rows.values()
        )
        log_before = Frontier.from_bytes(before.frontier) if before else EMPTY
        signed = SignedHead(heads, log_before, Frontier.from_bytes(log.frontier), log.note)
        return Stand(signed, log.cosigned or log.note, rows, self._witness(cosigned=log.cosigned is not None))

    async def note(self, heads: Iterable[StreamHead]) -> frozenset[str]:
        """Sign the next head if any stream moved, and have it witnessed; returns the streams whose head is news."""
        moved = [head for head in heads if head.size > self._noted_size(head.name)]
        if not moved and not (self.stand.witness == "late" and self._partner and self.stand.signed):
            return frozenset()
        if moved:
            await self._sign(moved)
        news = {head.name for head in moved}
        if self._partner is not None:
            news |= await self._ask(self._partner)
        return frozenset(news)

    def prove(self, stream: str) -> Head | None:
        """The newest head of one stream with its proof; None while it has none."""
        stand = self.stand
        row = stand.streams.get(stream)
        if row is None or stand.signed is None:
            return None
        proof = stand.signed.heads.prove(_blind(row), stand.signed.log_before)
        return Head(
            stream=stream,
            salt=row.salt,
            size=row.noted_size,
            root=row.noted_root,
            map_index=proof.map_index,
            map_size=proof.map_size,
            map_path=proof.map_path,
            log_path=proof.log_path,
            note=stand.note,
        )

    def _noted_size(self, stream: str) -> int:
        row = self.stand.streams.get(stream)
        return row.noted_size if row else 0

    def _witness(self, *, cosigned: bool) -> str:
        if self._partner is None:
            return "unwitnessed"
        return "witnessed" if cosigned else "late"

    async def _sign(self, moved: list[StreamHead]) -> None:
        """(1) The next head, durable before anybody hears of it."""
        stand, identity = self.stand, self._hub.identity
        changed = [headmap.StreamHead(head_key(head.salt, head.name), head.size, head.root) for head in moved]
        before = stand.signed.heads if stand.signed else HeadMap()
        log = stand.signed.log if stand.signed else EMPTY
        signed = sign_head(before.changed(changed), log, self._origin, identity.signing_key)

        def work(tx: Transaction) -> None:
            tx.run(
                "append_log",
                {
                    "size": signed.log.size,
                    "leaf": signed.heads.log_leaf(),
                    "frontier": signed.log.to_bytes(),
                    "note": signed.note,
                    "added": self._hub.clock.now(),
                },
            )
            for head in moved:
                tx.run("note_stream", {"number": head.number, "size": head.size, "root": head.root})

        await self._commits.run(work)
        rows = {head.name: _Noted(head.number, head.name, head.salt, head.size, head.root) for head in moved}
        self.stand = Stand(signed, signed.note, stand.streams | rows, self._witness(cosigned=False))

    async def _ask(self, partner: Partner) -> set[str]:
        """(2) and (3): the streams that the partner has now seen; none when it did not answer or refused."""
        signed = self.stand.signed
        assert signed is not None
        with self._reader.reading("what the partner missed") as tx:
            missed = tx.all("unwitnessed_streams", {}, into=_Unwitnessed)
            proposal = self._proposal(tx, signed, missed)
        try:
            cosigned = await partner.witness(proposal)
            accept(signed, cosigned, self._key, partner.key)
        except TocsinError as error:
            self.last_refusal = error
            return set()

        def work(tx: Transaction) -> None:
            tx.run("cosign_log", {"size": signed.log.size, "cosigned": cosigned})
            for row in missed:
                frontier = self._frontier(tx, row)
                size = row.noted_size
                tx.run(
                    "witness_stream", {"number": row.number, "size": size, "frontier": frontier.to_bytes()}
                )

        await self._commits.run(work)
        self.last_refusal = None
        self.stand = Stand(signed, cosigned, self.stand.streams, "witnessed")
        return {row.name for row in missed}

    def _proposal(self, tx: Transaction, signed: SignedHead, missed: list[_Unwitnessed]) -> Proposal:
        held_row = tx.one("newest_cosigned_log", {}, into=_LogRow)
        held = Frontier.from_bytes(held_row.frontier) if held_row else EMPTY
        limit = signed.log.size - 1 - held.size
        skipped = [
            row.leaf for row in tx.all("leaves_of_log", {"after": held.size, "limit": limit}, into=_Leaf)
        ]
        changes = [
            moved_head(_blind(row), Frontier.from_bytes(row.witnessed_frontier), _leaves(tx, row))
            for row in missed
        ]
        return propose(signed, held, skipped, changes)

    def _frontier(self, tx: Transaction, row: _Unwitnessed) -> Frontier:
        return Frontier.from_bytes(row.witnessed_frontier).extend(_leaves(tx, row))


def _blind(row: _Noted | _Unwitnessed) -> bytes:
    return head_key(row.salt, row.name)


def _leaves(tx: Transaction, row: _Unwitnessed) -> list[bytes]:
    """Leaf hashes of a stream since the partner last saw it."""
    span = {
        "stream": row.number,
        "after": row.witnessed_size - 1,
        "limit": row.noted_size - row.witnessed_size,
    }
    return [leaf.leaf for leaf in tx.all("leaves_of_stream", span, into=_Leaf)]
