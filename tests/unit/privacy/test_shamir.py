# SPDX-License-Identifier: Apache-2.0
"""Any k of n shares give the secret, fewer say nothing; another implementation's shares, and what is no share."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.privacy.keys import VECTORS, of, vectors

from tocsin.errors import Malformed
from tocsin.privacy.shamir import ELEMENT_BYTES, MAX_SHARES, combine, deal

element = st.binary(min_size=ELEMENT_BYTES, max_size=ELEMENT_BYTES)
SECRET = bytes(range(16))
SHARES = dict(enumerate(deal(SECRET, 3, 5, b"a" * 16 + b"b" * 16), 1))


@st.composite
def dealings(draw) -> tuple[bytes, int, int, bytes]:
    shares = draw(st.integers(2, 6))
    needed = draw(st.integers(2, shares))
    size = ELEMENT_BYTES * (needed - 1)
    return draw(element), needed, shares, draw(st.binary(min_size=size, max_size=size))


def test_another_implementation_deals_the_same():
    """PyCryptodome 4.4.0, `Shamir.split(k, n, secret, ssss=False)`, with its coefficients written down."""
    found = vectors(VECTORS / "shamir.json")
    assert len(found) == 6
    for vector in found:
        shares = deal(of(vector, "secret"), vector["needed"], len(vector["shares"]), of(vector, "random"))
        assert [one.hex() for one in shares] == vector["shares"]


@given(dealings())
def test_every_set_of_enough_gives_the_secret(dealing):
    secret, needed, count, random = dealing
    shares = dict(enumerate(deal(secret, needed, count, random), 1))
    for places in combinations(shares, needed):
        assert combine({place: shares[place] for place in places}, needed) == secret
    assert combine(shares, needed) == secret


@given(element, element, element)
def test_one_share_of_two_is_as_likely_for_every_secret(secret, other, random):
    shifted = bytes(a ^ b ^ c for a, b, c in zip(secret, other, random, strict=True))
    assert deal(secret, 2, 2, random)[0] == deal(other, 2, 2, shifted)[0]


@given(st.integers(1, 5), element.filter(any))
def test_a_wrong_share_among_more_than_enough_is_seen_and_among_enough_gives_another_secret(place, change):
    bent = bytes(a ^ b for a, b in zip(SHARES[place], change, strict=True))
    with pytest.raises(Malformed, match="not of one secret"):
        combine({**SHARES, place: bent}, 3)
    three = {n: SHARES[n] for n in [place, *(n for n in SHARES if n != place)][:3]}
    assert combine({**three, place: bent}, 3) != SECRET


def test_too_few_or_impossible_shares_give_nothing():
    for shares in ({}, {1: SHARES[1]}, {1: SHARES[1], 2: SHARES[2]}):
        with pytest.raises(Malformed, match="3 shares are needed"):
            combine(shares, 3)
    for place in (0, -1, MAX_SHARES + 1):
        with pytest.raises(Malformed):
            combine({**SHARES, place: SECRET}, 3)
    for value in (b"", bytes(15), bytes(17)):
        with pytest.raises(Malformed, match="16 bytes"):
            combine({1: value, 2: SHARES[2], 3: SHARES[3]}, 3)


@pytest.mark.parametrize(("needed", "count"), [(0, 3), (1, 3), (4, 3), (2, 1), (2, 16), (-1, 2)])
def test_a_dealing_that_shares_nothing_is_refused(needed, count):
    with pytest.raises(Malformed, match="shares"):
        deal(SECRET, needed, count, bytes(16 * max(0, needed - 1)))


def test_a_dealing_takes_exactly_its_randomness():
    for secret, random in ((bytes(15), bytes(16)), (SECRET, bytes(15)), (SECRET, bytes(32)), (SECRET, b"")):
        with pytest.raises(Malformed, match="16 bytes"):
            deal(secret, 2, 3, random)
