# SPDX-License-Identifier: Apache-2.0
"""The private keys of an epoch at the hub: the issuer's, the intake's, the gateway's, and the one that signs for what
it was given of a slot. They are in a file of their own, in no store and no backup, and deleted two epochs later: what
was recorded then opens to nobody any more.
"""

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from tocsin.errors import ConfigError
from tocsin.ids import Entropy
from tocsin.privacy import hybrid, ohttp
from tocsin.privacy.blindrsa import EXPONENT, BlindSigner
from tocsin.privacy.hybrid import Opener
from tocsin.privacy.ohttp import Gateway
from tocsin.privacy.tokens import KEY_BYTES, TokenKey
from tocsin.proof.signing import KEY_SIZE, SigningKey


class _Kept(msgspec.Struct, frozen=True):
    issuer: bytes
    """PKCS #8, DER."""
    intake: bytes
    """Seed of the hybrid key."""
    now: bytes
    """X25519."""
    signing: bytes
    """Seed of an Ed25519 key."""


class EpochKeys:
    """The keys of one epoch, open. ConfigError where this machine has no RSA in constant time."""

    def __init__(self, number: int, kept: bytes, entropy: Entropy) -> None:
        parts = msgspec.msgpack.decode(kept, type=_Kept)
        private = load_der_private_key(parts.issuer, password=None)
        if not isinstance(private, RSAPrivateKey):
            raise ConfigError(f"The keys of epoch {number} are not an epoch's.")
        self.signer = BlindSigner(private, entropy)
        self.token_key = TokenKey(self.signer.public)
        self.intake = Opener(parts.intake)
        self.gateway = Gateway(number & 0xFF, parts.now)
        self.signing = SigningKey.from_seed(parts.signing)


def new_keys(entropy: Entropy) -> bytes:
    """Keys for the next epoch, as they are kept. The RSA key is drawn by its library."""
    private = generate_private_key(EXPONENT, 8 * KEY_BYTES)
    issuer = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    seeds = entropy(hybrid.SEED_BYTES), entropy(ohttp.KEY_BYTES), entropy(KEY_SIZE)
    return msgspec.msgpack.encode(_Kept(issuer, *seeds))
