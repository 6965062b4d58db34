# SPDX-License-Identifier: Apache-2.0
"""Signatures fit one purpose, one realm, one hub; and a key that fits everything is nobody's."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import BadSignature, Malformed
from tocsin.proof.encoding import framed, from_base64, name_bytes, to_base64
from tocsin.proof.signing import Context, SigningKey, check_public_key, verify, verify_exactly

KEY = SigningKey.from_seed(bytes(range(32)))
CONTEXT = Context("receipt", "live", "hub.example")

IDENTITY = (1).to_bytes(32, "little")
SMALL_ORDER = [
    IDENTITY,
    bytes(32),
    (2**255 - 20).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


def test_rfc_8032_test_1():
    key = SigningKey.from_seed(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign_exactly(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


def test_a_signature_verifies_in_its_context():
    verify(KEY.public, CONTEXT, b"message", KEY.sign(CONTEXT, b"message"))


@pytest.mark.parametrize(
    "other",
    [
        Context("warning", "live", "hub.example"),
        Context("receipt", "drill", "hub.example"),
        Context("receipt", "live", "hub2.example"),
        Context("receipt", "livehub", ".example"),
    ],
)
def test_a_signature_for_another_purpose_realm_or_hub_is_refused(other):
    with pytest.raises(BadSignature):
        verify(KEY.public, CONTEXT, b"message", KEY.sign(other, b"message"))


def test_a_signature_without_context_never_passes_for_one_with():
    with pytest.raises(BadSignature):
        verify(KEY.public, CONTEXT, b"message", KEY.sign_exactly(b"message"))


@given(st.binary(max_size=40), st.binary(max_size=70))
def test_garbage_keys_and_signatures_are_refused_in_our_own_words(public, signature):
    with pytest.raises(BadSignature):
        verify_exactly(public, b"message", signature)


@pytest.mark.parametrize(
    "context", [Context("", "live", "hub"), Context("x", "", "hub"), Context("x", "live", "")]
)
def test_a_context_names_all_three(context):
    with pytest.raises(Malformed):
        KEY.sign(context, b"")


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length_is_refused(seed):
    with pytest.raises(Malformed):
        SigningKey.from_seed(seed)


@pytest.mark.parametrize("public", SMALL_ORDER)
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_keys_of_small_order_are_refused(public, sign_bit):
    with pytest.raises(Malformed, match="signatures that nobody made"):
        check_public_key(public[:31] + bytes([public[31] | sign_bit]))


def test_spellings_of_small_order_beyond_the_prime_are_refused():
    for y in (2**255 - 19, 2**255 - 18):
        with pytest.raises(Malformed):
            check_public_key(y.to_bytes(32, "little"))


def test_the_library_alone_would_accept_a_signature_that_nobody_made():
    """Why `check_public_key` is there: with R the identity and S zero, a key of order 8 fits one message in eight."""
    forged, fits = IDENTITY + bytes(32), 0
    for number in range(64):
        message = str(number).encode()
        try:
            Ed25519PublicKey.from_public_bytes(SMALL_ORDER[3]).verify(forged, message)
        except InvalidSignature:
            continue
        fits += 1
        with pytest.raises(BadSignature):
            verify_exactly(SMALL_ORDER[3], message, forged)
    assert 0 < fits < 64


# --- encoding -----------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=12), max_size=5), st.lists(st.binary(max_size=12), max_size=5))
def test_different_fields_are_framed_differently(one, other):
    assert (framed(*one) == framed(*other)) == (one == other)


@given(st.binary(max_size=100))
def test_base64_comes_back(data):
    assert from_base64(to_base64(data)) == data


@pytest.mark.parametrize(
    "text", ["QQ", "QQ=", "QR==", "Q Q==", "QQ==\n", "-_==", "Ä===", "====", "Q\ud800=="]
)
def test_base64_has_one_spelling(text):
    with pytest.raises(Malformed):
        from_base64(text)


@pytest.mark.parametrize("name", ["", "x" * 201, "é" * 101, "\udc80"])
def test_names_are_text_and_bounded(name):
    with pytest.raises(Malformed):
        name_bytes(name)
