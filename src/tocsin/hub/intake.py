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

Steps 1 to 3 are `tocsin.hub.door`'s. Steps 6 to 9 are one job of `tocsin.hub.commits`: several requests share a
commit, none sees another's failure. What the verb refuses costs its nonce all the same: nobody can ask it again, in
another moment, with a copy of the request.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from tocsin.clock import DAY
from tocsin.errors import StorageError, TocsinError, TooMany
from tocsin.hub import receipts
from tocsin.hub.commits import Commits
from tocsin.hub.door import Door, SignedRequest, demand_unchanged
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.views.directory import demand_own_key
from tocsin.hub.workload import Workload
from tocsin.ids import check_id
from tocsin.proof.signing import Context
from tocsin.storage.store import Store, Transaction
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


class Intake(Door):
    """The door of the hub: who asks, and what becomes of it."""

    def __init__(self, hub: Exchange, commits: Commits, reader: Store, authority: str) -> None:
        """As the door's."""
        super().__init__(hub.clock, commits, reader, authority)
        self._hub = hub
        self._own_key = hub.identity.key
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
        judging = partial(self._judge, request, message, check)
        try:
            verb = await self._workload.run(request.sender.party.id, judging, len(request.body))
        except TooMany:
            raise
        except TocsinError as refusal:
            verb = _refusing(refusal)
        return await self._receipted(request, message, verb)

    def close(self) -> None:
        """Read no more."""
        self._workload.close()

    def _judge(self, request: SignedRequest, message: M, check: Check[M]) -> Verb[M]:
        refuse_repeated(request.body)
        return check(self._hub, request.sender, message)

    def _read(self, request: SignedRequest, kind: type[M]) -> M:
        message = decode(request.body, kind)  # (5)
        _demand_identifier(message.id)
        return message

    async def _receipted(
        self, request: SignedRequest, message: M, verb: Verb[M], *, erases: bool = False
    ) -> SignedReceipt:
        sender, claim = request.sender, request.claim

        def work(tx: Transaction) -> bytes | TocsinError:
            """Steps 6 to 9 of one message; a refusal is returned, since its nonce is spent all the same."""
            demand_own_key(tx, self._hub, self._own_key)  # (6)
            demand_unchanged(tx, sender.party)
            self.spend_nonce(tx, claim)
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
            """The nonce and the answer, together."""
            self.spend_nonce(tx, request.claim)
            return verb(tx, self._hub, request.sender, message)

        return await self._commits.run(work)

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
        """Spend nothing but the nonce."""
        raise refusal

    return refuse


def _demand_identifier(text: str) -> None:
    """Malformed unless it is one of the identifiers that a message may have; nothing else goes near a store."""
    prefix = text.partition("_")[0]
    check_id(text, prefix if prefix in _TOLD else _TOLD[0])
