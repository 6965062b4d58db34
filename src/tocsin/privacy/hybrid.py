# SPDX-License-Identifier: Apache-2.0
"""Sealing to a recipient against today's and a quantum computer's reader: HPKE (RFC 9180) in its base mode with the
KEM MLKEM768-X25519 of draft-ietf-hpke-pq, HKDF-SHA256 and ChaCha20-Poly1305, each sealed once.

::

    sealed = version:1 ‖ kem:2 ‖ kdf:2 ‖ aead:2 ‖ enc:1120 ‖ ciphertext ‖ tag:16             1,143 B over the plaintext
    info   = "tocsin/sealed/v1" ‖ the header of 7 bytes ‖ ( length:4 ‖ field ) for each field of the context

Whoever breaks only one of ML-KEM-768 and X25519 reads nothing. The context, such as realm and recipient, is bound to
what is sealed, and says nothing in the clear. Who sealed it is not proved, and the length of the plaintext not hidden.
The KEM is still a draft; so every sealed thing names the suite that it was sealed under, and no other opens.

Keys are bytes: a private key is the draft's seed of 32, a public key ML-KEM's 1,184 and X25519's 32 after it. The
objects of `cryptography` cannot be written down. Its sealing draws its randomness itself.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHAKE256, Hash
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from tocsin.errors import Malformed, TooLarge
from tocsin.privacy.sealing import check_sealing_key

SEED_BYTES = 32
PUBLIC_BYTES = 1184 + 32
OVERHEAD = 7 + 1120 + 16
MAX_PLAINTEXT = 1 << 20
"""Bytes that are sealed at once."""
_MLKEM_PUBLIC = 1184
_MLKEM_SEED = 64
_HEADER = bytes.fromhex("01 647a 0001 0003")
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Recipient:
    """A public key that something can be sealed to. Malformed when its bytes are none, or none that keeps a secret."""

    def __init__(self, public: bytes) -> None:
        if len(public) != PUBLIC_BYTES:
            raise Malformed(f"A hybrid key has {PUBLIC_BYTES} bytes, not {len(public)}.")
        x25519 = check_sealing_key(public[_MLKEM_PUBLIC:])
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC])
        except ValueError:
            raise Malformed("The first part of this hybrid key is no ML-KEM-768 key.") from None
        self._key = MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(x25519))

    def seal(self, plaintext: bytes, context: Sequence[bytes]) -> bytes:
        """Seal some bytes for this key in this context; TooLarge above `MAX_PLAINTEXT`."""
        if len(plaintext) > MAX_PLAINTEXT:
            raise TooLarge(f"At most {MAX_PLAINTEXT} bytes are sealed at once, not {len(plaintext)}.")
        return _HEADER + _SUITE.encrypt(plaintext, self._key, _info(context))


class Opener:
    """A private key, from its seed of 32 random bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise Malformed(f"The seed of a hybrid key has {SEED_BYTES} bytes, not {len(seed)}.")
        expanded = Hash(SHAKE256(_MLKEM_SEED + 32))
        expanded.update(seed)
        parts = expanded.finalize()
        mlkem = MLKEM768PrivateKey.from_seed_bytes(parts[:_MLKEM_SEED])
        x25519 = X25519PrivateKey.from_private_bytes(parts[_MLKEM_SEED:])
        self.public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)

    def open(self, sealed: bytes, context: Sequence[bytes]) -> bytes:
        """The plaintext; Malformed unless these bytes were sealed for this key in this context, TooLarge above bounds.

        Bytes of the right length are told apart by nothing but that: not by what is wrong with them.
        """
        if len(sealed) > MAX_PLAINTEXT + OVERHEAD:
            raise TooLarge(f"At most {MAX_PLAINTEXT} bytes are sealed at once.")
        if len(sealed) < OVERHEAD or not sealed.startswith(_HEADER):
            raise Malformed("It was not sealed by a version that this one knows.")
        try:
            return _SUITE.decrypt(sealed[len(_HEADER) :], self._key, _info(context))
        except (InvalidTag, ValueError):
            raise Malformed("What was sealed does not open with this key in this place.") from None


def _info(context: Sequence[bytes]) -> bytes:
    """What HPKE binds; it has no associated data of its own here. Each field stands behind its length."""
    return b"tocsin/sealed/v1" + _HEADER + b"".join([len(field).to_bytes(4) + field for field in context])
