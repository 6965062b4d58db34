# SPDX-License-Identifier: Apache-2.0
"""The epoch documents that relay and partner each stand by: signed, kept, and looked up all day.

What is looked at before a signature is in `tocsin.halves.epochs`. Used from one thread.
"""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.errors import Conflict
from tocsin.halves.epochs import KEPT, Operator, Signed, sign_document
from tocsin.storage.store import Store, Transaction
from tocsin.wire.epoch import EpochDocument, EpochSigned, Roster, SignEpoch, read_document
from tocsin.wire.messages import decode


class Live(msgspec.Struct, frozen=True):
    """An epoch with what is looked up in it."""

    number: int
    data: bytes
    """The very bytes that were signed."""
    document: EpochDocument
    keys: dict[bytes, bytes]
    """Each member's signing key by the 16 bytes of its identifier."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the document."""
        return sha256(self.data).digest()


class Epochs:
    """What one operator has signed."""

    def __init__(
        self, store: Store, operator: Operator, clock: Clock, gateway: Callable[[int], bytes]
    ) -> None:
        """`gateway` gives the operator's key configuration for an epoch, empty from the relay."""
        self._store, self.operator, self._clock, self._gateway = store, operator, clock, gateway
        with store.reading("epochs") as tx:
            self._signed = tx.all("signed_epochs", {}, into=Signed)
        self._live = {one.number: _live(one) for one in self._signed}

    def sign(self, asked: SignEpoch) -> EpochSigned:
        """The operator's word, once it is durable; Refused or Conflict says why there is none.

        The roster is taken anew each time: keys of members change within an epoch.
        """
        document = read_document(asked.document)
        signature = sign_document(
            asked.document,
            asked.roster,
            self.operator,
            self._gateway(document.number),
            self._signed,
            self._clock.now(),
        )
        signed = Signed(document.number, asked.document, asked.roster)

        def keep(tx: Transaction) -> None:
            """The document, durable before its signature is given."""
            tx.run("keep_epoch", msgspec.structs.asdict(signed))
            tx.run("bound_epochs", {"below": signed.number - KEPT})

        self._store.run("sign epoch", keep)
        others = (one for one in self._signed if one.number != signed.number)
        self._signed = sorted([*others, signed], key=lambda one: one.number)[
            -KEPT:
        ]  # a roster comes late, too
        self._live[signed.number] = _live(signed)
        return EpochSigned(signature=signature)

    def demand_next(self, number: int) -> None:
        """Conflict unless an epoch of that number may come next, or is the newest already."""
        if self._signed and number - self._signed[-1].number not in (0, 1):
            raise Conflict(
                f"Epoch {self._signed[-1].number} was signed last, and {number} does not follow it."
            )

    def get(self, number: int) -> Live | None:
        """One epoch, or None for one that was not signed here."""
        return self._live.get(number)

    def at(self, now: Instant) -> Live | None:
        """The epoch that a moment lies in, of two the later; None between two of them."""
        found = [one for one in self._live.values() if one.document.holds(now)]
        return max(found, key=lambda one: one.number, default=None)

    def near(self, now: Instant) -> Live | None:
        """The same, or else the newest before."""
        before = [one for one in self._live.values() if one.document.begins <= now]
        return self.at(now) or max(before, key=lambda one: one.number, default=None)


def _live(signed: Signed) -> Live:
    document = read_document(signed.document)
    members = decode(signed.roster, Roster).members
    keys = {bytes.fromhex(one.party.partition("_")[2]): one.signing_key for one in members}
    return Live(signed.number, signed.document, document, keys)
