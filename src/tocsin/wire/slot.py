# SPDX-License-Identifier: Apache-2.0
"""What relay, partner and hub say about a slot, and what every sender of the next slot is told.

A slot is closed by the partner's clock. The relay says how many members it admitted; the partner sorts the blobs by
their hashes and gives them to the hub, once, when the hub asks; the hub takes the reports in and gives back results,
sealed for their senders and filled up with random bytes to a constant number, and signs for the blobs that it was
given. From all this comes one record, the same for everybody, which is the reply to every envelope of the next slot.

When things happen in a slot of length L, by the clocks of relay and partner::

    0 … L            the relay admits envelopes for it; agents send in `SENDING`, to be told of the slot before
    L + L/20         the relay says how many it admitted, the partner takes no more
    L + L/10         the hub collects the blobs, and gives back results
    L + L/2          the record is signed, with results or without: nobody's reply waits for anything

What comes too late for a record is in a later one: results find their senders by their keys, wherever they stand.
"""

from functools import lru_cache
from hashlib import sha256

import msgspec

from tocsin.clock import SECOND
from tocsin.errors import Malformed
from tocsin.privacy.bhttp import BinaryResponse
from tocsin.proof.signing import SIGNATURE_SIZE
from tocsin.wire.envelope import RESULT_BYTES, SEALED_RESULT_BYTES
from tocsin.wire.listing import SALT_BYTES, Listing, listing_bytes
from tocsin.wire.messages import Message, Size, encode

_VERSION = b"\x01"
_HEAD_BYTES = 1 + 8 + 8 + 32 + 2 * (4 + SIGNATURE_SIZE) + SALT_BYTES
"""Of a record before its listing."""

SENDING = (0.55, 0.9)
"""The part of a slot in which agents send, each at a moment that it drew before. Clocks may differ by a little."""


def closing_after(slot_seconds: int) -> int:
    """Microseconds after its end at which a slot is closed; the hub collects after twice that."""
    return slot_seconds * SECOND // 20


def signing_after(slot_seconds: int) -> int:
    """Microseconds after its end at which the record of a slot is signed, whatever has come."""
    return slot_seconds * SECOND // 2


class SignedCount(Message, frozen=True, kw_only=True, tag="signed-count"):
    """The relay says how many members put an envelope into a slot: context ``slot-count``, over `count_bytes`."""

    epoch: Size
    slot: Size
    senders: Size
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the signature covers."""
        return count_bytes(self.epoch, self.slot, self.senders)


def count_bytes(epoch: int, slot: int, senders: int) -> bytes:
    """A count as the relay signs it: epoch:8 ‖ slot:8 ‖ senders:8."""
    return epoch.to_bytes(8) + slot.to_bytes(8) + senders.to_bytes(8)


class CollectSlot(Message, frozen=True, kw_only=True, tag="collect-slot"):
    """The hub asks the partner for the blobs of a closed slot. The same slot is given again only as it was."""

    epoch: Size
    slot: Size


class Delivered(msgspec.Struct, frozen=True):
    """The hub's word on what it was given of a slot: context ``slot-delivered``, over `delivered_bytes`.

    The salt was drawn when it had everything. So a partner that keeps a blob from the hub cannot list it any more.
    """

    salt: bytes
    """16 random bytes."""
    issued: Size
    """How many members have been given tokens of the epoch."""
    signature: bytes


def delivered_bytes(epoch: int, slot: int, issued: int, listing: Listing) -> bytes:
    """What the hub signs: epoch:8 ‖ slot:8 ‖ issued:8 ‖ salt:16 ‖ SHA-256 of the listing."""
    place = epoch.to_bytes(8) + slot.to_bytes(8) + issued.to_bytes(8)
    return place + listing.salt + sha256(listing.to_bytes()).digest()


class SlotResults(Message, frozen=True, kw_only=True, tag="slot-results"):
    """The hub gives the partner the sealed results of a slot, exactly as many as the epoch has places for, and its word
    on the blobs that it was given.
    """

    epoch: Size
    slot: Size
    results: tuple[bytes, ...]
    delivered: Delivered


class ResultsTaken(Message, frozen=True, kw_only=True, tag="results-taken"):
    """The partner's answer. Not in time: the record was signed without them, and they belong to a later slot."""

    in_time: bool


class Fate(msgspec.Struct, frozen=True):
    """What the hub says of one anonymous report, in a sealed result; nobody else is told a reason."""

    status: str
    """``accepted``; ``known``: this report came before under this token; ``refused``."""
    taken: Size = 0
    """Objects that were placed."""
    reason: str = ""
    """Why nothing or not all of it was; cut to fit."""


