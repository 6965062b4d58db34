# SPDX-License-Identifier: Apache-2.0
"""Privacy Pass tokens of type 2: two producers' vectors, every structure's one spelling, and what no verifier takes."""

import random
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.privacy.keys import key_2048, of, vectors

from tocsin.errors import BadSignature, Malformed
from tocsin.privacy.blindrsa import BlindSigner, PublicKey, blind
from tocsin.privacy.tokens import (
    MAX_CHALLENGE,
    Pending,
    Token,
    TokenChallenge,
    TokenKey,
    TokenRequest,
    ask,
    check_token,
    epoch_challenge,
    finish,
    issue,
    token_nonce,
)

SALT, RANDOM = b"s" * 48, random.Random(9578).randbytes(272)
CHALLENGE = epoch_challenge("hub.example", realm="live", token_class="open", epoch_document=b"epoch 7")

ascii_text = st.text(st.characters(max_codepoint=127))


@pytest.fixture(scope="module")
def signer():
    return BlindSigner(key_2048(), random.Random(1).randbytes)


@pytest.fixture(scope="module")
def key(signer):
    return TokenKey(signer.public)


@pytest.fixture(scope="module")
def pending(key) -> Pending:
    return ask(key, CHALLENGE, token_nonce(b"r" * 32, b"one-time key"), salt=SALT, random=RANDOM)


@pytest.fixture(scope="module")
def token(signer, key, pending) -> Token:
    return finish(pending, issue(signer, key, pending.request))


@pytest.mark.parametrize("producer", ["go", "rust"])
def test_every_vector_of_the_rfc(data_dir: Path, producer):
    found = vectors(data_dir / "vectors" / f"rfc9578_type2_public_{producer}.json")
    assert len(found) == 5
    for vector in found:
        key, challenge = (
            TokenKey.parse(of(vector, "pkS")),
            TokenChallenge.parse(of(vector, "token_challenge")),
        )
        assert (key.to_bytes(), challenge.to_bytes()) == (of(vector, "pkS"), of(vector, "token_challenge"))
        drawn = (int(vector["blind"], 16) - 1).to_bytes(272)
        pending = ask(key, challenge, of(vector, "nonce"), salt=of(vector, "salt"), random=drawn)
        assert pending.request.to_bytes() == of(vector, "token_request")
        token = finish(pending, of(vector, "token_response"))
        assert token.to_bytes() == of(vector, "token")
        check_token(Token.parse(of(vector, "token")), key, challenge)


@pytest.mark.parametrize("producer", ["go", "rust"])
def test_no_vector_with_another_bit_is_taken(data_dir: Path, producer):
    for vector in vectors(data_dir / "vectors" / f"rfc9578_type2_public_{producer}.json"):
        key, challenge = (
            TokenKey.parse(of(vector, "pkS")),
            TokenChallenge.parse(of(vector, "token_challenge")),
        )
        good = of(vector, "token")
        for bit in range(0, 8 * len(good), 7):
            bent = (int.from_bytes(good) ^ 1 << bit).to_bytes(len(good))
            with pytest.raises((BadSignature, Malformed)):
                check_token(Token.parse(bent), key, challenge)


def test_a_token_goes_the_whole_way_over_the_wire(signer, key, pending, token):
    request = TokenRequest.parse(pending.request.to_bytes())
    assert len(request.to_bytes()) == 259
    assert issue(signer, TokenKey.parse(key.to_bytes()), request) == issue(signer, key, pending.request)
    assert len(token.to_bytes()) == 354
    check_token(Token.parse(token.to_bytes()), key, CHALLENGE)


def test_another_implementation_reads_the_key(key):
    loaded = load_der_public_key(key.to_bytes())
    assert isinstance(loaded, rsa.RSAPublicKey)
    assert loaded.public_numbers().n == key.rsa.modulus


@pytest.mark.parametrize(
    "other",
    [
        {"realm": "drill-1"},
        {"token_class": "accountable"},
        {"epoch_document": b"epoch 8"},
        {"issuer": "other.example"},
    ],
)
def test_a_token_is_worth_nothing_for_another_realm_class_epoch_or_hub(key, token, other):
    given = {
        "issuer": "hub.example",
        "realm": "live",
        "token_class": "open",
        "epoch_document": b"epoch 7",
    } | other
    challenge = epoch_challenge(given.pop("issuer"), **given)
    with pytest.raises(BadSignature, match="another key or another challenge"):
        check_token(token, key, challenge)
    with pytest.raises(BadSignature):
        check_token(msgspec.structs.replace(token, challenge_digest=challenge.digest()), key, challenge)


def test_a_token_is_worth_nothing_under_another_key(token):
    other = TokenKey(PublicKey(rsa.generate_private_key(65537, 2048).public_key().public_numbers().n))
    with pytest.raises(BadSignature, match="another key"):
        check_token(token, other, CHALLENGE)
    with pytest.raises(BadSignature):
        check_token(msgspec.structs.replace(token, key_id=other.key_id), other, CHALLENGE)


def test_an_answer_to_another_request_makes_no_token(signer, key, pending):
    other = ask(key, CHALLENGE, token_nonce(b"q" * 32, b""), salt=SALT, random=RANDOM)
    with pytest.raises(BadSignature):
        finish(pending, issue(signer, key, other.request))
    for answer in (b"", bytes(255), bytes(257), b"\xff" * 256):
        with pytest.raises(Malformed):
            finish(pending, answer)


