# SPDX-License-Identifier: Apache-2.0
"""Hybrid sealing: the draft's vectors, one place where it opens, and none where only half of the key is right."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.bindings._rust import openssl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.privacy.keys import of, vectors

from tocsin.errors import Malformed, TooLarge
from tocsin.privacy.hybrid import MAX_PLAINTEXT, OVERHEAD, PUBLIC_BYTES, Opener, Recipient

SEED = random.Random(9180).randbytes(32)
CONTEXT = (b"live", b"prt_1", b"epk")
MLKEM = 1184


@pytest.fixture(scope="module")
def opener() -> Opener:
    return Opener(SEED)


@pytest.fixture(scope="module")
def sealed(opener) -> bytes:
    return Recipient(opener.public).seal(b"the sealed part", CONTEXT)


def test_keys_and_openings_of_the_draft(data_dir: Path):
    """The vectors have associated data, which our form has not: they are opened with the same key one floor below."""
    found = [
        one for one in vectors(data_dir / "vectors/draft-ietf-hpke-pq_hpke.json") if one["kem_id"] == 0x647A
    ]
    assert [one["kdf_id"] for one in found] == [1, 0x11]
    for vector in found:
        opener = Opener(of(vector, "skRm"))
        assert opener.public == of(vector, "pkRm")
        kdf = {1: openssl.hpke.KDF.HKDF_SHA256, 0x11: openssl.hpke.KDF.SHAKE256}[vector["kdf_id"]]
        suite = openssl.hpke.Suite(openssl.hpke.KEM.MLKEM768_X25519, kdf, openssl.hpke.AEAD.CHACHA20_POLY1305)
        first = vector["encryptions"][0]
        data, aad = of(vector, "enc") + of(first, "ct"), of(first, "aad")
        assert openssl.hpke._decrypt_with_aad(suite, data, opener._key, of(vector, "info"), aad) == of(
            first, "pt"
        )


def test_header_and_context_are_bound_in_the_form_that_is_written_down(opener, sealed):
    header = bytes.fromhex("01647a00010003")
    info = b"tocsin/sealed/v1" + header + b"\0\0\0\x04live\0\0\0\x05prt_1\0\0\0\x03epk"
    kem, kdf, aead = (
        openssl.hpke.KEM.MLKEM768_X25519,
        openssl.hpke.KDF.HKDF_SHA256,
        openssl.hpke.AEAD.CHACHA20_POLY1305,
    )
    assert sealed[:7] == header
    assert openssl.hpke.Suite(kem, kdf, aead).decrypt(sealed[7:], opener._key, info) == b"the sealed part"


@settings(max_examples=30)
@given(st.binary(max_size=3000), st.lists(st.binary(max_size=50), max_size=4))
def test_what_is_sealed_opens_in_its_place(plaintext, context):
    opener = Opener(SEED)
    sealed = Recipient(opener.public).seal(plaintext, context)
    assert len(sealed) == len(plaintext) + OVERHEAD
    assert opener.open(sealed, context) == plaintext


def test_the_same_is_never_sealed_to_the_same_bytes(opener):
    recipient = Recipient(opener.public)
    assert len({recipient.seal(b"x", CONTEXT) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "context",
    [
        (),
        (b"live", b"prt_1"),
        (b"live", b"prt_2", b"epk"),
        (b"livep", b"rt_1", b"epk"),
        (b"live", b"prt_1", b"epk", b""),
    ],
    ids=["none", "one less", "another", "the same letters", "an empty one more"],
)
def test_it_does_not_open_in_another_place(opener, sealed, context):
    with pytest.raises(Malformed, match="does not open"):
        opener.open(sealed, context)


def test_it_does_not_open_with_another_key(sealed):
    with pytest.raises(Malformed, match="does not open"):
        Opener(SEED[::-1]).open(sealed, CONTEXT)


@pytest.mark.parametrize("half", ["ML-KEM", "X25519"])
def test_both_halves_of_the_key_are_needed(opener, half):
    other = Opener(SEED[::-1]).public
    right, wrong = (opener.public, other) if half == "ML-KEM" else (other, opener.public)
    mixed = Recipient(right[:MLKEM] + wrong[MLKEM:])
    with pytest.raises(Malformed, match="does not open"):
        opener.open(mixed.seal(b"x", CONTEXT), CONTEXT)


def test_no_bent_byte_opens(opener, sealed):
    for at in range(0, len(sealed), 5):
        bent = sealed[:at] + bytes([sealed[at] ^ 0x80]) + sealed[at + 1 :]
        with pytest.raises(Malformed):
            opener.open(bent, CONTEXT)


@pytest.mark.parametrize("size", [0, 6, 7, OVERHEAD - 1])
def test_what_is_too_short_was_not_sealed(opener, sealed, size):
    with pytest.raises(Malformed, match="version"):
        opener.open(sealed[:size], CONTEXT)


def test_bounds(opener):
    with pytest.raises(TooLarge):
        Recipient(opener.public).seal(bytes(MAX_PLAINTEXT + 1), ())
    with pytest.raises(TooLarge):
        opener.open(bytes(MAX_PLAINTEXT + OVERHEAD + 1), ())
    full = Recipient(opener.public).seal(bytes(MAX_PLAINTEXT), ())
    assert opener.open(full, ()) == bytes(MAX_PLAINTEXT)


def test_keys_that_are_none_are_refused(opener):
    for size in (0, 32, MLKEM, PUBLIC_BYTES - 1, PUBLIC_BYTES + 1):
        with pytest.raises(Malformed, match="1216 bytes"):
            Recipient(bytes(size))
    for size in (0, 31, 33):
        with pytest.raises(Malformed, match="seed"):
            Opener(bytes(size))
    with pytest.raises(Malformed, match="everybody"):
        Recipient(opener.public[:MLKEM] + bytes(32))
    with pytest.raises(Malformed, match="ML-KEM"):
        Recipient(b"\xff" * MLKEM + opener.public[MLKEM:])
