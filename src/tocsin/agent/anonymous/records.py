# SPDX-License-Identifier: Apache-2.0
"""The record of a slot, read by one of its senders: (1) it came for this request, (2) the partner has signed it, (3) it
is of the slot before, in this epoch, under this very document, (4) the relay has signed its count.
"""

from hashlib import sha256

import msgspec

from tocsin.agent.anonymous.epochs import Epoch
from tocsin.errors import KeySwapped, Malformed
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD, Awaiting
from tocsin.proof.signing import verify
from tocsin.wire.messages import decode
from tocsin.wire.slot import SlotCount, SlotRecord, read_reply, record_bytes


class Seen(msgspec.Struct, frozen=True):
    """What a slot had, as everybody is told."""

    record: SlotRecord
    senders: int
    """As the relay has signed; 0 when it gave no word."""

    @property
    def among(self) -> int:
        """How many a report of that slot is among: the least of who was admitted, what came, and who has tokens."""
        return min(self.senders, self.record.blobs, self.record.issued)


def answer_bytes(epoch: Epoch) -> int:
    """The size of every answer of an epoch."""
    return record_bytes(epoch.terms.members, epoch.terms.results) + RESPONSE_OVERHEAD


def read(data: bytes, awaiting: Awaiting, epoch: Epoch, slot: int) -> Seen | None:
    """The record of the slot before `slot`, in which the request went; None before there was one.

    Malformed or BadSignature when there is none that counts; KeySwapped when the partner has signed for another
    document than this agent believes: then somebody is shown another one.
    """
    signed = read_reply(awaiting.open_response(data))
    if not signed.record:
        return None
    verify(epoch.terms.partner_key, epoch.context("slot-record"), signed.record, signed.signature)
    record = decode(signed.record, SlotRecord)
    terms = epoch.terms
    if (record.hub, record.realm, record.epoch) != (terms.hub, terms.realm, terms.number):
        raise Malformed("The record is of another hub, realm or epoch.")
    if record.document != sha256(epoch.document).digest():
        raise KeySwapped(f"The partner has another document for epoch {terms.number} than this agent.")
    if record.slot != slot - 1:
        raise Malformed(f"The record is of slot {record.slot} and not of the slot before {slot}.")
    return Seen(record, _counted(record, epoch))


def _counted(record: SlotRecord, epoch: Epoch) -> int:
    if record.counted is None:
        return 0
    word = record.counted
    verify(epoch.terms.relay_key, epoch.context("slot-count"), word.count, word.signature)
    count = decode(word.count, SlotCount)
    if (count.epoch, count.slot) != (record.epoch, record.slot):
        raise Malformed("The relay's count in the record is of another slot.")
    return count.senders
