# SPDX-License-Identifier: Apache-2.0
"""The mix: what it keeps, what it gives, and that it says one thing of a slot, once."""

import random
from hashlib import sha256

import msgspec
import pytest
from tests.unit.halves.test_epochs import CHANCE, KEYS, RELAY, ROSTER, document, operator

from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import BadSignature, Conflict, Malformed, Unknown
from tocsin.files import NumberedSecrets
from tocsin.partner import mix as mixing
from tocsin.partner.gateways import Gateways
from tocsin.partner.mix import Mix
from tocsin.privacy.ohttp import KeyConfig, encapsulate_request
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.web.epochs import Epochs
from tocsin.wire.envelope import MIX, NOW, SEALED_RESULT_BYTES, inner_request
from tocsin.wire.epoch import EpochDocument, SignEpoch
from tocsin.wire.listing import listing_of
from tocsin.wire.messages import encode
from tocsin.wire.slot import (
    CollectSlot,
    Delivered,
    SignedCount,
    SlotRecord,
    SlotResults,
    count_bytes,
    delivered_bytes,
    read_reply,
)

LENGTH = 300 * SECOND


class Place:
    """A partner's mix in a folder, with one epoch whose slot 0 has begun."""

    def __init__(self, folder) -> None:
        self.folder, self.clock = folder, ManualClock(Instant(document().begins))
        self.store = open_sqlite(folder / "partner.db", "partner")
        self.gateways = Gateways(NumberedSecrets(folder / "keys"), random.Random(1).randbytes)
        self.epochs = Epochs(self.store, operator("partner"), self.clock, self.gateways.config)
        self.document = document(mix_gateway=self.gateways.config(1))
        self.open()

    def open(self) -> None:
        self.epochs.sign(SignEpoch(document=encode(self.document), roster=encode(ROSTER)))
        self.mix = Mix(self.store, self.epochs, self.gateways, self.clock, CHANCE)

    def blob(self, number: int) -> bytes:
        return bytes([number]) * self.document.blob_bytes

    def send(self, blob: bytes, *, path: bytes = MIX, epoch: int = 1, slot: int = 0) -> SlotRecord | None:
        config = KeyConfig.parse(self.document.mix_gateway)
        request, awaiting = encapsulate_request(config, inner_request(path, epoch, slot, blob), CHANCE)
        signed = read_reply(awaiting.open_response(self.mix.take(request)))
        if not signed.record:
            return None
        return SlotRecord.parse(signed.record, self.document.members, self.document.results)

    def at(self, lengths: float) -> None:
        self.clock.advance(int(self.document.begins + lengths * LENGTH) - self.clock.now())

    def collect(self, slot: int = 0) -> tuple[bytes, ...]:
        return self.mix.collect(CollectSlot(epoch=1, slot=slot))

    def results(self, *given: bytes, filled: int = 1, slot: int = 0, issued: int = 1) -> SlotResults:
        """What the hub says that was given these blobs."""
        results, salt = (bytes([filled]) * SEALED_RESULT_BYTES,) * self.document.results, bytes([filled]) * 16
        listing = listing_of((sha256(blob).digest() for blob in given), salt, self.document.members)
        said = delivered_bytes(1, slot, issued, listing)
        signature = KEYS[0].signing.sign(Context("slot-delivered", "live", "hub_1"), said)
        return SlotResults(epoch=1, slot=slot, results=results, delivered=Delivered(salt, issued, signature))

    def count(self, senders: int, key: SigningKey = RELAY, slot: int = 0) -> SignedCount:
        signature = key.sign(Context("slot-count", "live", "hub_1"), count_bytes(1, slot, senders))
        return SignedCount(epoch=1, slot=slot, senders=senders, signature=signature)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.store.close()


def test_a_blob_is_kept_once_and_only_for_its_open_slot(place):
    blob = place.blob(1)
    for odd in ({"slot": 1}, {"epoch": 2}, {"path": NOW}, {"slot": 2**63}):
        assert place.send(blob, **odd) is None
    place.send(blob[:-1])
    for _ in range(3):
        place.send(blob)
    with pytest.raises(Conflict):
        place.collect()
    place.at(1.2)
    place.send(place.blob(2))  # too late for slot 0
    assert place.collect() == (blob,) == place.collect()


def test_what_does_not_open_is_answered_with_the_same_length(place):
    config = KeyConfig.parse(place.document.mix_gateway)
    request, _ = encapsulate_request(config, inner_request(MIX, 1, 0, place.blob(1)), CHANCE)
    spoiled = request[:-1] + bytes([request[-1] ^ 1])
    assert len(place.mix.take(request)) == len(place.mix.take(spoiled)) == len(place.mix.take(b""))


def test_the_batch_is_no_longer_than_the_roster(place):
    place.send(place.blob(1))
    place.send(place.blob(2))  # one member, and so one blob
    place.at(1.2)
    assert len(place.collect()) == 1