def test_a_request_under_another_key_is_not_answered(signer, key, pending):
    other = msgspec.structs.replace(pending.request, truncated_key_id=pending.request.truncated_key_id ^ 1)
    with pytest.raises(Malformed, match="another key"):
        issue(signer, key, other)


def test_what_ties_a_request_to_its_token_is_in_no_log(key, pending):
    blinded = blind(key.rsa, b"m", salt=SALT, factor=2)
    assert str(blinded.inverse) not in f"{blinded!r} {blinded}"
    assert str(pending.inverse) not in f"{pending!r} {pending}"


def test_requests_for_one_token_do_not_repeat_with_other_randomness(key):
    nonce = token_nonce(b"r" * 32, b"")
    asked = {
        ask(key, CHALLENGE, nonce, salt=salt, random=drawn).request.blinded
        for salt in (SALT, b"t" * 48)
        for drawn in (RANDOM, RANDOM[::-1])
    }
    assert len(asked) == 4


def test_a_nonce_hangs_on_its_random_bytes_and_on_what_it_stands_for():
    drawn = [
        token_nonce(random, stands) for random in (b"a" * 32, b"b" * 32) for stands in (b"", b"x", b"xy")
    ]
    assert len(set(drawn)) == 6
    assert token_nonce(bytes(32), b"key").hex() == (
        "2853b93ed341fb057e08541849ef8e593317fef9b2ba5fa54753e4075cfc0189"
    )
    for size in (0, 31, 33):
        with pytest.raises(Malformed, match="32 random bytes"):
            token_nonce(bytes(size), b"")


def test_the_challenge_of_an_epoch_has_nothing_of_a_request():
    again = epoch_challenge("hub.example", realm="live", token_class="open", epoch_document=b"epoch 7")
    assert again == CHALLENGE
    assert CHALLENGE.origin_info == "tocsin/live/open"
    assert TokenChallenge.parse(CHALLENGE.to_bytes()) == CHALLENGE


@given(ascii_text.filter(bool), st.binary(min_size=32, max_size=32) | st.just(b""), ascii_text)
def test_a_challenge_has_one_spelling(issuer, context, origin):
    written = TokenChallenge(issuer, context, origin).to_bytes()
    assert TokenChallenge.parse(written) == TokenChallenge(issuer, context, origin)
    for bent in (written[:-1], written + b"\x00", b"\x00\x01" + written[2:]):
        with pytest.raises(Malformed):
            TokenChallenge.parse(bent)


@given(st.binary(max_size=80))
def test_bytes_are_a_challenge_in_one_spelling_or_not_at_all(rest):
    try:
        found = TokenChallenge.parse(b"\x00\x02" + rest)
    except Malformed:
        return
    assert found.to_bytes() == b"\x00\x02" + rest


@pytest.mark.parametrize(
    ("issuer", "context", "origin"),
    [
        ("", b"", ""),
        ("hub", b"c" * 31, ""),
        ("hub", b"c" * 33, ""),
        ("hüb", b"", ""),
        ("hub", b"", "ü"),
        ("h" * MAX_CHALLENGE, b"", ""),
        ("hub", b"", "o" * (1 << 16)),
    ],
    ids=[
        "no issuer",
        "short context",
        "long context",
        "issuer",
        "origin",
        "long issuer",
        "longer than its length",
    ],
)
def test_a_challenge_that_cannot_be_one_is_not_made(issuer, context, origin):
    with pytest.raises(Malformed):
        TokenChallenge(issuer, context, origin)


def test_the_longest_challenge_has_a_kilobyte():
    assert len(TokenChallenge("h" * (1024 - 7), b"", "").to_bytes()) == MAX_CHALLENGE == 1024
    with pytest.raises(Malformed):
        TokenChallenge("h" * (1024 - 6), b"", "")


def test_a_challenge_of_wrong_letters_or_lengths_is_not_read():
    for data in (b"", b"\x00\x02", b"\x00\x02\x00\x01\xff\x00\x00\x00", b"\x00\x02" + bytes(MAX_CHALLENGE)):
        with pytest.raises(Malformed):
            TokenChallenge.parse(data)


@pytest.mark.parametrize("parse", [Token.parse, TokenRequest.parse, TokenKey.parse])
def test_another_length_or_type_is_not_read(parse, token, pending, key):
    good = {Token.parse: token, TokenRequest.parse: pending.request, TokenKey.parse: key}[parse].to_bytes()
    assert parse(good).to_bytes() == good
    for bent in (b"", good[:-1], good + b"\x00", b"\x00" + good, b"\xff" + good[1:]):
        with pytest.raises(Malformed):
            parse(bent)


def test_a_key_of_another_size_or_even_is_no_token_key(key):
    with pytest.raises(Malformed, match="2048 bits"):
        TokenKey(PublicKey((1 << 3071) + 1))
    with pytest.raises(Malformed, match="odd"):
        TokenKey.parse(key.to_bytes()[:-6] + b"\x00" + key.to_bytes()[-5:])
    with pytest.raises(Malformed, match="RSASSA-PSS"):
        TokenKey.parse(key.to_bytes()[:-1] + b"\x03")


def test_a_nonce_of_another_length_is_not_asked_for(key):
    with pytest.raises(Malformed, match="nonce"):
        ask(key, CHALLENGE, bytes(31), salt=SALT, random=RANDOM)
