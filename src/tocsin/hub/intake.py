# SPDX-License-Identifier: Apache-2.0
"""From socket to durable, in numbered steps. Each can only refuse; nothing is taken in before it is authenticated.

(1) The request carries a signature of our profile (RFC 9421), under a party that the directory knows.
(2) The signature covers method, host, path, query and the digest of the body to come, and is fresh.
(3) The party is active.
(4) Only now is the body read: it is within its bound and has the digest that was signed.
(5) The body is a message of the kind that this address takes, with an identifier, and names no field twice.
(6) The party still stands as in (1) and (3), in the transaction that writes; this process's key counts; the nonce is
    new.
(7) A message that was receipted before gets the same receipt again; another one under its identifier is a conflict.
(8) The verb does its work, with a verdict for each object.
(9) The receipt is stored in the same transaction, which becomes durable.
(10) The receipt is signed and given.

Steps 6 to 9 are one job of `tocsin.hub.commits`: several requests share a commit, none sees another's failure. What
the verb refuses costs its nonce all the same: nobody can ask it again, in another moment, with a copy of the request.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from tocsin.clock import DAY
from tocsin.domain.party import Party, Standing
from tocsin.errors import Forbidden, NotActive, Replayed, StorageError, TocsinError, TooMany, Unauthenticated
from tocsin.hub import receipts
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.streams import Origin
from tocsin.hub.views.directory import demand_own_key, party_by_id
from tocsin.hub.workload import Workload
from tocsin.ids import check_id
from tocsin.proof.httpsig import MAX_SKEW, SignatureClaim, check_signature, read_signature
from tocsin.proof.signing import Context
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.messages import Message, Outcome, SignedReceipt, Told, decode
from tocsin.wire.repeated import refuse_repeated

RECEIPTS_KEPT = 90 * DAY
"""How long a repeated message brings its receipt again: longer than an agent is offline."""

_TOLD = ("msg", "rpt", "wrn")

M = TypeVar("M", bound=Told)
Q = TypeVar("Q", bound=Message)
R = TypeVar("R")
Verb = Callable[[Transaction, Exchange, Sender, M], tuple[Outcome, ...]]
Check = Callable[[Exchange, Sender, M], Verb[M]]
"""Judges everything about a message for which no store is needed, and gives the verb for the rest."""
Asked = Callable[[Transaction, Exchange, Sender, Q], R]


class RequestHead(msgspec.Struct, frozen=True):
    """A request as it came, without its body: what its signature may cover."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class SignedRequest(msgspec.Struct, frozen=True):
    """A request whose signature was checked, whole after step 4."""

    sender: Sender
    claim: SignatureClaim
    body: bytes = b""


