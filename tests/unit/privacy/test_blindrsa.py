# SPDX-License-Identifier: Apache-2.0
"""RSA blind signatures: the RFC's vectors, what is refused, and that the signer's view fits every signature."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.privacy.keys import VECTORS, key_2048, key_of, of, vectors

from tocsin.errors import BadSignature, Malformed
from tocsin.privacy.blindrsa import (
    SALT_BYTES,
    BlindSigner,
    PublicKey,
    blind,
    factor_of,
    finalise,
    pss_encode,
    verify,
)

SALT = b"s" * SALT_BYTES


@pytest.fixture
def signer(entropy):
    return BlindSigner(key_2048(), entropy)


def walked(vector, entropy):
    """Check every value of a vector; gives the key and what a client ends with."""
    signer = BlindSigner(key_of(vector), entropy)
    key, message, salt = signer.public, of(vector, "input_msg"), of(vector, "salt")
    inverse = int(vector["inv"], 16)
    factor = pow(inverse, -1, key.modulus)
    encoded = int.from_bytes(pss_encode(message, salt, key.size))
    assert (encoded * pow(factor, 65537, key.modulus) % key.modulus).to_bytes(key.size) == of(
        vector, "blinded_msg"
    )
    assert signer.evaluate(of(vector, "blinded_msg")) == of(vector, "blind_sig")
    return key, message, salt, factor, inverse


def test_the_vector_of_our_variant(entropy):
    vector = vectors(VECTORS / "rfc9474.json")
    key, message, salt, factor, inverse = walked(vector | {"input_msg": vector["msg"]}, entropy)
    blinded = blind(key, message, salt=salt, factor=factor)
    assert (blinded.message, blinded.inverse) == (of(vector, "blinded_msg"), inverse)
    assert finalise(key, message, of(vector, "blind_sig"), inverse) == of(vector, "sig")
    verify(key, message, of(vector, "sig"))


def test_every_vector_of_the_rfc(data_dir: Path, entropy):
    found = vectors(data_dir / "vectors" / "rfc9474_blind_rsa.json")
    assert len(found) == 4
    for vector in found:
        key, message, salt, factor, inverse = walked(vector, entropy)
        if salt:
            assert blind(key, message, salt=salt, factor=factor).message == of(vector, "blinded_msg")
            assert finalise(key, message, of(vector, "blind_sig"), inverse) == of(vector, "sig")
            continue
        # The variant without a salt is not ours: its values come out, and neither end takes it for one of ours.
        unblinded = int(vector["blind_sig"], 16) * inverse % key.modulus
        assert unblinded.to_bytes(key.size) == of(vector, "sig")
        with pytest.raises(Malformed, match="salt"):
            blind(key, message, salt=salt, factor=factor)
        with pytest.raises(BadSignature):
            finalise(key, message, of(vector, "blind_sig"), inverse)


@settings(max_examples=30)
@given(st.binary(max_size=300), st.binary(min_size=48, max_size=48), st.binary(min_size=272, max_size=272))
def test_what_was_blinded_comes_back_as_an_ordinary_signature(message, salt, drawn):
    signer = BlindSigner(key_2048(), random.Random(1).randbytes)
    key = signer.public
    blinded = blind(key, message, salt=salt, factor=factor_of(key, drawn))
    signature = finalise(key, message, signer.evaluate(blinded.message), blinded.inverse)
    ordinary = padding.PSS(padding.MGF1(SHA384()), SALT_BYTES)
    key_2048().public_key().verify(signature, message, ordinary, SHA384())  # raises where it is none


def test_every_signature_fits_every_request_that_the_signer_saw(signer):
    """Blindness: for each pair there is exactly one factor that makes the request this signature's."""
    key, salts = signer.public, [bytes([number]) * SALT_BYTES for number in (1, 2)]
    seen = [
        blind(
            key, b"report %d" % at, salt=salt, factor=factor_of(key, random.Random(at).randbytes(272))
        ).message
        for at, salt in enumerate(salts)
    ]
    for at, salt in enumerate(salts):
        for request in seen:
            encoded = int.from_bytes(pss_encode(b"report %d" % at, salt, key.size))
            quotient = int.from_bytes(request) * pow(encoded, -1, key.modulus) % key.modulus
            factor = int.from_bytes(signer.evaluate(quotient.to_bytes(key.size)))
            assert blind(key, b"report %d" % at, salt=salt, factor=factor).message == request


