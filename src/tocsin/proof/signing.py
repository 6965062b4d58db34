# SPDX-License-Identifier: Apache-2.0
"""Ed25519 (RFC 8032) with a context, so that a signature made for one purpose never passes for another.

What is signed is ``framed("tocsin/<what>/v1", realm, hub, message)``: a drill's signature is worthless live, and one
hub's at another. Formats with a separation of their own (C2SP notes, RFC 9421) sign their exact bytes instead; those
begin with printable text, a context with zero bytes, so the two cannot meet.

Not here: the choice of an algorithm, and the making of keys. A seed comes from the caller's entropy.
"""

from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tocsin.errors import BadSignature, Malformed
from tocsin.proof.encoding import framed, name_bytes

KEY_SIZE = 32
SIGNATURE_SIZE = 64

_PRIME = 2**255 - 19
# The y coordinates of the eight points of small order. Under such a key one signature fits many messages, so its
# holder could disown everything it signed.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
    }
)


class Context(msgspec.Struct, frozen=True):
    """What a signature is for."""

    what: str
    """``receipt``, ``warning``, …: one word per kind of signed thing."""
    realm: str
    hub: str

    def over(self, message: bytes) -> bytes:
        """The bytes that are signed for a message in this context."""
        label = b"tocsin/" + name_bytes(self.what) + b"/v1"
        return framed(label, name_bytes(self.realm), name_bytes(self.hub), message)


class SigningKey:
    """A private key; it is never shown."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        """The public key, 32 bytes."""

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of a 32-byte random seed; Malformed for another length."""
        if len(seed) != KEY_SIZE:
            raise Malformed(f"The seed of a key has {KEY_SIZE} bytes.")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, context: Context, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self.sign_exactly(context.over(message))

    def sign_exactly(self, message: bytes) -> bytes:
        """Sign bytes without a context: only for formats that separate their purposes themselves."""
        return self._private.sign(message)


def check_public_key(public: bytes) -> bytes:
    """Return it if it can be somebody's key; Malformed for a wrong length or a point of small order."""
    if len(public) != KEY_SIZE:
        raise Malformed(f"A public key has {KEY_SIZE} bytes, not {len(public)}.")
    y = (int.from_bytes(public, "little") & (1 << 255) - 1) % _PRIME
    if y in _SMALL_ORDER:
        raise Malformed("This public key fits signatures that nobody made.")
    return public


@lru_cache(8_192)  # a hub's members sign again and again
def _loaded(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(check_public_key(public))


def verify(public: bytes, context: Context, message: bytes, signature: bytes) -> None:
    """Check a signature made with `SigningKey.sign`; BadSignature otherwise."""
    verify_exactly(public, context.over(message), signature)


def verify_exactly(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature made with `SigningKey.sign_exactly`; BadSignature otherwise."""
    try:
        _loaded(public).verify(signature, message)
    except (InvalidSignature, ValueError, Malformed):
        raise BadSignature("It was not made by this key over these bytes.") from None
