# SPDX-License-Identifier: Apache-2.0
"""Oblivious HTTP: the RFC's exchange byte for byte, another implementation's HPKE, and what does not open."""

import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKeyPair
from tests.unit.privacy.keys import VECTORS, of, vectors

from tocsin.errors import Malformed, TooLarge
from tocsin.privacy.bhttp import BinaryRequest, BinaryResponse
from tocsin.privacy.ohttp import (
    MAX_MESSAGE,
    REQUEST_OVERHEAD,
    RESPONSE_OVERHEAD,
    Gateway,
    KeyConfig,
    encapsulate_request,
)

PRIVATE = random.Random(9458).randbytes(32)
PYCA = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(7, PRIVATE)


def test_the_exchange_of_the_rfc():
    vector = vectors(VECTORS / "rfc9458.json")
    config = KeyConfig.parse(of(vector, "key_config"))
    gateway = Gateway(vector["key_id"], of(vector, "receiver_private_key"))
    assert gateway.config == config

    asked, awaiting = encapsulate_request(
        config, of(vector, "request_bhttp"), lambda _: of(vector, "ephemeral_private_key")
    )
    assert asked == of(vector, "encapsulated_request")
    message, answering = gateway.open_request(asked)
    assert message == of(vector, "request_bhttp")
    assert BinaryRequest.parse(message) == BinaryRequest(b"GET", b"https", b"example.com", b"/")

    answer = answering.seal_response(of(vector, "response_bhttp"), lambda _: of(vector, "response_nonce"))
    assert answer == of(vector, "encapsulated_response")
    assert awaiting.open_response(answer) == of(vector, "response_bhttp")
    assert BinaryResponse.parse(of(vector, "response_bhttp")) == BinaryResponse(200)


def test_our_file_holds_the_published_values(data_dir: Path):
    assert vectors(VECTORS / "rfc9458.json") == vectors(data_dir / "vectors" / "rfc9458_appendix_a.json")


def test_the_library_under_it_passes_every_vector_of_its_rfc(data_dir: Path):
    """RFC 9180, all modes, curves and exports of the library; encryptions are taken in order as far as they are."""
    opened = exported = 0
    for vector in vectors(data_dir / "vectors" / "rfc9180_hpke_subset.json"):
        suite = CipherSuite.new(KEMId(vector["kem_id"]), KDFId(vector["kdf_id"]), AEADId(vector["aead_id"]))
        context = suite.create_recipient_context(
            of(vector, "enc"),
            suite.kem.deserialize_private_key(of(vector, "skRm")),
            of(vector, "info"),
            pks=suite.kem.deserialize_public_key(of(vector, "pkSm")) if "pkSm" in vector else None,
            psk=of(vector, "psk") if "psk" in vector else b"",
            psk_id=of(vector, "psk_id") if "psk_id" in vector else b"",
        )
        for one in vector["encryptions"][:5]:
            assert context.open(of(one, "ct"), of(one, "aad")) == of(one, "pt")
            opened += 1
        for one in vector["exports"]:
            assert context.export(of(one, "exporter_context"), one["L"]) == of(one, "exported_value")
            exported += 1
    assert (opened, exported) == (480, 384)


def test_its_sender_gives_the_published_bytes(data_dir: Path):
    """The one suite that is ours, sealed with the published ephemeral key."""
    found = [
        one
        for one in vectors(data_dir / "vectors" / "rfc9180_hpke_subset.json")
        if (one["mode"], one["kem_id"], one["kdf_id"], one["aead_id"]) == (0, 0x20, 1, 1)
    ]
    assert len(found) == 1
    for vector in found:
        suite = CipherSuite.new(KEMId(0x20), KDFId(1), AEADId(1))
        kem = suite.kem
        pair = KEMKeyPair(
            kem.deserialize_private_key(of(vector, "skEm")), kem.deserialize_public_key(of(vector, "pkEm"))
        )
        recipient = kem.deserialize_public_key(of(vector, "pkRm"))
        enc, context = suite.create_sender_context(recipient, of(vector, "info"), eks=pair)
        assert enc == of(vector, "enc")
        for one in vector["encryptions"][:5]:
            assert context.seal(of(one, "pt"), of(one, "aad")) == of(one, "ct")


def test_another_implementation_opens_our_request(gateway, entropy):
    asked, _ = encapsulate_request(gateway.config, b"inside", entropy)
    info = b"message/bhttp request\x00" + asked[:7]
    assert PYCA.decrypt(asked[7:], X25519PrivateKey.from_private_bytes(PRIVATE), info) == b"inside"


def test_another_implementations_request_is_opened(gateway):
    header = gateway.config.header
    public = X25519PublicKey.from_public_bytes(gateway.config.public)
    asked = header + PYCA.encrypt(b"inside", public, b"message/bhttp request\x00" + header)
    assert gateway.open_request(asked)[0] == b"inside"


