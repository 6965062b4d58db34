# SPDX-License-Identifier: Apache-2.0
"""A slot's listing: every blob that was there is shown, hardly another one, and it has one size and one spelling."""

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Malformed
from tocsin.wire.listing import Listing, listing_bytes, listing_of

SALT = b"s" * 16


def digests(count: int, seed: int = 7) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(count)]


@given(st.integers(1, 300).flatmap(lambda places: st.tuples(st.just(places), st.integers(0, places))))
def test_whatever_was_there_is_shown_after_the_wire(sizes):
    places, count = sizes
    found = digests(count)
    listing = listing_of(found, SALT, places)
    data = listing.to_bytes()
    assert len(data) == listing_bytes(places)
    read = Listing.parse(data, SALT, places)
    assert read == listing
    assert all(map(read.shows, found))


@given(st.binary(min_size=13, max_size=13))
def test_bytes_are_refused_or_are_the_one_spelling_of_a_listing(data):
    try:
        found = Listing.parse(data, SALT, 10)
    except Malformed:
        return
    assert found.to_bytes() == data


def test_the_same_blob_twice_is_counted_twice():
    (one,) = digests(1)
    assert len(Listing.parse(listing_of([one, one], SALT, 2).to_bytes(), SALT, 2).marks) == 2


def test_a_full_listing_shows_one_in_256_of_what_was_not_there():
    listing = listing_of(digests(2_000), SALT, 2_000)
    shown = sum(listing.shows(sha256(one).digest()) for one in digests(20_000, seed=8))
    assert 40 < shown < 120  # 78 on average


def test_another_salt_is_another_listing():
    found = digests(50)
    first, second = listing_of(found, SALT, 50), listing_of(found, b"t" * 16, 50)
    assert not set(first.marks) & set(second.marks)


def test_5000_members_take_6_kilobytes():
    assert listing_bytes(5_000) == 6_250


def test_more_blobs_than_members_are_refused():
    with pytest.raises(Malformed):
        listing_of(digests(3), SALT, 2)
    with pytest.raises(Malformed):
        Listing.parse(b"\x01\x02" + b"\xff", SALT, 2)


@pytest.mark.parametrize("data", [b"", bytes(12), bytes(14), b"\x01" + bytes(12), bytes(12) + b"\x01"])
def test_other_lengths_and_bytes_behind_the_end_are_refused(data):
    with pytest.raises(Malformed):
        Listing.parse(data, SALT, 10)


def test_marks_out_of_order_or_too_large_are_none():
    for marks in ((2, 1), (2_560,), (-1,)):
        with pytest.raises(Malformed):
            Listing(SALT, 10, marks)
    with pytest.raises(Malformed):
        Listing(b"short", 10, ())
