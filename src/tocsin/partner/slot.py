# SPDX-License-Identifier: Apache-2.0
"""What came in one slot, in memory, and what relay and hub have said of it."""

from tocsin.proof.signing import Context, verify
from tocsin.wire.epoch import EpochDocument
from tocsin.wire.listing import Listing, listing_of
from tocsin.wire.slot import SignedCount, SlotResults, delivered_bytes


class Slot:
    """One slot that is not over yet."""

    def __init__(self) -> None:
        self.blobs: dict[bytes, bytes] = {}
        """By their SHA-256."""
        self.counted: SignedCount | None = None
        self.told: SlotResults | None = None

    def in_order(self) -> tuple[bytes, ...]:
        """The blobs by their hashes."""
        return tuple(self.blobs[digest] for digest in sorted(self.blobs))

    def listing(self, salt: bytes, members: int) -> Listing:
        """What is said of them."""
        return listing_of(self.blobs, salt, members)

    def check_delivered(self, told: SlotResults, document: EpochDocument) -> None:
        """BadSignature unless the hub has signed for these very blobs."""
        word = told.delivered
        signed = delivered_bytes(
            told.epoch, told.slot, word.issued, self.listing(word.salt, document.members)
        )
        context = Context("slot-delivered", document.realm, document.hub)
        verify(document.hub_key, context, signed, word.signature)

    @property
    def bytes(self) -> int:
        """Of memory that it takes."""
        return sum(len(blob) for blob in self.blobs.values())