@settings(max_examples=30)
@given(st.binary(max_size=2000), st.binary(max_size=2000), st.integers(0, 255), st.integers())
def test_what_goes_in_comes_out(message, response, key_id, seed):
    entropy = random.Random(seed).randbytes
    gateway = Gateway(key_id, PRIVATE)
    config = KeyConfig.parse(gateway.config.to_bytes())
    asked, awaiting = encapsulate_request(config, message, entropy)
    found, answering = gateway.open_request(asked)
    answer = answering.seal_response(response, entropy)
    assert (found, awaiting.open_response(answer)) == (message, response)
    assert (len(asked), len(answer)) == (len(message) + REQUEST_OVERHEAD, len(response) + RESPONSE_OVERHEAD)


def test_no_bent_request_opens(gateway, entropy):
    asked, _ = encapsulate_request(gateway.config, b"inside", entropy)
    for bit in range(8 * len(asked)):
        with pytest.raises(Malformed, match="not an encapsulated request under this key"):
            gateway.open_request((int.from_bytes(asked) ^ 1 << bit).to_bytes(len(asked)))
    for cut in range(len(asked)):
        with pytest.raises(Malformed):
            gateway.open_request(asked[:cut])


def test_no_bent_response_opens(gateway, entropy):
    asked, awaiting = encapsulate_request(gateway.config, b"inside", entropy)
    answer = gateway.open_request(asked)[1].seal_response(b"yes", entropy)
    for bit in range(8 * len(answer)):
        with pytest.raises(Malformed):
            awaiting.open_response((int.from_bytes(answer) ^ 1 << bit).to_bytes(len(answer)))
    for cut in range(len(answer)):
        with pytest.raises(Malformed):
            awaiting.open_response(answer[:cut])


def test_a_response_opens_only_for_its_request(gateway, entropy):
    first, awaiting = encapsulate_request(gateway.config, b"same", entropy)
    second, _ = encapsulate_request(gateway.config, b"same", entropy)
    answer = gateway.open_request(second)[1].seal_response(b"yes", entropy)
    with pytest.raises(Malformed, match="not sealed for this request"):
        awaiting.open_response(answer)
    assert awaiting.open_response(gateway.open_request(first)[1].seal_response(b"yes", entropy)) == b"yes"


def test_a_request_under_another_key_does_not_open(gateway, entropy):
    for other in (Gateway(7, PRIVATE[::-1]), Gateway(8, PRIVATE)):
        asked, _ = encapsulate_request(other.config, b"inside", entropy)
        with pytest.raises(Malformed):
            gateway.open_request(asked)


def test_a_shared_secret_of_nought_is_refused(gateway):
    with pytest.raises(Malformed, match="not an encapsulated request"):
        gateway.open_request(gateway.config.header + bytes(32) + bytes(16))
    with pytest.raises(Malformed, match="everybody"):
        KeyConfig(1, bytes(32))


def test_bounds(gateway, entropy):
    with pytest.raises(TooLarge):
        encapsulate_request(gateway.config, bytes(MAX_MESSAGE + 1), entropy)
    asked, awaiting = encapsulate_request(gateway.config, bytes(MAX_MESSAGE), entropy)
    message, answering = gateway.open_request(asked)
    assert message == bytes(MAX_MESSAGE)
    with pytest.raises(TooLarge):
        gateway.open_request(asked + b"\x00")
    with pytest.raises(TooLarge):
        answering.seal_response(bytes(MAX_MESSAGE + 1), entropy)
    answer = answering.seal_response(bytes(MAX_MESSAGE), entropy)
    assert awaiting.open_response(answer) == bytes(MAX_MESSAGE)
    with pytest.raises(TooLarge):
        awaiting.open_response(answer + b"\x00")


KEM, PUBLIC = "0020", "31e1f05a740102115220e9af918f738674aec95f54db6e04eb705aae8e798155"


@pytest.mark.parametrize(
    "config",
    {
        "empty": "",
        "no algorithms": f"01{KEM}{PUBLIC}",
        "none of ours": f"01{KEM}{PUBLIC}000400010003",
        "none at all": f"01{KEM}{PUBLIC}0000",
        "half a pair": f"01{KEM}{PUBLIC}00060001000100",
        "and two bytes": f"01{KEM}{PUBLIC}0006000100010001",
        "length too small": f"01{KEM}{PUBLIC}00040001000100010003",
        "length too large": f"01{KEM}{PUBLIC}000800010001",
        "another KEM": f"010010{PUBLIC}000400010001",
        "a point of small order": f"01{KEM}{'00' * 32}000400010001",
        "very many": f"01{KEM}{PUBLIC}0044{'00010001' * 17}",
    }.items(),
    ids=lambda one: one[0],
)
def test_a_configuration_that_is_none_of_ours_is_refused(config):
    with pytest.raises(Malformed):
        KeyConfig.parse(bytes.fromhex(config[1]))


def test_a_key_of_another_length_or_number_is_refused():
    for size in (0, 31, 33):
        with pytest.raises(Malformed, match="32 bytes"):
            Gateway(1, bytes(size))
    for number in (-1, 256):
        with pytest.raises(Malformed, match="0 to 255"):
            Gateway(number, PRIVATE)
