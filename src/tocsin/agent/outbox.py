# SPDX-License-Identifier: Apache-2.0
"""Approved messages on their way to the hub: kept until receipted, sent again after anything that may pass.

A message is sealed in the vault until the hub has signed for it. The hub answers a repeated message with the same
receipt, so two senders of one outbox, or a crash after sending, do no harm.
"""

from contextlib import suppress

import msgspec

from tocsin.agent.history.directory import hub_keys
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.clock import SECOND, Clock, Instant
from tocsin.errors import (
    BadSignature,
    ClockSkew,
    InputError,
    NotActive,
    NotBuilt,
    RemoteError,
    Replayed,
    TocsinError,
    TooMany,
    TooSlow,
    Unauthenticated,
    Unknown,
)
from tocsin.ids import Entropy
from tocsin.privacy.box import Box
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Store, Transaction
from tocsin.wire.messages import Receipt, SignedReceipt, Told, decode, encode
from tocsin.wire.problem import to_error, to_problem

BATCH = 50
"""Messages sent in one round."""
_FIRST_WAIT_SECONDS = 1
_LONGEST_WAIT_SECONDS = 300


class Settled(msgspec.Struct, frozen=True):
    """How one message ended: the hub's receipt, or its refusal."""

    id: str
    receipt: Receipt | None
    problem: str = ""


class MessageState(msgspec.Struct, frozen=True):
    """Where one message is."""

    id: str
    state: str
    tries: int
    answer: bytes | None


class Waiting(msgspec.Struct, frozen=True):
    """One message that has no answer yet."""

    id: str
    queued: int
    tries: int
    next_try: int
    """Not sent again before then."""


class _Posted(msgspec.Struct, frozen=True):
    path: str
    body: bytes


class _Sealed(msgspec.Struct, frozen=True):
    box: bytes


class _Due(msgspec.Struct, frozen=True):
    id: str
    tries: int
    box: bytes


class Outbox:
    """The queue of one agent."""

    def __init__(self, store: Store, box: Box, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._box = box
        self._clock = clock
        self._entropy = entropy

    def queue(self, tx: Transaction, path: str, message: Told) -> None:
        """Put an approved message in line, in the transaction of its approval."""
        posted = msgspec.msgpack.encode(_Posted(path, encode(message)))
        sealed = self._box.seal(posted, f"outbox/{message.id}")
        tx.run("queue_message", {"id": message.id, "queued": self._clock.now(), "box": sealed})

    def state(self, message_id: str) -> MessageState | None:
        """Where a message is; None when it was never queued."""
        with self._store.reading("message state") as tx:
            return tx.one("message_by_id", {"id": message_id}, into=MessageState)

    def body(self, message_id: str) -> bytes:
        """The bytes of a message as they were queued; Unknown when it never was."""
        with self._store.reading("queued message") as tx:
            row = tx.one("message_box", {"id": message_id}, into=_Sealed)
        if row is None:
            raise Unknown(f"There is no message {message_id[:60]!r} in the outbox.")
        return self._opened(row.box, message_id).body

    def waiting(self) -> list[Waiting]:
        """What was approved and has no answer yet, the oldest first."""
        with self._store.reading("waiting messages") as tx:
            return tx.all("waiting_messages", {}, into=Waiting)

    async def flush(self, hub: SignedHub, membership: Membership) -> list[Settled]:
        """Send what is due, one after the other; stops at the first that did not get through."""
        with self._store.reading("due messages") as tx:
            due = tx.all("due_messages", {"now": self._clock.now(), "limit": BATCH}, into=_Due)
        settled = []
        for one in due:
            posted = self._opened(one.box, one.id)
            try:
                data = await hub.post(posted.path, posted.body)
                with self._store.reading("the hub's keys") as tx:
                    answer, receipt = _read(tx, data, membership, one.id)
            except TocsinError as error:
                if _may_pass(error):
                    self._put_off(one)
                    raise
                self._settle(one.id, "refused", encode(to_problem(error)))
                settled.append(Settled(one.id, None, error.diagnostics()))
            else:
                self._settle(one.id, "receipted", encode(answer))
                settled.append(Settled(one.id, receipt))
        return settled

    def _opened(self, box: bytes, message_id: str) -> _Posted:
        return msgspec.msgpack.decode(self._box.open(box, f"outbox/{message_id}"), type=_Posted)

    def _put_off(self, one: _Due) -> None:
        """Try later, twice as late each time, at a random moment so that many agents do not come together."""
        longest = min(_FIRST_WAIT_SECONDS * 2**one.tries, _LONGEST_WAIT_SECONDS) * SECOND
        wait = longest // 2 + int.from_bytes(self._entropy(4)) % (longest // 2)
        with self._store.transaction("put off message") as tx:
            tx.run("put_off_message", {"id": one.id, "next_try": Instant(self._clock.now() + wait)})

    def _settle(self, message_id: str, state: str, answer: bytes) -> None:
        with self._store.transaction("settle message") as tx:
            tx.run("settle_message", {"id": message_id, "state": state, "answer": answer})


def settled_state(tx: Transaction, state: MessageState | None, membership: Membership) -> Settled | None:
    """How a message ended, from the outbox; None while it waits."""
    if state is None or state.answer is None:
        return None
    if state.state == "receipted":
        return Settled(state.id, check_receipt(tx, decode(state.answer, SignedReceipt), membership, state.id))
    return Settled(state.id, None, to_error(state.answer, 0).diagnostics())


def _may_pass(error: TocsinError) -> bool:
    """Whether sending again may help: a fault of theirs or of the way, a clock, a request seen twice, a party that is
    suspended or asks too much, or whose keys are being replaced.

    A receipt that does not verify counts here too: it is no answer, and the message is not given up for it.
    """
    return isinstance(error, ClockSkew | Replayed | Unauthenticated | NotActive | TooMany | TooSlow) or (
        error.status >= 500 and not isinstance(error, NotBuilt)
    )


def _read(
    tx: Transaction, data: bytes, membership: Membership, message_id: str
) -> tuple[SignedReceipt, Receipt]:
    """The hub's answer; RemoteError for anything else, such as the page of a box on the way: it is no refusal."""
    try:
        answer = decode(data, SignedReceipt)
        return answer, check_receipt(tx, answer, membership, message_id)
    except InputError as error:
        raise RemoteError(f"What came back is no receipt: {error.detail}") from None


def check_receipt(tx: Transaction, answer: SignedReceipt, membership: Membership, message_id: str) -> Receipt:
    """The receipt, if the hub signed it for this party's message; BadSignature otherwise.

    The hub's key at the directory size that the receipt names has signed it, or, when it was given again, a later one.
    """
    context = Context("receipt", membership.realm, membership.hub)
    receipt = decode(answer.receipt, Receipt)
    for key in hub_keys(tx, membership, receipt.directory):
        with suppress(BadSignature):
            verify(key.public, context, answer.receipt, answer.signature)
            break
    else:
        raise BadSignature(
            "No key of the hub that this agent knows has signed the receipt. If the hub changed its key, tocsin agent "
            "serve learns of it; until then the message is kept."
        )
    if (receipt.message, receipt.party) != (message_id, membership.party):
        raise BadSignature("The receipt is for another message or another party.")
    return receipt
