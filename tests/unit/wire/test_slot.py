# SPDX-License-Identifier: Apache-2.0
"""The record of a slot: one size, one spelling, and what was not said in time."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.privacy.bhttp import BinaryResponse
from tocsin.wire.envelope import SEALED_RESULT_BYTES
from tocsin.wire.listing import listing_of
from tocsin.wire.slot import (
    Delivered,
    SignedCount,
    SignedRecord,
    SlotRecord,
    delivered_bytes,
    read_fate,
    read_reply,
    reply,
    reply_bytes,
)

CHANCE = random.Random(7).randbytes
SIGNATURE, SALT, DOCUMENT = b"\x04" * 64, b"\x08" * 16, b"\x03" * 32
MEMBERS, RESULTS = 30, 4
COUNTED = SignedCount(epoch=1, slot=7, senders=25, signature=SIGNATURE)
DELIVERED = Delivered(SALT, 28, SIGNATURE)
FULL = SlotRecord(
    1,
    7,
    DOCUMENT,
    COUNTED,
    DELIVERED,
    listing_of([CHANCE(32) for _ in range(25)], SALT, MEMBERS),
    tuple(CHANCE(SEALED_RESULT_BYTES) for _ in range(RESULTS)),
)
RECORDS = (
    FULL,
    msgspec.structs.replace(FULL, counted=None),
    msgspec.structs.replace(FULL, delivered=None, results=()),
    msgspec.structs.replace(
        FULL, counted=None, delivered=None, results=(), listing=listing_of([], SALT, MEMBERS)
    ),
)


def test_a_record_is_read_as_it_was_written_and_all_have_one_size():
    for record in RECORDS:
        assert SlotRecord.parse(record.to_bytes(RESULTS), MEMBERS, RESULTS) == record
    assert len({len(record.to_bytes(RESULTS)) for record in RECORDS}) == 1


def test_what_was_not_said_counts_as_nothing():
    assert (FULL.blobs, FULL.issued) == (25, 28)
    assert (RECORDS[2].blobs, RECORDS[2].issued) == (25, 0)


def test_a_record_of_another_size_or_version_is_none():
    data = FULL.to_bytes(RESULTS)
    for odd in (b"", data[:-1], data + b"\0", b"\x02" + data[1:]):
        with pytest.raises(Malformed):
            SlotRecord.parse(odd, MEMBERS, RESULTS)
    with pytest.raises(Malformed):
        SlotRecord.parse(data, MEMBERS + 1, RESULTS)


@given(
    st.binary(min_size=2, max_size=2), st.binary(min_size=SEALED_RESULT_BYTES, max_size=SEALED_RESULT_BYTES)
)
def test_whatever_comes_is_the_one_spelling_of_a_record_or_malformed(listing, result):
    small = msgspec.structs.replace(FULL, listing=listing_of([], SALT, 1), results=())
    data = small.to_bytes(0)[:-2] + listing + result
    try:
        found = SlotRecord.parse(data, 1, 1)
    except Malformed:
        return
    assert found.to_bytes(1) == data


def test_every_reply_of_an_epoch_has_one_size():
    size = reply_bytes(MEMBERS, RESULTS)
    for record in RECORDS:
        signed = SignedRecord(record.to_bytes(RESULTS), SIGNATURE)
        data = reply(signed, MEMBERS, RESULTS)
        assert len(data) == size
        assert read_reply(data) == signed
    nothing = reply(SignedRecord(b"", b""), MEMBERS, RESULTS)
    assert len(nothing) == size
    assert read_reply(nothing) == SignedRecord(b"", b"")
    assert read_reply(BinaryResponse(200, (), b"short").to_bytes()).record == b""


@pytest.mark.parametrize(("members", "most"), [(200, 2_800), (5_000, 8_800)])
def test_a_reply_is_as_small_as_decision_65_says(members, most):
    assert reply_bytes(members, 8) <= most


@pytest.mark.parametrize(
    "poison", [b"", b"[]", b'{"status":1}', b'{"status":"\xff"}', b"[" * 243], ids=range(5)
)
def test_no_result_makes_the_one_agent_that_reads_it_stumble(poison):
    with pytest.raises(Malformed):
        read_fate(poison)


def test_the_hubs_word_binds_place_salt_and_listing():
    def said(epoch=1, slot=7, issued=28, listing=FULL.listing) -> bytes:
        return delivered_bytes(epoch, slot, issued, listing)

    others = [
        said(epoch=2),
        said(slot=8),
        said(issued=29),
        said(listing=listing_of([], SALT, MEMBERS)),
        said(listing=msgspec.structs.replace(FULL.listing, salt=b"t" * 16)),
    ]
    assert len({said(), *others}) == 6
