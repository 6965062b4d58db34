# SPDX-License-Identifier: Apache-2.0
"""The gateway and mix of class ``mixed``: it sees blobs, never from whom they come nor what is in them.

1. What the relay brings is opened, one layer, and the blob kept for its slot, in memory only: on a disk the order in
   which they came would stand in the file. What is not as it must be is answered like everything else.
2. After the slot the hub is given its blobs in the order of their hashes, and the same again if it asks again.
3. Half a slot later the record is signed, with whatever relay and hub have said by then, once and for all.

A partner that starts anew has lost the blobs it held; the agents miss theirs in the record, and see it.
"""

from contextlib import suppress
from hashlib import sha256

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.errors import Conflict, InputError, Malformed, Unknown
from tocsin.ids import Entropy
from tocsin.partner.gateways import Gateways
from tocsin.privacy import ohttp
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Params, Store, Transaction
from tocsin.web.epochs import Epochs, Live
from tocsin.wire.envelope import MIX, read_inner
from tocsin.wire.messages import decode
from tocsin.wire.slot import (
    CollectSlot,
    ResultsTaken,
    SignedCount,
    SignedRecord,
    SlotCount,
    SlotRecord,
    SlotResults,
    closing_after,
    encoded,
    prefixes_of,
    record_bytes,
    reply,
    signing_after,
)

MAX_HELD = 256 * 1024 * 1024
"""Bytes of blobs that wait for a hub: three slots of 5,000 members, six hours of 200. The oldest go first."""
_KEPT_RECORDS = 8
_NO_RECORD = SignedRecord(record=b"", signature=b"")

Place = tuple[int, int]
"""Epoch and slot."""


class _Slot:
    """What came in one slot, and what was said of it."""

    def __init__(self) -> None:
        self.blobs: dict[bytes, bytes] = {}
        """By their SHA-256."""
        self.counted: SignedCount | None = None
        self.told: SlotResults | None = None

    def in_order(self) -> tuple[bytes, ...]:
        """The blobs by their hashes."""
        return tuple(self.blobs[digest] for digest in sorted(self.blobs))

    @property
    def bytes(self) -> int:
        """Of memory that it takes."""
        return sum(len(blob) for blob in self.blobs.values())


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
        self._slots: dict[Place, _Slot] = {}
        self._told = 0, _NO_RECORD, b""
        """Epoch and record that were told last, and the reply."""
        with store.reading("slot records") as tx:
            rows = tx.all("slot_records", {}, into=_Record)
        self._records = {
            (row.epoch, row.slot): SignedRecord(record=row.record, signature=row.signature) for row in rows
        }

    # from the relay

    def take(self, encapsulated: bytes) -> bytes:
        """Keep what is in it, if it is an envelope for a slot that is open; the answer is the same in any case."""
        now = self._clock.now()
        live = self._epochs.near(now)
        if live is None:
            raise Unknown("No epoch has begun.")
        size = record_bytes(live.document.members, live.document.results)
        try:
            message, answering = self._gateways.of(live.number).open_request(encapsulated)
        except InputError:
            return self._entropy(size + ohttp.RESPONSE_OVERHEAD)
        with suppress(InputError):
            self._keep(live, now, *read_inner(message, MIX))
        return answering.seal_response(self._reply(live, now), self._entropy)

    def count(self, told: SignedCount) -> None:
        """The relay's count of a slot; BadSignature from anybody else, Conflict for a second one or a late one."""
        count = decode(told.count, SlotCount)
        live, now = self._live(count.epoch), self._clock.now()
        context = Context("slot-count", live.document.realm, live.document.hub)
        verify(live.document.relay_key, context, told.count, told.signature)
        if count.slot >= live.document.slots or now >= _signed_at(live, count.slot):
            raise Conflict("The record of that slot is signed, or there is no such slot.")
        slot = self._slots.setdefault((count.epoch, count.slot), _Slot())
        if slot.counted not in (None, told):
            raise Conflict("It was counted before, and otherwise.")
        slot.counted = told

    # from the hub

    def collect(self, asked: CollectSlot) -> tuple[bytes, ...]:
        """The blobs of a slot, by their hashes. Conflict before it is closed, Unknown when they were lost."""
        live, now = self._live(asked.epoch), self._clock.now()
        self._forget(now)
        end = live.document.slot_begins(asked.slot + 1)
        if asked.slot >= live.document.slots or now < end + closing_after(live.document.slot_seconds):
            raise Conflict("That slot is not closed, or there is none.")
        slot = self._slots.get((asked.epoch, asked.slot))
        if slot is None and (
            self._since > live.document.slot_begins(asked.slot) or now >= _signed_at(live, asked.slot)
        ):
            raise Unknown("What was sent in that slot was given, or is lost.")
        return slot.in_order() if slot else ()

    def results(self, told: SlotResults) -> ResultsTaken:
        """What came of the blobs, for the record; not in time once that is signed."""
        live, now = self._live(told.epoch), self._clock.now()
        if told.slot >= live.document.slots or len(told.results) != live.document.results:
            raise Malformed(f"A slot of this epoch has {live.document.results} results.")
        place, in_time = (told.epoch, told.slot), now < _signed_at(live, told.slot)
        if in_time:
            self._slots.setdefault(place, _Slot()).told = told
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
        if before is None or now < _signed_at(before, before.document.slots - 1):
            return _NO_RECORD
        return self._record_of(before, before.document.slots - 1)

    def _record_of(self, live: Live, number: int) -> SignedRecord:
        place = live.number, number
        if place not in self._records:
            self._sign(live, place)
        return self._records[place]

    def _sign(self, live: Live, place: Place) -> None:
        slot = self._slots.get(place, _Slot())
        document = live.document
        told = slot.told
        data = encoded(
            SlotRecord(
                hub=document.hub,
                realm=document.realm,
                epoch=place[0],
                slot=place[1],
                document=live.digest,
                counted=slot.counted,
                prefixes=prefixes_of(slot.in_order()),
                results=told.results if told else (),
                issued=told.issued if told else 0,
            )
        )
        context = Context("slot-record", document.realm, document.hub)
        signed = SignedRecord(record=data, signature=self._epochs.operator.key.sign(context, data))

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
        held = self._slots.setdefault((epoch, slot), _Slot())
        if len(held.blobs) < document.members:  # the relay admits no more
            held.blobs.setdefault(sha256(blob).digest(), blob)

    def _bound(self) -> None:
        held = sum(slot.bytes for slot in self._slots.values())
        for place in sorted(self._slots):
            if held <= MAX_HELD:
                return
            held -= self._slots.pop(place).bytes

    def _forget(self, now: Instant) -> None:
        """What is left of two epochs ago goes, the gateway's key with it."""
        live = self._epochs.near(now)
        number = live.number if live else 0
        self._gateways.drop_below(number - 1)
        self._slots = {place: slot for place, slot in self._slots.items() if place[0] >= number - 1}

    def _live(self, number: int) -> Live:
        live = self._epochs.get(number)
        if live is None:
            raise Unknown(f"No document was signed for epoch {number}.")
        return live


def _signed_at(live: Live, slot: int) -> int:
    """When the record of a slot is signed."""
    return live.document.slot_begins(slot + 1) + signing_after(live.document.slot_seconds)
