# SPDX-License-Identifier: Apache-2.0
"""Signing heads and having them witnessed, and proving any stream's head to its readers.

After every wave: (1) sign the next head of the log over all streams that moved; (2) propose it to the partner;
(3) keep its cosignature. An absent partner costs nothing but the word "late": the next proposal spans what it missed.
Readers wait for it no longer than `PATIENCE_SECONDS`, and not at all when it failed the last time.

A proposal is kept before it is sent (`tocsin.hub.heads.proposing`). The rules of both halves are in
`tocsin.halves.witness`.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import msgspec

from tocsin.errors import InputError, ProofError, StateError, TocsinError
from tocsin.halves.witness import Proposal, SignedHead, accept, sign_head
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.proposing import LogRow, introduce, keep, kept, make, partner_since, settle
from tocsin.hub.streams import StreamHead, closed_streams
from tocsin.hub.views.directory import demand_own_key, former_keys
from tocsin.proof import headmap
from tocsin.proof.headmap import HeadMap
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import VerifierKey, log_origin, open_note, open_under
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.ceremony import AskHeld, Held
from tocsin.wire.messages import Head

PATIENCE_SECONDS = 0.5
"""How long a head is held back for its cosignature: readers hear within a second of what happened."""

_REFUSALS = (ProofError, StateError, InputError)
"""What a partner says that changed nothing. Any other failure leaves open what it did."""


class Partner(Protocol):
    """The way to the partner; raises RemoteError when no answer came that says what it did."""

    key: VerifierKey

    async def witness(self, proposal: Proposal) -> str:
        """The note with its cosignature, or the error that it refused with."""

    async def held(self, ask: AskHeld) -> Held:
        """Everything that its newest cosignature stands for; asked by a hub that is being restored."""

    async def close(self) -> None:
        """Let go of the connection."""


class NotedHead(msgspec.Struct, frozen=True):
    """One stream's head as the newest leaf of the head log has it."""

    number: int
    name: str
    key: bytes
    noted_size: int
    noted_root: bytes


class Stand(msgspec.Struct, frozen=True):
    """The newest signed head, with every stream in it."""

    signed: SignedHead | None
    note: str
    """With the cosignature, once there is one."""
    streams: dict[str, NotedHead]
    witness: str
    """``witnessed``, ``unwitnessed`` (no partner is declared) or ``late``."""

    def proof(self, row: NotedHead) -> Head | None:
        """The head of one of these streams with its proof; None before anything was signed."""
        if self.signed is None:
            return None
        proof = self.signed.heads.prove(row.key, self.signed.log_before)
        return Head(
            stream=row.name,
            size=row.noted_size,
            root=row.noted_root,
            map_index=proof.map_index,
            map_size=proof.map_size,
            map_path=proof.map_path,
            log_path=proof.log_path,
            note=self.note,
        )


class _Overtaken(Exception):
    """No error: another process of this hub has just signed the next head."""


