# SPDX-License-Identifier: Apache-2.0
"""A record opens with its key, at its place, unchanged; in every other case it does not open at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import VaultLocked
from tocsin.ids import Entropy
from tocsin.privacy.box import KEY_BYTES, Box

ANY = st.characters(exclude_categories=["Cs"])
KEY, PLACE = bytes(range(KEY_BYTES)), "case/cas_1f0c2a645a3b4c8e9b1d0123456789ab"


@pytest.fixture
def box(entropy: Entropy) -> Box:
    return Box(KEY, entropy)


@given(st.binary(max_size=2_000), st.text(ANY))
def test_what_is_sealed_is_opened(plaintext: bytes, context: str) -> None:
    box = Box(KEY, bytes)
    assert box.open(box.seal(plaintext, context), context) == plaintext


def test_a_record_is_opened_by_another_process_with_the_same_key(box: Box) -> None:
    assert Box(KEY, bytes).open(box.seal(b"secret", PLACE), PLACE) == b"secret"


def test_a_sealed_record_shows_its_version_and_the_length_and_nothing_else(box: Box) -> None:
    sealed = box.seal(b"the victim's name", PLACE)
    assert sealed[:1] == b"\x01"
    assert len(sealed) == 1 + 12 + len(b"the victim's name") + 16
    assert b"victim" not in sealed


def test_the_same_record_is_sealed_otherwise_each_time(box: Box) -> None:
    assert box.seal(b"secret", PLACE) != box.seal(b"secret", PLACE)


def test_a_repeated_nonce_gives_away_equality_only() -> None:
    """Why GCM-SIV: with plain GCM, two records under one nonce would give away each other and the key of the tag."""
    box = Box(KEY, bytes)
    one, other = box.seal(b"A" * 32, PLACE), box.seal(b"B" * 32, PLACE)
    assert one == box.seal(b"A" * 32, PLACE)
    body = slice(13, -16)
    assert bytes(a ^ b for a, b in zip(one[body], other[body], strict=True)) != bytes(
        [ord("A") ^ ord("B")] * 32
    )


SEALED = Box(KEY, bytes).seal(b"secret", PLACE)


@pytest.mark.parametrize("position", range(len(SEALED) * 8))
def test_no_bit_can_be_flipped(position: int) -> None:
    changed = bytearray(SEALED)
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises(VaultLocked):
        Box(KEY, bytes).open(bytes(changed), PLACE)


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_a_cut_record_does_not_open(length: int) -> None:
    with pytest.raises(VaultLocked):
        Box(KEY, bytes).open(SEALED[:length], PLACE)


@pytest.mark.parametrize("place", ["", "case/", PLACE + "x", PLACE.upper(), "journal/1"])
def test_a_record_does_not_open_at_another_place(place: str) -> None:
    with pytest.raises(VaultLocked, match="does not open"):
        Box(KEY, bytes).open(SEALED, place)


def test_a_record_does_not_open_with_another_key() -> None:
    with pytest.raises(VaultLocked, match="does not open"):
        Box(bytes(KEY_BYTES), bytes).open(SEALED, PLACE)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_has_32_bytes(size: int) -> None:
    with pytest.raises(VaultLocked, match=f"32 bytes, not {size}"):
        Box(bytes(size), bytes)


@given(st.binary(max_size=200))
def test_no_bytes_make_another_error(data: bytes) -> None:
    with pytest.raises(VaultLocked):
        Box(KEY, bytes).open(data, PLACE)


def test_a_refusal_tells_nothing_of_the_record() -> None:
    with pytest.raises(VaultLocked) as caught:
        Box(bytes(KEY_BYTES), bytes).open(SEALED, PLACE)
    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)


@given(st.binary(max_size=200), st.binary(max_size=200), st.text(ANY, max_size=20), st.text(ANY, max_size=20))
def test_keyed_digests_are_equal_for_the_same_bytes_and_use_under_one_key_and_never_else(
    one: bytes, two: bytes, use: str, other: str
) -> None:
    box = Box(KEY, bytes)
    assert (box.digest(one, use) == box.digest(two, other)) is ((one, use) == (two, other))
    assert Box(bytes(KEY_BYTES), bytes).digest(one, use) != box.digest(one, use)
    assert len(box.digest(one, use)) == 32


def test_a_keyed_digest_is_the_same_in_the_next_release() -> None:
    """Or every file would be looked at again."""
    found = Box(KEY, bytes).digest(b"a mail", "seen/collected").hex()
    assert found == "e0c8b0c689a85116d579b1176e9a7975baea2832a704579ec22eb333b59ce700"