class Intake:
    """The door of the hub: who asks, and what becomes of it."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store, authority: str) -> None:
        """`authority` is the host of the hub's public URL: what a signature must cover, whatever a proxy says."""
        self._hub = hub
        self._commits = commits
        self._reader = reader
        self._authority = authority
        self._workload = Workload(hub.clock)

    async def accept(
        self, request: SignedRequest, kind: type[M], verb: Verb[M], *, erases: bool = False
    ) -> SignedReceipt:
        """Steps 5 to 10 for a message; raises the error of the step that refused."""
        message = self._read(request, kind)
        refuse_repeated(request.body)
        return await self._receipted(request, message, verb, erases=erases)

    async def accept_checked(self, request: SignedRequest, kind: type[M], check: Check[M]) -> SignedReceipt:
        """The same for a message that takes long to read: step 8 begins before the transaction, in the party's turn."""
        message = self._read(request, kind)
        sender = request.sender

        def read() -> Verb[M]:
            refuse_repeated(request.body)
            return check(self._hub, sender, message)

        try:
            verb = await self._workload.run(sender.party.id, read)
        except TooMany:
            raise
        except TocsinError as refusal:
            verb = _refusing(refusal)
        return await self._receipted(request, message, verb)

    def close(self) -> None:
        """Read no more."""
        self._workload.close()

    def _read(self, request: SignedRequest, kind: type[M]) -> M:
        message = decode(request.body, kind)  # (5)
        _demand_identifier(message.id)
        return message

    async def _receipted(
        self, request: SignedRequest, message: M, verb: Verb[M], *, erases: bool = False
    ) -> SignedReceipt:
        sender, claim = request.sender, request.claim

        def work(tx: Transaction) -> bytes | TocsinError:
            demand_own_key(tx, self._hub, self._hub.identity.key)  # (6)
            _demand_unchanged(tx, sender.party)
            self._spend_nonce(tx, claim)
            try:
                if receipt := receipts.earlier(tx, sender.party.id, message.id, request.body):  # (7)
                    return receipt
                with tx.savepoint():
                    outcomes = verb(tx, self._hub, sender, message)  # (8)
            except StorageError:
                raise
            except TocsinError as refusal:
                return refusal
            return self._store_receipt(tx, sender.party.id, message.id, request.body, outcomes)  # (9)

        receipt = await self._commits.run(work, erases=erases)
        if isinstance(receipt, TocsinError):
            raise receipt
        context = Context("receipt", self._hub.identity.realm, self._hub.identity.id)
        return SignedReceipt(
            receipt=receipt, signature=self._hub.identity.signing_key.sign(context, receipt)
        )  # (10)

    async def ask(self, request: SignedRequest, kind: type[Q], verb: Asked[Q, R]) -> R:
        """Steps 5, 6 and 8, for a message that is answered and leaves no receipt."""
        message = decode(request.body, kind)

        def work(tx: Transaction) -> R:
            self._spend_nonce(tx, request.claim)
            return verb(tx, self._hub, request.sender, message)

        return await self._commits.run(work)

    async def admit(self, request: SignedRequest) -> Party:
        """Step 6 for a request that only reads."""

        def work(tx: Transaction) -> None:
            _demand_unchanged(tx, request.sender.party)
            self._spend_nonce(tx, request.claim)

        await self._commits.run(work)
        return request.sender.party

    def authenticate(self, request: RequestHead) -> SignedRequest:
        """Steps 1 to 3, before the body is there."""
        claim = read_signature(
            request.headers.get("signature-input"),
            request.headers.get("signature"),
            request.headers.get("content-digest"),
        )  # (1)
        with self._reader.reading("who asks") as tx:
            party = party_by_id(tx, claim.keyid)
        if party is None:
            raise Unauthenticated("The directory knows no such party.")
        check_signature(  # (2)
            claim,
            party.signing_key,
            method=request.method,
            authority=self._authority,
            path=request.path,
            query=request.query,
            now=self._hub.clock.now(),
        )
        _demand_active(party)  # (3)
        origin = Origin(owner=party.id, record=_origin_record(party.id, request.headers))
        return SignedRequest(Sender(party, origin), claim)

    def _spend_nonce(self, tx: Transaction, claim: SignatureClaim) -> None:
        # Longer than `forget_at`: a request may wait here after its age was checked.
        tx.run("purge_nonces", {"now": self._hub.clock.now() - MAX_SKEW})
        nonce: Params = {"keyid": claim.keyid, "nonce": claim.nonce, "expires": claim.forget_at}
        if tx.run("insert_nonce", nonce) != 1:
            raise Replayed("")

    def _store_receipt(
        self, tx: Transaction, party: str, identifier: str, body: bytes, outcomes: tuple[Outcome, ...]
    ) -> bytes:
        now = self._hub.clock.now()
        receipt = receipts.write(tx, self._hub, party, identifier, body, outcomes)
        tx.run("purge_messages", {"before": now - RECEIPTS_KEPT})
        tx.run("insert_message", {"party": party, "id": identifier, "receipt": receipt, "added": now})
        return receipt


def _refusing(refusal: TocsinError) -> Verb[Told]:
    """The verb of a message that was refused before: it costs its nonce all the same."""

    def refuse(tx: Transaction, hub: Exchange, sender: Sender, message: Told) -> tuple[Outcome, ...]:
        raise refusal

    return refuse


def _demand_identifier(text: str) -> None:
    """Malformed unless it is one of the identifiers that a message may have; nothing else goes near a store."""
    prefix = text.partition("_")[0]
    check_id(text, prefix if prefix in _TOLD else _TOLD[0])


def _demand_active(party: Party) -> None:
    if party.standing is Standing.LEFT:
        raise Forbidden("It has left the alliance.")  # for good: nothing may wait for its return
    if party.standing is not Standing.ACTIVE:
        raise NotActive(f"It is {party.standing}.")


def _demand_unchanged(tx: Transaction, admitted: Party) -> None:
    """What was admitted a moment ago is judged again by the directory as it stands in this transaction."""
    party = party_by_id(tx, admitted.id)
    if party is None or party.signing_key != admitted.signing_key:
        raise Unauthenticated("Its key was replaced a moment ago.")
    _demand_active(party)


def _origin_record(party: str, headers: Mapping[str, str]) -> bytes:
    """What the leaf commits to: who sent it and under which signature."""
    parts = (party, headers.get("signature-input", ""), headers.get("signature", ""))
    return "\n".join(parts).encode()
