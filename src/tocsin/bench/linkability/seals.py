# SPDX-License-Identifier: Apache-2.0
"""The cryptography under a model: the product's own, or an ideal one with the same lengths that costs nothing.

Ideal is: random bytes of the right length, and a table of what they stand for. What a coalition finds with those it
finds by sizes, times and records and by nothing that was sealed.
"""

import random
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tocsin.privacy.blindrsa import EXTRA_BYTES, SALT_BYTES, BlindSigner
from tocsin.privacy.hybrid import OVERHEAD, SEED_BYTES, Opener, Recipient
from tocsin.privacy.ohttp import REQUEST_OVERHEAD, Gateway, encapsulate_request
from tocsin.privacy.tokens import KEY_BYTES as MODULUS_BYTES
from tocsin.privacy.tokens import (
    RANDOM_BYTES,
    Token,
    TokenKey,
    ask,
    check_token,
    epoch_challenge,
    finish,
    issue,
    token_nonce,
)

TOKEN_BYTES = 354


class Seals(Protocol):
    """Tokens, the seal for the hub and the layer for the gateway around it."""

    def token(self) -> bytes:
        """A token as its member holds it, issued to a blinded request."""

    def check(self, token: bytes) -> None:
        """BadSignature unless the issuer made it."""

    def seal(self, plaintext: bytes) -> bytes:
        """For the hub alone."""

    def open(self, sealed: bytes) -> bytes:
        """At the hub; Malformed when it was not sealed for it."""

    def wrap(self, blob: bytes) -> bytes:
        """For the gateway."""

    def unwrap(self, request: bytes) -> bytes:
        """At the gateway; Malformed when it is none for it."""


class Product:
    """The mechanisms of `tocsin.privacy`. Sealing draws from the system: what it gives differs from run to run."""

    def __init__(self, dice: random.Random, issuer: RSAPrivateKey) -> None:
        self._dice = dice
        self._signer = BlindSigner(issuer, dice.randbytes)
        self._key = TokenKey(self._signer.public)
        self._challenge = epoch_challenge("hub", realm="game", token_class="open", epoch_document=b"")  # noqa: S106
        self._hub = Opener(dice.randbytes(SEED_BYTES))
        self._recipient = Recipient(self._hub.public)
        self._gateway = Gateway(1, dice.randbytes(32))

    def token(self) -> bytes:
        """By way of blinding, signing and unblinding."""
        drawn = self._dice.randbytes
        nonce = token_nonce(drawn(RANDOM_BYTES), b"")
        salt, factor = drawn(SALT_BYTES), drawn(MODULUS_BYTES + EXTRA_BYTES)
        pending = ask(self._key, self._challenge, nonce, salt=salt, random=factor)
        return finish(pending, issue(self._signer, self._key, pending.request)).to_bytes()

    def check(self, token: bytes) -> None:
        """Against this issuer's key and challenge."""
        check_token(Token.parse(token), self._key, self._challenge)

    def seal(self, plaintext: bytes) -> bytes:
        """Hybrid."""
        return self._recipient.seal(plaintext, ())

    def open(self, sealed: bytes) -> bytes:
        """What was sealed so."""
        return self._hub.open(sealed, ())

    def wrap(self, blob: bytes) -> bytes:
        """By Oblivious HTTP."""
        return encapsulate_request(self._gateway.config, blob, self._dice.randbytes)[0]

    def unwrap(self, request: bytes) -> bytes:
        """What was wrapped so."""
        return self._gateway.open_request(request)[0]


class Ideal:
    """Random bytes that stand for something."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._stands_for: dict[bytes, bytes] = {}
        self._tokens: set[bytes] = set()

    def token(self) -> bytes:
        """Of the same length."""
        drawn = self._dice.randbytes(TOKEN_BYTES)
        self._tokens.add(drawn)
        return drawn

    def check(self, token: bytes) -> None:
        """Whether it was ever given."""
        assert token in self._tokens, "the model forges nothing"

    def seal(self, plaintext: bytes) -> bytes:
        """As long as a hybrid seal."""
        return self._hide(plaintext, OVERHEAD)

    def open(self, sealed: bytes) -> bytes:
        """By the table."""
        return self._stands_for[sealed]

    def wrap(self, blob: bytes) -> bytes:
        """As long as an encapsulated request."""
        return self._hide(blob, REQUEST_OVERHEAD)

    def unwrap(self, request: bytes) -> bytes:
        """By the table."""
        return self._stands_for[request]

    def _hide(self, plaintext: bytes, overhead: int) -> bytes:
        hidden = self._dice.randbytes(len(plaintext) + overhead)
        self._stands_for[hidden] = plaintext
        return hidden
