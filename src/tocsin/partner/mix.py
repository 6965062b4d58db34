# SPDX-License-Identifier: Apache-2.0
"""The gateway and mix of class ``mixed``: it sees blobs, never from whom they come nor what is in them.

1. What the relay brings is opened, one layer, and the blob kept for its slot, in memory only: on a disk the order in
   which they came would stand in the file. What is not as it must be is answered like everything else.
2. After the slot the hub is given its blobs in the order of their hashes, and the same again if it asks again.
3. The hub signs for the blobs that it was given, in a listing under a salt of its own.
4. Half a slot later the record is signed, with whatever relay and hub have said by then, once and for all.

A partner that starts anew has lost the blobs it held; the agents miss theirs in the record, and see it.
"""

from contextlib import suppress
from hashlib import sha256

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.errors import Conflict, InputError, Malformed, Unknown
from tocsin.ids import Entropy
from tocsin.partner.gateways import Gateways
from tocsin.partner.slot import Slot
from tocsin.privacy import ohttp
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Params, Store, Transaction
from tocsin.web.epochs import Epochs, Live
from tocsin.wire.envelope import MIX, SEALED_RESULT_BYTES, read_inner
from tocsin.wire.listing import SALT_BYTES
from tocsin.wire.slot import (
    CollectSlot,
    ResultsTaken,
    SignedCount,
    SignedRecord,
    SlotRecord,
    SlotResults,
    closing_after,
    reply,
    reply_bytes,
    signing_after,
)

MAX_HELD = 256 * 1024 * 1024
"""Bytes of blobs that wait for a hub: three slots of 5,000 members, six hours of 200. The oldest go first."""
_KEPT_RECORDS = 8
_NO_RECORD = SignedRecord(b"", b"")

Place = tuple[int, int]
"""Epoch and slot."""


class _Record(msgspec.Struct, frozen=True):
    epoch: int
    slot: int
    record: bytes
    signature: bytes