def test_a_record_has_what_was_said_in_time_and_is_signed_once(place):
    place.send(place.blob(1))
    place.at(1.06)
    with pytest.raises(BadSignature):
        place.mix.count(place.count(1, SigningKey.from_seed(b"x" * 32)))
    place.mix.count(place.count(1))
    place.mix.count(place.count(1))
    with pytest.raises(Malformed, match="so many"):
        place.mix.count(place.count(2))
    with pytest.raises(Conflict, match="otherwise"):
        place.mix.count(place.count(0))
    place.at(1.2)
    assert place.mix.results(place.results(place.blob(1), filled=7)).in_time
    assert place.send(place.blob(2), slot=1) is None
    place.at(1.6)
    record = place.send(place.blob(2), slot=1)
    assert (record.slot, record.blobs, record.issued) == (0, 1, 1)
    assert record.listing.shows(sha256(place.blob(1)).digest())
    assert record.delivered == place.results(place.blob(1), filled=7).delivered
    assert record.results == place.results(filled=7).results
    assert not place.mix.results(place.results(filled=8)).in_time
    with pytest.raises(Conflict):
        place.mix.count(place.count(1))
    place.open()  # another process, after this one was killed
    assert place.send(place.blob(2), slot=1) == record
    with pytest.raises(Unknown):
        place.collect()


def test_a_hub_that_says_nothing_costs_no_reply(place):
    place.send(place.blob(1))
    place.at(1.6)
    record = place.send(place.blob(2), slot=1)
    assert (record.blobs, record.counted, record.delivered, record.results) == (1, None, None, ())
    assert place.collect() == (place.blob(1),)
    assert not place.mix.results(place.results()).in_time
    with pytest.raises(Malformed):
        place.mix.results(msgspec.structs.replace(place.results(), results=()))


def test_a_hub_that_signs_for_other_blobs_than_it_was_given_is_not_believed(place):
    place.send(place.blob(1))
    place.at(1.2)
    for told in (place.results(), place.results(place.blob(2)), place.results(place.blob(1), slot=1)):
        with pytest.raises(BadSignature):
            place.mix.results(msgspec.structs.replace(told, slot=0))
    for many in (place.results(place.blob(1), issued=2), place.results(place.blob(1), issued=2**40)):
        with pytest.raises(Malformed):
            place.mix.results(many)
    assert place.mix.results(place.results(place.blob(1))).in_time


def test_a_hub_signs_for_no_slot_into_which_blobs_may_still_come(place):
    for moment in (0.5, 1, 1.04):
        place.at(moment)
        with pytest.raises(Conflict, match="not closed"):
            place.mix.results(place.results())
    place.send(place.blob(1))
    place.at(1.2)
    assert place.mix.results(place.results(place.blob(1))).in_time


def test_a_hub_that_never_comes_does_not_fill_the_memory(place, monkeypatch):
    monkeypatch.setattr(mixing, "MAX_HELD", 2 * place.document.blob_bytes)
    for slot in range(4):
        place.at(slot + 0.6)
        place.send(place.blob(slot), slot=slot)
    place.at(4.6)
    place.send(place.blob(4), slot=4)
    with pytest.raises(Unknown):
        place.collect(0)
    assert place.collect(3) == (place.blob(3),)


def test_the_next_epochs_key_is_another_and_the_number_is_the_next(place):
    assert place.gateways.config(2) != place.document.mix_gateway
    assert place.gateways.config(2) == place.gateways.config(2)
    place.epochs.demand_next(2)
    with pytest.raises(Conflict):
        place.epochs.demand_next(4)
    place.gateways.drop_below(2)
    with pytest.raises(Unknown):
        place.gateways.of(1)


def test_documents_that_were_signed_are_known_to_the_next_process(place):
    again = Epochs(place.store, operator("partner"), place.clock, place.gateways.config)
    other: EpochDocument = document(quota=4, mix_gateway=place.document.mix_gateway)
    with pytest.raises(Conflict, match="Another document"):
        again.sign(SignEpoch(document=encode(other), roster=encode(ROSTER)))


def test_a_roster_that_comes_late_moves_no_number(place):
    """A member of the present epoch is let in again after the next one was signed."""
    following = document(2, mix_gateway=place.gateways.config(2))
    for one in (following, place.document):
        place.epochs.sign(SignEpoch(document=encode(one), roster=encode(ROSTER)))
    place.epochs.demand_next(3)


def test_keys_and_blobs_go_by_time_whether_another_epoch_begins_or_not(place):
    place.send(place.blob(1))
    place.at(12)
    place.mix.forget()
    assert place.gateways.of(1)
    place.at(24)  # as long after its end as it was
    place.mix.forget()
    with pytest.raises(Unknown):
        place.gateways.of(1)
    assert not list((place.folder / "keys").iterdir())
    assert place.mix._slots == {}