@pytest.mark.parametrize("bend", ["message", "answer", "inverse"])
def test_another_message_answer_or_blinding_gives_no_signature(signer, bend):
    key = signer.public
    blinded = blind(key, b"message", salt=SALT, factor=12345)
    answer = signer.evaluate(blinded.message)
    message, inverse = b"message", blinded.inverse
    if bend == "message":
        message = b"another"
    elif bend == "answer":
        answer = signer.evaluate(blind(key, b"message", salt=SALT, factor=54321).message)
    else:
        inverse += 1
    with pytest.raises(BadSignature):
        finalise(key, message, answer, inverse)


@pytest.mark.parametrize("number", [-1, 0, 1])
def test_a_number_is_below_the_modulus(signer, number):
    data = (signer.public.modulus + number).to_bytes(signer.public.size)
    if number < 0:
        assert int.from_bytes(signer.evaluate(data)) == signer.public.modulus - 1
        return
    with pytest.raises(Malformed, match="below its modulus"):
        signer.evaluate(data)
    with pytest.raises(Malformed, match="below its modulus"):
        finalise(signer.public, b"message", data, 1)


@pytest.mark.parametrize("size", [0, 255, 257, 512])
def test_a_number_of_another_length_is_refused(signer, size):
    with pytest.raises(Malformed):
        signer.evaluate(bytes(size))
    with pytest.raises(BadSignature):
        verify(signer.public, b"message", bytes(size))


def test_a_result_that_a_fault_spoiled_is_not_released(signer, monkeypatch):
    """By CRT, one that is right modulo p and wrong modulo q gives p away (Boneh, DeMillo and Lipton 1997)."""
    p = key_2048().private_numbers().p
    right = signer._operate
    n = signer.public.modulus

    def faulty(value: bytes) -> bytes:
        return ((int.from_bytes(right(value)) + p) % n).to_bytes(len(value))

    monkeypatch.setattr(signer, "_operate", faulty)
    with pytest.raises(BadSignature, match="thrown away") as refused:
        signer.evaluate(bytes(255) + b"\x05")
    assert "Stop issuing" in refused.value.next_step


@pytest.mark.parametrize("factor", [0, -1, None])
def test_a_factor_is_between_nought_and_the_modulus(signer, factor):
    with pytest.raises(Malformed, match="factor"):
        blind(signer.public, b"m", salt=SALT, factor=signer.public.modulus if factor is None else factor)


@pytest.mark.parametrize("size", [0, 47, 49])
def test_a_salt_has_48_bytes(signer, size):
    with pytest.raises(Malformed, match="salt"):
        blind(signer.public, b"m", salt=bytes(size), factor=2)


def test_a_broken_key_is_found_out_by_what_shares_its_factor(signer):
    with pytest.raises(Malformed, match="broken"):
        blind(signer.public, b"m", salt=SALT, factor=key_2048().private_numbers().p)


def test_a_factor_is_drawn_from_all_numbers_below_the_modulus(signer):
    key = signer.public
    assert factor_of(key, bytes(272)) == 1
    assert factor_of(key, (key.modulus - 2).to_bytes(272)) == key.modulus - 1
    assert factor_of(key, (key.modulus - 1).to_bytes(272)) == 1
    with pytest.raises(Malformed, match="272 bytes"):
        factor_of(key, bytes(256))


@pytest.mark.parametrize("modulus", [0, 3, 1 << 2047, (1 << 1024) + 1, (1 << 2046) + 1, (1 << 8191) + 1])
def test_a_modulus_is_odd_and_of_a_size_that_is_used(modulus):
    with pytest.raises(Malformed, match="modulus"):
        PublicKey(modulus)


def test_a_key_with_another_exponent_signs_nothing(entropy):
    with pytest.raises(Malformed, match="exponent"):
        BlindSigner(rsa.generate_private_key(3, 2048), entropy)