class Noting:
    """The head log of one hub process. Used from the event loop only."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store, partner: Partner | None) -> None:
        identity = hub.identity
        self._hub = hub
        self._commits = commits
        self._reader = reader
        self._partner = partner
        self._origin = log_origin(identity.id, identity.realm)
        self._key = identity.key
        self.last_refusal: TocsinError | None = None
        """Why the partner did not co-sign the last time, if it did not."""
        self._closed: set[bytes] = set()
        """Blinded names of streams that wait for one of their readers after a restore."""
        self.stand = self._load()
        self._met = False
        self._owed = set(self.stand.streams) if self.stand.witness == "late" else set()
        """Streams whose readers may not hold the newest head as it should be signed."""
        self.behind = False
        """Whether streams moved whose next head was not signed yet, because another is published first."""
        self._overtook: set[str] = set()
        """Streams whose head another process has signed, and of which `note` has not told yet."""
        self._asking: asyncio.Task[None] | None = None
        self._held_back: set[str] | None = None
        """While a partner that answered the last time is asked: streams whose head somebody wanted meanwhile."""

    def _load(self) -> Stand:
        """The newest head from the store: where a restarted hub goes on."""
        with self._reader.reading("newest head") as tx:
            rows = {row.name: row for row in tx.all("noted_heads", {}, into=NotedHead) if row.noted_size}
            closed = [headmap.StreamHead(row.key, row.size, row.root) for row in closed_streams(tx)]
            self._closed = {head.key for head in closed}
            log = tx.one("newest_log", {}, into=LogRow)
            before = tx.one("log_of_size", {"size": log.size - 1}, into=LogRow) if log else None
            since = partner_since(tx)
        if log is None:
            return Stand(None, "", {}, "unwitnessed" if self._partner is None else "late")
        noted = [headmap.StreamHead(row.key, row.noted_size, row.noted_root) for row in rows.values()]
        heads = HeadMap([*noted, *closed])
        log_before = Frontier.from_bytes(before.frontier) if before else EMPTY
        signed = SignedHead(heads, log_before, Frontier.from_bytes(log.frontier), log.note)
        cosigned = log.cosigned if log.size > since else None
        return Stand(signed, cosigned or log.note, rows, self._witness(cosigned=cosigned is not None))

    async def note(self, heads: Iterable[StreamHead]) -> frozenset[str]:
        """Sign the next head if any stream moved, and give the partner a moment to co-sign it.

        Returns the streams whose head is news; as late when the partner takes longer. Then it is asked on meanwhile,
        and what it co-signs is news before anything more is signed.
        """
        if not self._met:
            await self._meet_partner()
        self.look()
        news, self._overtook = self._overtook, set()
        moved = [
            head for head in heads if head.size > self._noted_size(head.name) and head.key not in self._closed
        ]
        answered = await self._answered(patiently=bool(moved))
        self.behind = bool(moved) and answered
        if moved and not self.behind:
            try:
                await self._sign(moved)
                news |= {head.name for head in moved}
            except _Overtaken:
                self.behind = True
        self._owed |= news
        if self._partner and self._asking is None and self.stand.signed and self.stand.witness == "late":
            await self._begin_to_ask(self._partner)
        if self.stand.witness != "late":
            news, self._owed = self._owed, set()
        return frozenset(news | self._let_go())

    def has_head(self, stream: str) -> bool:
        """Whether a stream has a head, though `prove` may wait for the partner."""
        return stream in self.stand.streams

    def _let_go(self) -> set[str]:
        """Streams whose head was held back, now that the partner has answered or has not."""
        held_back, self._held_back = self._held_back or set(), None
        return held_back

    async def _meet_partner(self) -> None:
        """Another partner than the one that co-signed until now has seen nothing: it begins with the next head."""
        if self._partner is not None:
            key = str(self._partner.key).encode()
            if await self._commits.run(lambda tx: introduce(tx, key), quiet=True):
                self.stand = self._load()
                self._owed = set(self.stand.streams)
        self._met = True

    def look(self) -> None:
        """Take over heads that another process of this hub has signed, or of streams that were reopened."""
        with self._reader.reading("newest head") as tx:
            log = tx.one("newest_log", {}, into=LogRow)
            closed = {row.key for row in closed_streams(tx)}
        signed = self.stand.signed
        if log is None or (signed is not None and log.size == signed.log.size and closed == self._closed):
            return
        before, self.stand = self.stand.streams, self._load()
        self._overtook |= {name for name, row in self.stand.streams.items() if before.get(name) != row}

    def prove(self, stream: str) -> Head | None:
        """The newest head of one stream with its proof; None while it has none.

        None too while a partner that can be reached is asked to co-sign it: `note` names the stream when it is done.
        """
        stand = self.stand
        row = stand.streams.get(stream)
        if row is None or stand.signed is None:
            return None
        if stand.witness == "late":  # whoever is given this head is owed it once more, as it should be signed
            self._owed.add(stream)
            if self._held_back is not None:
                self._held_back.add(stream)
                return None
        return stand.proof(row)

    @property
    def holds_back(self) -> bool:
        """Whether the newest head waits a moment for the partner that is asked to co-sign it."""
        return self._held_back is not None

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
        changed = [headmap.StreamHead(head.key, head.size, head.root) for head in moved]
        before = stand.signed.heads if stand.signed else HeadMap()
        log = stand.signed.log if stand.signed else EMPTY
        signed = sign_head(before.changed(changed), log, self._origin, identity.signing_key)

        def work(tx: Transaction) -> None:
            """The log's new end, the streams' heads in it, and the proposal to the partner."""
            demand_own_key(tx, self._hub, self._key)
            row: Params = {"size": signed.log.size, "leaf": signed.heads.log_leaf(), "note": signed.note}
            frontier, now = signed.log.to_bytes(), self._hub.clock.now()
            if tx.run("append_log", {**row, "frontier": frontier, "added": now}) != 1:
                raise _Overtaken
            for head in moved:
                tx.run("note_stream", {"number": head.number, "size": head.size, "root": head.root})
            if self._partner is not None and kept(tx) is None:
                make(tx, signed)

        await self._commits.run(work, quiet=True)
        rows = {
            head.name: NotedHead(head.number, head.name, head.key, head.size, head.root) for head in moved
        }
        self.stand = Stand(signed, signed.note, self.stand.streams | rows, self._witness(cosigned=False))

    async def _begin_to_ask(self, partner: Partner) -> None:
        """(2) and (3), for the proposal whose fate is open and those after it; returns after a moment in any case."""
        self._asking = asyncio.create_task(self._ask(partner))
        if self.last_refusal is None:
            self._held_back = set()
        await self._answered(patiently=True)

    async def _answered(self, *, patiently: bool) -> bool:
        """Whether the partner that was being asked has now co-signed the newest head; waits for it a moment."""
        if self._asking is None:
            return False
        patience = PATIENCE_SECONDS if patiently and self.last_refusal is None else 0
        done, _ = await asyncio.wait({self._asking}, timeout=patience)
        if done:
            self._asking = None
        for task in done:
            task.result()
        return self.stand.witness == "witnessed"

    async def _ask(self, partner: Partner) -> None:
        try:
            while self.stand.witness == "late" and self.stand.signed is not None:
                await self._have_witnessed(partner, self.stand.signed)
        except TocsinError as error:
            self.last_refusal = error
        else:
            self.last_refusal = None

    async def stop(self) -> None:
        """Ask no more: what the partner does now is learned by asking again after the next start."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _have_witnessed(self, partner: Partner, signed: SignedHead) -> None:
        with self._reader.reading("what was proposed") as tx:
            proposal = kept(tx)
        if proposal is None:
            proposal = await self._commits.run(lambda tx: kept(tx) or make(tx, signed), quiet=True)
        try:
            cosigned = await partner.witness(proposal)
        except _REFUSALS:  # it holds what it held before: the next proposal is made anew
            await self._commits.run(lambda tx: keep(tx, None), quiet=True)
            raise
        key = self._signer_of(proposal.note)
        accept(proposal.note, cosigned, key, partner.key)
        size = open_note(proposal.note, key).checkpoint.size
        await self._commits.run(lambda tx: settle(tx, proposal, size, cosigned), quiet=True)
        newest = self.stand.signed
        if newest is not None and size == newest.log.size:
            self.stand = Stand(newest, cosigned, self.stand.streams, "witnessed")

    def _signer_of(self, note: str) -> VerifierKey:
        """Which of the hub's keys signed it: a proposal from before a rotation still has its fate to learn."""
        with self._reader.reading("the hub's keys") as tx:
            keys = [self._key, *former_keys(tx, self._key)]
        lines = open_under(note, keys).lines
        return next(
            key for key in keys if any((line.name, line.key_id) == (key.name, key.id) for line in lines)
        )
