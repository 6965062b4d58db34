# SPDX-License-Identifier: Apache-2.0
"""What the mechanisms of the anonymous path cost in processor time, each beside the bare primitive under it.

One token goes from the client's blinding to the check where it is handed in; 16 kB are sealed to a hybrid key, and go
through Oblivious HTTP there and 1 kB back. Nothing is sent or stored here.
"""

import os
import random
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tocsin.bench.result import Beside, Row
from tocsin.privacy.blindrsa import EXPONENT, SALT_BYTES, BlindSigner
from tocsin.privacy.hybrid import Opener, Recipient
from tocsin.privacy.ohttp import Gateway, encapsulate_request
from tocsin.privacy.tokens import TokenKey, ask, check_token, epoch_challenge, finish, issue, token_nonce

_SECONDS = 0.4
"""Of processor time that each figure is measured for, at least."""
_ENVELOPE, _REPLY = 16_384, 1_024
_PSS = PSS(MGF1(SHA384()), SALT_BYTES)


def run(seed: int) -> Iterator[Row]:
    """Four rows for a token and two for an envelope: how often in a second of one processor."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    yield from _tokens(chance, generate_private_key(EXPONENT, 2048))
    yield from _envelopes(chance)


def _tokens(chance: random.Random, private: RSAPrivateKey) -> Iterator[Row]:
    signer = BlindSigner(private, os.urandom)
    key = TokenKey(signer.public)
    challenge = epoch_challenge("hub.example", realm="live", token_class="open", epoch_document=b"epoch")  # noqa: S106
    nonce, salt, drawn = (
        token_nonce(chance.randbytes(32), b"key"),
        chance.randbytes(48),
        chance.randbytes(272),
    )
    pending = ask(key, challenge, nonce, salt=salt, random=drawn)
    answer = issue(signer, key, pending.request)
    token = finish(pending, answer)
    factor, modulus = chance.randrange(key.rsa.modulus), key.rsa.modulus
    public = private.public_key()
    signed = private.sign(b"bare", _PSS, SHA384())

    powers = Beside(
        "r^e and 1/r alone", _rate(lambda: (pow(factor, EXPONENT, modulus), pow(factor, -1, modulus)))
    )
    signs = Beside("an ordinary PSS signature", _rate(lambda: private.sign(b"bare", _PSS, SHA384())))
    checks = Beside("a PSS check alone", _rate(lambda: public.verify(signed, b"bare", _PSS, SHA384())))
    blinding = _rate(lambda: ask(key, challenge, nonce, salt=salt, random=drawn))
    yield _row("tokens blinded", blinding, 1_000, powers)
    yield _row(
        "tokens signed, each result checked", _rate(lambda: issue(signer, key, pending.request)), 1_500, signs
    )
    yield _row("tokens finalised", _rate(lambda: finish(pending, answer)), 15_000, checks)
    yield _row("tokens checked", _rate(lambda: check_token(token, key, challenge)), 20_000, checks)


def _envelopes(chance: random.Random) -> Iterator[Row]:
    envelope, reply = chance.randbytes(_ENVELOPE), chance.randbytes(_REPLY)
    opener = Opener(chance.randbytes(32))
    recipient = Recipient(opener.public)
    gateway = Gateway(1, chance.randbytes(32))
    classical, suite = X25519PrivateKey.generate(), Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)

    def sealed_and_opened() -> None:
        """An envelope to one recipient, in our format."""
        opener.open(recipient.seal(envelope, ()), ())

    def there_and_back() -> None:
        """A question and its answer by Oblivious HTTP."""
        asked, awaiting = encapsulate_request(gateway.config, envelope, os.urandom)
        awaiting.open_response(gateway.open_request(asked)[1].seal_response(reply, os.urandom))

    def barely() -> None:
        """The same bytes by HPKE with one key pair."""
        suite.decrypt(suite.encrypt(envelope, classical.public_key()), classical)

    bare = Beside("HPKE with X25519 alone, sealed and opened", _rate(barely))
    yield _row("envelopes of 16 kB sealed and opened, hybrid", _rate(sealed_and_opened), 2_500, bare)
    yield _row("the same by Oblivious HTTP and back", _rate(there_and_back), 1_500, bare)


def _row(name: str, value: float, target: float, beside: Beside) -> Row:
    return Row(name, value, "per CPU-second", "higher", target, beside).judged()


def _rate(work: Callable[[], object]) -> float:
    """How often in a second of processor time."""
    began, done, spent = time.process_time(), 0, 0.0
    while not done or spent < _SECONDS:
        for _ in range(20):
            work()
        done += 20
        spent = time.process_time() - began
    return done / spent