class Mix:
    """The partner's part of the anonymous path of one hub. Used from one thread."""

    def __init__(
        self, store: Store, epochs: Epochs, gateways: Gateways, clock: Clock, entropy: Entropy
    ) -> None:
        self._store, self._epochs, self._gateways = store, epochs, gateways
        self._clock, self._entropy = clock, entropy
        self._since = clock.now()
        self._slots: dict[Place, Slot] = {}
        self._told = 0, _NO_RECORD, b""
        """Epoch and record that were told last, and the reply."""
        with store.reading("slot records") as tx:
            rows = tx.all("slot_records", {}, into=_Record)
        self._records = {(row.epoch, row.slot): SignedRecord(row.record, row.signature) for row in rows}

    # from the relay

    def take(self, encapsulated: bytes) -> bytes:
        """Keep what is in it, if it is an envelope for a slot that is open; the answer is the same in any case."""
        now = self._clock.now()
        live = self._epochs.near(now)
        if live is None:
            raise Unknown("No epoch has begun.")
        size = reply_bytes(live.document.members, live.document.results)
        try:
            message, answering = self._gateways.of(live.number).open_request(encapsulated)
        except InputError:
            return self._entropy(size + ohttp.RESPONSE_OVERHEAD)
        with suppress(InputError):
            self._keep(live, now, *read_inner(message, MIX))
        return answering.seal_response(self._reply(live, now), self._entropy)

    def count(self, told: SignedCount) -> None:
        """The relay's count of a slot; BadSignature from anybody else, Conflict for a second one or a late one."""
        live, now = self._live(told.epoch), self._clock.now()
        context = Context("slot-count", live.document.realm, live.document.hub)
        verify(live.document.relay_key, context, told.signed, told.signature)
        if told.senders > live.document.members:
            raise Malformed("There are not so many members.")
        if told.slot >= live.document.slots or now >= _signed_at(live, told.slot):
            raise Conflict("The record of that slot is signed, or there is no such slot.")
        slot = self._slots.setdefault((told.epoch, told.slot), Slot())
        if slot.counted not in (None, told):
            raise Conflict("It was counted before, and otherwise.")
        slot.counted = told

    # from the hub

    def collect(self, asked: CollectSlot) -> tuple[bytes, ...]:
        """The blobs of a slot, by their hashes. Conflict before it is closed, Unknown when they were lost."""
        live, now = self._live(asked.epoch), self._clock.now()
        self.forget()
        _demand_closed(live, asked.slot, now)
        slot = self._slots.get((asked.epoch, asked.slot))
        if slot is None and (
            self._since > live.document.slot_begins(asked.slot) or now >= _signed_at(live, asked.slot)
        ):
            raise Unknown("What was sent in that slot was given, or is lost.")
        return slot.in_order() if slot else ()

    def results(self, told: SlotResults) -> ResultsTaken:
        """What came of the blobs, for the record; not in time once that is signed.

        Conflict while blobs may still come: a word that is given before would not be for all of them. BadSignature
        when the hub signs for other blobs than there are here: one of the two has lost some.
        """
        live, now = self._live(told.epoch), self._clock.now()
        document = live.document
        sizes = {len(one) for one in told.results}
        if (
            told.slot >= document.slots
            or len(told.results) != document.results
            or sizes != {SEALED_RESULT_BYTES}
        ):
            raise Malformed(
                f"A slot of this epoch has {document.results} results of {SEALED_RESULT_BYTES} bytes."
            )
        if told.delivered.issued > document.members or len(told.delivered.salt) != SALT_BYTES:
            raise Malformed("There are not so many members, or the salt has another length.")
        _demand_closed(live, told.slot, now)
        place, in_time = (told.epoch, told.slot), now < _signed_at(live, told.slot)
        if in_time:
            slot = self._slots.setdefault(place, Slot())
            slot.check_delivered(told, document)
            slot.told = told
        else:
            self._slots.pop(place, None)  # its record stands, and the hub has what was in it
        return ResultsTaken(in_time=in_time)

    # what it says of slots

    def _reply(self, live: Live, now: Instant) -> bytes:
        """What everybody is told now, built once for all of them."""
        record = self._signed_record(live, now)
        if self._told[:2] != (live.number, record):
            document = live.document
            self._told = live.number, record, reply(record, document.members, document.results)
        return self._told[2]

    def _signed_record(self, live: Live, now: Instant) -> SignedRecord:
        """The record of the newest slot that is due, or an empty one."""
        newest = live.document.slot_at(Instant(now - signing_after(live.document.slot_seconds))) - 1
        if newest >= 0:
            return self._record_of(live, min(newest, live.document.slots - 1))
        before = self._epochs.get(live.number - 1)
        if before is not None and now >= _signed_at(before, before.document.slots - 1):
            self._record_of(
                before, before.document.slots - 1
            )  # nobody is told any more; what waits of it ends here
        return _NO_RECORD

    def _record_of(self, live: Live, number: int) -> SignedRecord:
        place = live.number, number
        if place not in self._records:
            self._sign(live, place)
        return self._records[place]

    def _sign(self, live: Live, place: Place) -> None:
        slot = self._slots.get(place, Slot())
        document = live.document
        told = slot.told
        salt = told.delivered.salt if told else self._entropy(SALT_BYTES)
        record = SlotRecord(
            epoch=place[0],
            slot=place[1],
            document=live.digest,
            counted=slot.counted,
            delivered=told.delivered if told else None,
            listing=slot.listing(salt, document.members),
            results=told.results if told else (),
        )
        data = record.to_bytes(document.results)
        context = Context("slot-record", document.realm, document.hub)
        signed = SignedRecord(data, self._epochs.operator.key.sign(context, data))

        def keep(tx: Transaction) -> None:
            """The record, durable before anybody is shown it."""
            row: Params = {"epoch": place[0], "slot": place[1], "record": data, "signature": signed.signature}
            tx.run("keep_record", row)
            tx.run("bound_records", {"most": _KEPT_RECORDS})

        self._store.run("sign record", keep)
        self._records[place] = signed
        for old in sorted(self._records)[:-_KEPT_RECORDS]:
            del self._records[old]
        if told:
            self._slots.pop(place, None)
        self._bound()

    # what it holds

    def _keep(self, live: Live, now: Instant, epoch: int, slot: int, blob: bytes) -> None:
        document = live.document
        closing = closing_after(document.slot_seconds)
        open_now = {document.slot_at(now), document.slot_at(Instant(now - closing))}
        if epoch != live.number or slot not in open_now or not 0 <= slot < document.slots:
            raise Malformed("Its slot is not open.")
        if len(blob) != document.blob_bytes:
            raise Malformed(f"A blob of this epoch has {document.blob_bytes} bytes.")
        held = self._slots.setdefault((epoch, slot), Slot())
        if len(held.blobs) < document.members:  # the relay admits no more
            held.blobs.setdefault(sha256(blob).digest(), blob)

    def _bound(self) -> None:
        held = sum(slot.bytes for slot in self._slots.values())
        for place in sorted(self._slots):
            if held <= MAX_HELD:
                return
            held -= self._slots.pop(place).bytes

    def forget(self) -> None:
        """What is left of two epochs ago goes, the gateway's key with it: also when no later one has begun."""
        now = self._clock.now()
        live = self._epochs.near(now)
        if live is None:
            return
        document = live.document
        is_over = now >= document.ends + (document.ends - document.begins)
        below = live.number + 1 if is_over else live.number - 1
        self._gateways.drop_below(below)
        self._slots = {place: slot for place, slot in self._slots.items() if place[0] >= below}

    def _live(self, number: int) -> Live:
        live = self._epochs.get(number)
        if live is None:
            raise Unknown(f"No document was signed for epoch {number}.")
        return live


def _demand_closed(live: Live, slot: int, now: Instant) -> None:
    """Conflict unless nothing more can come into a slot."""
    end = live.document.slot_begins(slot + 1)
    if slot >= live.document.slots or now < end + closing_after(live.document.slot_seconds):
        raise Conflict("That slot is not closed, or there is none.")


def _signed_at(live: Live, slot: int) -> int:
    """When the record of a slot is signed."""
    return live.document.slot_begins(slot + 1) + signing_after(live.document.slot_seconds)
