# SPDX-License-Identifier: Apache-2.0
"""Shares in escrow: made again from their seed, opened by their trustees alone, at their place alone, and provably."""

import random

import msgspec
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import BadProof, InputError, Malformed
from tocsin.privacy import escrow
from tocsin.privacy.escrow import SEALED_BYTES, SEED_BYTES, Opener, Share, Terms, check_share, seal
from tocsin.privacy.shamir import combine, deal

PRIVATE = [random.Random(n).randbytes(32) for n in range(5)]
OPENERS = [Opener(private) for private in PRIVATE]
TERMS = Terms(tuple(one.public for one in OPENERS), 3, (b"live", b"hub", b"document", b"one-time key"))
SECRET, SEED = b"the member is I.", b"s" * SEED_BYTES
ESCROW = seal(SECRET, TERMS, SEED)


def read(shares: list[Share]) -> bytes:
    return combine({one.number: one.value for one in shares}, TERMS.needed)


def test_enough_trustees_read_it_and_each_share_is_proved():
    assert len(ESCROW) == TERMS.size == 5 * SEALED_BYTES == 480
    shares = [one.open(ESCROW, TERMS) for one in OPENERS]
    assert [one.number for one in shares] == [1, 2, 3, 4, 5]
    for share in shares:
        check_share(share, ESCROW, TERMS)
    assert read(shares[:3]) == read(shares[2:]) == read(shares) == SECRET
    with pytest.raises(Malformed, match="3 shares are needed"):
        read(shares[:2])


def test_whoever_has_the_seed_makes_the_same_and_nobody_without():
    assert seal(SECRET, TERMS, SEED) == ESCROW
    for other in (seal(SECRET, TERMS, b"t" * 32), seal(b"the member is U.", TERMS, SEED)):
        places = range(0, len(ESCROW), SEALED_BYTES)
        assert not any(ESCROW[at : at + SEALED_BYTES] == other[at : at + SEALED_BYTES] for at in places)


def test_another_implementation_opens_a_share():
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    key = X25519PrivateKey.from_private_bytes(PRIVATE[1])
    opened = suite.decrypt(ESCROW[SEALED_BYTES : 2 * SEALED_BYTES], key, TERMS.info(2))
    share = OPENERS[1].open(ESCROW, TERMS)
    assert opened == share.value + share.coins


@pytest.mark.parametrize(
    "place",
    [
        (b"drill", b"hub", b"document", b"one-time key"),
        (b"live", b"hub", b"another epoch", b"one-time key"),
        (b"live", b"hub", b"document", b"another key"),
        (b"livehub", b"", b"document", b"one-time key"),
    ],
    ids=["realm", "epoch", "one-time key", "moved border"],
)
def test_at_another_place_nothing_opens(place):
    moved = msgspec.structs.replace(TERMS, place=place)
    for one in OPENERS:
        with pytest.raises(Malformed, match="does not open"):
            one.open(ESCROW, moved)


def test_a_share_opens_to_its_own_trustee_alone():
    with pytest.raises(Malformed, match="none of the trustees"):
        Opener(b"x" * 32).open(ESCROW, TERMS)
    swapped = ESCROW[SEALED_BYTES : 2 * SEALED_BYTES] + ESCROW[:SEALED_BYTES] + ESCROW[2 * SEALED_BYTES :]
    for one in OPENERS[:2]:
        with pytest.raises(Malformed, match="does not open"):
            one.open(swapped, TERMS)
    assert OPENERS[2].open(swapped, TERMS) == OPENERS[2].open(ESCROW, TERMS)


@given(st.integers(0, 8 * SEALED_BYTES - 1))
@settings(max_examples=60)
def test_a_bent_share_costs_itself_and_no_other(bit):
    bent = (int.from_bytes(ESCROW) ^ 1 << bit).to_bytes(len(ESCROW))  # in the last of the five
    with pytest.raises(InputError):
        OPENERS[4].open(bent, TERMS)
    assert read([one.open(bent, TERMS) for one in OPENERS[:3]]) == SECRET


def test_no_trustee_can_hand_in_another_share():
    share = OPENERS[0].open(ESCROW, TERMS)
    for bent in (
        msgspec.structs.replace(share, value=bytes(16)),
        msgspec.structs.replace(share, coins=bytes(32)),
        msgspec.structs.replace(share, number=2),
    ):
        with pytest.raises(BadProof, match="not the one"):
            check_share(bent, ESCROW, TERMS)
    for bent in (
        msgspec.structs.replace(share, value=b""),
        msgspec.structs.replace(share, coins=bytes(33)),
        msgspec.structs.replace(share, number=6),
        msgspec.structs.replace(share, number=0),
    ):
        with pytest.raises(Malformed):
            check_share(bent, ESCROW, TERMS)
    assert repr(share) == "Share(1)"


def test_what_is_sealed_in_any_other_way_is_no_share():
    """Sealed under an ephemeral key of the dealer's choice it opens, and nobody could prove what it was."""
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    key = X25519PrivateKey.from_private_bytes(PRIVATE[0]).public_key()
    data = deal(SECRET, 3, 5, bytes(32))[0] + bytes(32)
    odd = suite.encrypt(data, key, TERMS.info(1)) + ESCROW[SEALED_BYTES:]
    with pytest.raises(BadProof, match="not the one"):
        OPENERS[0].open(odd, TERMS)


def test_lengths_and_keys_are_bounded():
    for size in (0, len(ESCROW) - 1, len(ESCROW) + 1):
        with pytest.raises(Malformed, match="480 bytes"):
            OPENERS[0].open(bytes(size), TERMS)
    with pytest.raises(Malformed, match="same key"):
        Terms((OPENERS[0].public, OPENERS[0].public), 2, ())
    with pytest.raises(Malformed):
        Terms((bytes(32), OPENERS[0].public), 2, ())
    for seed in (b"", bytes(31), bytes(33)):
        with pytest.raises(Malformed, match="32"):
            seal(SECRET, TERMS, seed)
    with pytest.raises(Malformed, match="32"):
        Opener(bytes(31))
    small = b"\x00" * 32 + ESCROW[32:]
    with pytest.raises(Malformed, match="does not open"):
        OPENERS[0].open(small, TERMS)
    assert escrow.SHARE_BYTES + 48 == SEALED_BYTES
