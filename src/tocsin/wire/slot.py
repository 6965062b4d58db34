# SPDX-License-Identifier: Apache-2.0
"""What relay, partner and hub say about a slot, and what every sender of the next slot is told.

A slot is closed by the partner's clock. The relay says how many members it admitted; the partner sorts the blobs by
their hashes and gives them to the hub, once, when the hub asks; the hub takes the reports in and gives back results,
sealed for their senders and filled up with random bytes to a constant number. From all this comes one record, the same
for everybody, which is the reply to every envelope of the next slot.

When things happen in a slot of length L, by the clocks of relay and partner::

    0 … L            the relay admits envelopes for it; agents send in `SENDING`, to be told of the slot before
    L + L/20         the relay says how many it admitted, the partner takes no more
    L + L/10         the hub collects the blobs, and gives back results
    L + L/2          the record is signed, with results or without: nobody's reply waits for anything

What comes too late for a record is in a later one: results find their senders by their keys, wherever they stand.
"""

from hashlib import sha256

import msgspec

from tocsin.clock import SECOND
from tocsin.errors import Malformed
from tocsin.privacy.bhttp import BinaryResponse
from tocsin.wire.envelope import RESULT_BYTES, SEALED_RESULT_BYTES
from tocsin.wire.messages import Message, Size, decode, encode

PREFIX_BYTES = 4
"""Of a blob's SHA-256 in the record: enough for its sender, who looks for one it knows."""

SENDING = (0.55, 0.9)
"""The part of a slot in which agents send, each at a moment that it drew before. Clocks may differ by a little."""


def closing_after(slot_seconds: int) -> int:
    """Microseconds after its end at which a slot is closed; the hub collects after twice that."""
    return slot_seconds * SECOND // 20


def signing_after(slot_seconds: int) -> int:
    """Microseconds after its end at which the record of a slot is signed, whatever has come."""
    return slot_seconds * SECOND // 2


class SlotCount(Message, frozen=True, kw_only=True, tag="slot-count"):
    """The relay says how many members put an envelope into a slot. Context ``slot-count``."""

    epoch: Size
    slot: Size
    senders: Size


class SignedCount(Message, frozen=True, kw_only=True, tag="signed-count"):
    """That word, signed."""

    count: bytes
    signature: bytes


class CollectSlot(Message, frozen=True, kw_only=True, tag="collect-slot"):
    """The hub asks the partner for the blobs of a closed slot. The same slot is given again only as it was."""

    epoch: Size
    slot: Size


class SlotResults(Message, frozen=True, kw_only=True, tag="slot-results"):
    """The hub gives the partner the sealed results of a slot, exactly as many as the epoch has places for."""

    epoch: Size
    slot: Size
    results: tuple[bytes, ...]
    issued: Size
    """How many members have been given tokens of the epoch."""


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


class SlotRecord(Message, frozen=True, kw_only=True, tag="slot-record"):
    """What one slot had: the reply in the next. It has one size in an epoch, by padding behind it."""

    hub: str
    realm: str
    epoch: Size
    slot: Size
    document: bytes
    """SHA-256 of the epoch document: everybody sees that all have the same."""
    counted: SignedCount | None
    """The relay's word; None when it gave none."""
    prefixes: bytes
    """`PREFIX_BYTES` of each blob's SHA-256, sorted."""
    results: tuple[bytes, ...]
    """Empty when the hub gave none in time."""
    issued: Size = 0
    """How many members have been given tokens of the epoch, as the hub says; 0 when it said nothing."""

    def __post_init__(self) -> None:
        if len(self.prefixes) % PREFIX_BYTES or any(len(one) != SEALED_RESULT_BYTES for one in self.results):
            raise Malformed("A slot record lists prefixes and results of one length each.")

    @property
    def blobs(self) -> int:
        """How many blobs the slot had."""
        return len(self.prefixes) // PREFIX_BYTES

    def has(self, blob: bytes) -> bool:
        """Whether the slot had this blob, as far as a prefix tells."""
        return self.shows(sha256(blob).digest())

    def shows(self, digest: bytes) -> bool:
        """The same for the SHA-256 of a blob."""
        wanted = digest[:PREFIX_BYTES]
        at = self.prefixes.find(wanted)
        while at % PREFIX_BYTES and at >= 0:
            at = self.prefixes.find(wanted, at + 1)
        return at >= 0


class SignedRecord(Message, frozen=True, kw_only=True, tag="signed-record"):
    """A record with the partner's signature, context ``slot-record``, over its bytes. Empty before the first slot."""

    record: bytes
    signature: bytes


def prefixes_of(blobs: tuple[bytes, ...]) -> bytes:
    """For a record, in their order."""
    return b"".join(sorted(sha256(blob).digest()[:PREFIX_BYTES] for blob in blobs))


def write_fate(fate: Fate) -> bytes:
    """For `tocsin.wire.envelope.seal_result`; a reason that is too long is cut."""
    while len(data := encode(fate)) >= RESULT_BYTES:
        fate = msgspec.structs.replace(fate, reason=fate.reason[:-16])
    return data


def read_fate(data: bytes) -> Fate:
    """What a result says; Malformed otherwise."""
    try:
        return msgspec.json.decode(data, type=Fate)
    except msgspec.DecodeError as error:
        raise Malformed(f"{error}.") from None


def reply(signed: SignedRecord, members: int, results: int) -> bytes:
    """The binary HTTP response to an envelope, padded to the one size of its epoch."""
    return BinaryResponse(200, (), encode(signed)).to_bytes(record_bytes(members, results))


def read_reply(data: bytes) -> SignedRecord:
    """The signed record in such a response; Malformed otherwise."""
    return decode(BinaryResponse.parse(data).content, SignedRecord)


def result_reply(sealed: bytes) -> bytes:
    """The binary HTTP response to an envelope of class ``now``: one sealed result, of one length by itself."""
    return BinaryResponse(200, (), sealed).to_bytes()


def result_answer_bytes() -> int:
    """Of that response."""
    return len(result_reply(bytes(SEALED_RESULT_BYTES)))


def record_bytes(members: int, results: int) -> int:
    """The size to which every reply of an epoch is padded: the largest that a signed record can have, and room."""
    in_base64 = 4 * (members * PREFIX_BYTES + results * (SEALED_RESULT_BYTES + 2)) // 3
    return 2_048 + 4 * in_base64 // 3


def encoded(record: SlotRecord) -> bytes:
    """The bytes that the partner signs."""
    return encode(record)