# version:1 ‖ epoch:8 ‖ slot:8 ‖ document:32 ‖ senders:4 ‖ relay's signature:64 ‖ issued:4 ‖ hub's signature:64 ‖
# salt:16 ‖ listing:(places + ⌈places / 4⌉) ‖ results: 272 each
class SlotRecord(msgspec.Struct, frozen=True):
    """What one slot had: the reply in the next. All records of an epoch have one size; numbers are big-endian.

    Whose hub and realm it is the document says. What was not said in time is zeros on the wire.
    """

    epoch: int
    slot: int
    document: bytes
    """SHA-256 of the epoch document: everybody sees that all have the same."""
    counted: SignedCount | None
    """The relay's word; None when it gave none."""
    delivered: Delivered | None
    """The hub's word; None when it gave none. Then the partner has drawn the salt."""
    listing: Listing
    """Which blobs the partner had."""
    results: tuple[bytes, ...]
    """Empty when the hub gave none in time."""

    @property
    def blobs(self) -> int:
        """How many blobs the slot had."""
        return len(self.listing.marks)

    @property
    def issued(self) -> int:
        """How many members have been given tokens of the epoch, as the hub says; 0 when it said nothing."""
        return self.delivered.issued if self.delivered else 0

    def to_bytes(self, results: int) -> bytes:
        """On the wire, with room for so many results: the bytes that the partner signs."""
        counted, delivered = self.counted, self.delivered
        parts = (
            _VERSION + self.epoch.to_bytes(8) + self.slot.to_bytes(8) + self.document,
            counted.senders.to_bytes(4) + counted.signature if counted else bytes(4 + SIGNATURE_SIZE),
            delivered.issued.to_bytes(4) + delivered.signature if delivered else bytes(4 + SIGNATURE_SIZE),
            self.listing.salt + self.listing.to_bytes(),
            b"".join(self.results).ljust(results * SEALED_RESULT_BYTES, b"\x00"),
        )
        return b"".join(parts)

    @classmethod
    def parse(cls, data: bytes, members: int, results: int) -> "SlotRecord":
        """Read one of an epoch with so many members and results; Malformed otherwise."""
        if len(data) != _HEAD_BYTES + listing_bytes(members) + results * SEALED_RESULT_BYTES:
            raise Malformed("Records of an epoch have one length.")
        if data[:1] != _VERSION:
            raise Malformed("It is no slot record of this version.")
        epoch, slot, document = int.from_bytes(data[1:9]), int.from_bytes(data[9:17]), data[17:49]
        senders, by_relay = int.from_bytes(data[49:53]), data[53:117]
        issued, by_hub = int.from_bytes(data[117:121]), data[121:185]
        salt, at = data[185:_HEAD_BYTES], _HEAD_BYTES + listing_bytes(members)
        listing = Listing.parse(data[_HEAD_BYTES:at], salt, members)
        places = [data[one : one + SEALED_RESULT_BYTES] for one in range(at, len(data), SEALED_RESULT_BYTES)]
        return cls(
            epoch,
            slot,
            document,
            SignedCount(epoch=epoch, slot=slot, senders=senders, signature=by_relay)
            if any(by_relay)
            else None,
            Delivered(salt, issued, by_hub) if any(by_hub) else None,
            listing,
            tuple(one for one in places if any(one)),
        )


class SignedRecord(msgspec.Struct, frozen=True):
    """A record with the partner's signature, context ``slot-record``, over its bytes. Empty before the first slot."""

    record: bytes
    signature: bytes


def write_fate(fate: Fate) -> bytes:
    """For `tocsin.wire.envelope.seal_result`; a reason that is too long is cut."""
    while len(data := encode(fate)) >= RESULT_BYTES:
        fate = msgspec.structs.replace(fate, reason=fate.reason[:-16])
    return data


def read_fate(data: bytes) -> Fate:
    """What a result says; Malformed for whatever else it is: only one agent reads it, and goes on as all others do."""
    try:
        return msgspec.json.decode(data, type=Fate)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{error}.") from None


def reply(signed: SignedRecord, members: int, results: int) -> bytes:
    """The binary HTTP response to an envelope, padded to the one size of its epoch: record ‖ signature."""
    return BinaryResponse(200, (), signed.record + signed.signature).to_bytes(reply_bytes(members, results))


def read_reply(data: bytes) -> SignedRecord:
    """The signed record in such a response; Malformed otherwise."""
    content = BinaryResponse.parse(data).content
    return SignedRecord(content[:-SIGNATURE_SIZE], content[-SIGNATURE_SIZE:])


@lru_cache(16)
def reply_bytes(members: int, results: int) -> int:
    """The size of every reply of an epoch."""
    record = _HEAD_BYTES + listing_bytes(members) + results * SEALED_RESULT_BYTES
    return len(BinaryResponse(200, (), bytes(record + SIGNATURE_SIZE)).to_bytes())


def result_reply(sealed: bytes) -> bytes:
    """The binary HTTP response to an envelope of class ``now``: one sealed result, of one length by itself."""
    return BinaryResponse(200, (), sealed).to_bytes()


def result_answer_bytes() -> int:
    """Of that response."""
    return len(result_reply(bytes(SEALED_RESULT_BYTES)))
