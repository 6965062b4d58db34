# SPDX-License-Identifier: Apache-2.0
"""The record of a slot, read by one of its senders: (1) it came for this request, (2) the partner has signed it, (3) it
is of the slot before, in this epoch, under this very document, (4) the relay has signed its count, and the hub for the
blobs that are listed.
"""

from hashlib import sha256

import msgspec

from tocsin.agent.anonymous.epochs import Epoch
from tocsin.errors import KeySwapped, Malformed
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD, Awaiting
from tocsin.proof.signing import verify
from tocsin.wire.slot import SlotRecord, delivered_bytes, read_reply, reply_bytes


class Seen(msgspec.Struct, frozen=True):
    """What a slot had, as everybody is told."""

    record: SlotRecord

    @property
    def senders(self) -> int:
        """As the relay has signed; 0 when it gave no word."""
        return self.record.counted.senders if self.record.counted else 0

    @property
    def delivered(self) -> bool:
        """Whether the hub has signed for what is listed."""
        return self.record.delivered is not None


def answer_bytes(epoch: Epoch) -> int:
    """The size of every answer of an epoch."""
    return reply_bytes(epoch.terms.members, epoch.terms.results) + RESPONSE_OVERHEAD


def read(data: bytes, awaiting: Awaiting, epoch: Epoch, slot: int) -> Seen | None:
    """The record of the slot before `slot`, in which the request went; None before there was one.

    Malformed or BadSignature when there is none that counts; KeySwapped when the partner has signed for another
    document than this agent believes: then somebody is shown another one.
    """
    signed = read_reply(awaiting.open_response(data))
    if not signed.record:
        return None
    terms = epoch.terms
    verify(terms.partner_key, epoch.context("slot-record"), signed.record, signed.signature)
    record = SlotRecord.parse(signed.record, terms.members, terms.results)
    if record.epoch != terms.number:
        raise Malformed("The record is of another epoch.")
    if record.document != sha256(epoch.document).digest():
        raise KeySwapped(f"The partner has another document for epoch {terms.number} than this agent.")
    if record.slot != slot - 1:
        raise Malformed(f"The record is of slot {record.slot} and not of the slot before {slot}.")
    _check_words(record, epoch)
    return Seen(record)


def _check_words(record: SlotRecord, epoch: Epoch) -> None:
    terms, counted, delivered = epoch.terms, record.counted, record.delivered
    if counted is not None:
        verify(terms.relay_key, epoch.context("slot-count"), counted.signed, counted.signature)
    if delivered is not None:
        signed = delivered_bytes(record.epoch, record.slot, delivered.issued, record.listing)
        verify(terms.hub_key, epoch.context("slot-delivered"), signed, delivered.signature)
