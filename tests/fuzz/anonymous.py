# SPDX-License-Identifier: Apache-2.0
"""The structures of the anonymous path: tokens, Oblivious HTTP, binary HTTP and what is sealed."""

import random
from collections.abc import Callable
from typing import Protocol, Self

from tests.fuzz.target import Read, Target
from tests.unit.halves.test_opening import request as opening_request
from tests.unit.privacy.keys import VECTORS, key_2048, of, vectors

from tocsin.halves.opening import check_request
from tocsin.privacy.bhttp import BinaryRequest, BinaryResponse
from tocsin.privacy.blindrsa import BlindSigner
from tocsin.privacy.hybrid import Opener, Recipient
from tocsin.privacy.ohttp import Gateway, KeyConfig, encapsulate_request
from tocsin.privacy.tokens import (
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

_CONTEXT = (b"live", b"hub")


class _Structure(Protocol):
    """What is written and read."""

    @classmethod
    def parse(cls, data: bytes) -> Self: ...
    def to_bytes(self) -> bytes: ...


def anonymous() -> list[Target]:
    """All of them, with samples that really were issued and sealed."""
    return [*_tokens(), *_oblivious(), *_binary_http(), _sealed(), _opening()]


def _opening() -> Target:
    def asked(data: bytes) -> bool:
        check_request(data)
        return True

    return Target("request to open a report", asked, (opening_request(),))


def _tokens() -> list[Target]:
    signer = BlindSigner(key_2048(), random.Random(1).randbytes)
    key = TokenKey(signer.public)
    challenge = epoch_challenge("hub.example", realm="live", token_class="open", epoch_document=b"epoch")
    drawn = random.Random(2).randbytes
    nonce = token_nonce(drawn(32), b"key")
    pending: Pending = ask(key, challenge, nonce, salt=drawn(48), random=drawn(272))
    answer = issue(signer, key, pending.request)
    token = finish(pending, answer)

    def handed_in(data: bytes) -> bool:
        check_token(Token.parse(data), key, challenge)
        return data != token.to_bytes()

    def answered(data: bytes) -> bool:
        finish(pending, data)
        return data != answer

    return [
        Target("token", handed_in, (token.to_bytes(),), forged=True),
        Target("issuer's answer", answered, (answer,), forged=True),
        Target("token challenge", _same(TokenChallenge), (challenge.to_bytes(),)),
        Target("token request", _same(TokenRequest), (pending.request.to_bytes(),)),
        Target("token key", _same(TokenKey), (key.to_bytes(),)),
    ]


def _same(structure: type[_Structure]) -> Read:
    """Reads a structure that has one spelling."""

    def take(data: bytes) -> bool:
        assert structure.parse(data).to_bytes() == data, "it has another spelling too"
        return True

    return take


def _oblivious() -> list[Target]:
    drawn = random.Random(3).randbytes
    gateway = Gateway(1, drawn(32))
    asked, awaiting = encapsulate_request(gateway.config, b"inside", drawn)
    answer = gateway.open_request(asked)[1].seal_response(b"outside", drawn)
    published = of(vectors(VECTORS / "rfc9458.json"), "key_config")

    def configured(data: bytes) -> bool:
        return KeyConfig.parse(KeyConfig.parse(data).to_bytes()) == KeyConfig.parse(data)

    return [
        Target(
            "encapsulated request",
            _opens(lambda data: gateway.open_request(data)[0], asked),
            (asked,),
            forged=True,
        ),
        Target("encapsulated response", _opens(awaiting.open_response, answer), (answer,), forged=True),
        Target("key configuration", configured, (gateway.config.to_bytes(), published)),
    ]


def _opens(reader: Callable[[bytes], bytes], good: bytes) -> Read:
    """Opens what is sealed: other bytes with the same inside are a forgery too."""

    def take(data: bytes) -> bool:
        reader(data)
        return data != good

    return take


def _binary_http() -> list[Target]:
    figures = vectors(VECTORS / "rfc9292.json")
    requests = (
        of(figures, "figure_8"),
        BinaryRequest(b"POST", b"https", b"hub.example", b"/x", ((b"a", b"b"),), b"content").to_bytes(200),
    )
    responses = (BinaryResponse(200, ((b"a", b"b"),), b"content").to_bytes(100), bytes.fromhex("0140c8"))
    return [
        Target("binary HTTP request", _stable(BinaryRequest), requests),
        Target("binary HTTP response", _stable(BinaryResponse), responses),
    ]


def _stable(structure: type[_Structure]) -> Read:
    """Reads a structure that may be spelled in several ways, but says one thing."""

    def take(data: bytes) -> bool:
        found = structure.parse(data)
        assert structure.parse(found.to_bytes()) == found, "written again, it says something else"
        return True

    return take


def _sealed() -> Target:
    opener = Opener(random.Random(4).randbytes(32))
    sealed = Recipient(opener.public).seal(b"inside", _CONTEXT)
    return Target(
        "hybrid sealed", _opens(lambda data: opener.open(data, _CONTEXT), sealed), (sealed,), forged=True
    )
