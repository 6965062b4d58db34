# SPDX-License-Identifier: Apache-2.0
"""Identity escrow (Kilian and Petrank, CRYPTO '98): 16 bytes that k of n trustees together can read, and nobody else.

::

    value_1 … value_n  = Shamir's shares of the secret                                        `tocsin.privacy.shamir`
    ephemeral_i        = DeriveKeyPair( value_i ‖ coins_i )                                   RFC 9180 §7.1.3
    sealed_i           = enc:32 ‖ Seal( value_i ‖ coins_i ) ‖ tag:16                          96 B, to trustee i's key
    escrow             = sealed_1 ‖ … ‖ sealed_n
    info               = "tocsin/escrow/v1" ‖ ( length:4 ‖ field ) for each field of the place, then i:1 and its key
    random, coins_1 …  = HKDF-SHA256( seed, info = "tocsin/escrow draws/v1" )

HPKE (RFC 9180) in its base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. Two things follow from
drawing everything from the seed, and each ephemeral key from what it seals (Fujisaki and Okamoto, CRYPTO '99):

- Whoever is shown the seed makes the same escrow again, byte for byte, and sees that it holds what it should.
- Whoever is shown one opened share seals it again and sees that it is the one that lies in the escrow. So a trustee
  cannot hand in another, and what a dealer sealed in any other way is no share: it opens to nobody.

The place is bound to every share: nothing that was sealed for one epoch, one-time key or trustee opens for another.
Sealed like this it is read by a quantum computer one day: the hybrid KEM of `tocsin.privacy.hybrid` draws for itself
and cannot be audited. Not here: whose the secret is, and that it is the right one.
"""

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, KEMKeyInterface, PyHPKEError

from tocsin.errors import BadProof, Malformed
from tocsin.privacy.sealing import KEY_BYTES, check_sealing_key
from tocsin.privacy.shamir import ELEMENT_BYTES, deal

SEED_BYTES = 32
COINS_BYTES = 32
SHARE_BYTES = ELEMENT_BYTES + COINS_BYTES
SEALED_BYTES = KEY_BYTES + SHARE_BYTES + 16
"""Of one share in an escrow."""
_SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


class Terms(msgspec.Struct, frozen=True):
    """Among whom a secret is shared, and for which place. Malformed when nothing can be sealed to one of the keys."""

    keys: tuple[bytes, ...]
    """The trustees' X25519 keys; share i is sealed to the i-th."""
    needed: int
    place: tuple[bytes, ...]
    """What every share is bound to, such as epoch and one-time key."""

    def __post_init__(self) -> None:
        if len(set(map(check_sealing_key, self.keys))) < len(self.keys):
            raise Malformed("Two trustees have the same key.")

    @property
    def size(self) -> int:
        """Bytes of the escrow."""
        return SEALED_BYTES * len(self.keys)

    def info(self, number: int) -> bytes:
        """What the sealing of share `number` binds."""
        fields = (*self.place, bytes([number]), self.keys[number - 1])
        return b"tocsin/escrow/v1" + b"".join([len(field).to_bytes(4) + field for field in fields])


class Share(msgspec.Struct, frozen=True):
    """One share, opened."""

    number: int
    """From 1: whose it is."""
    value: bytes
    coins: bytes
    """What its ephemeral key was drawn from, with the value."""

    def __repr__(self) -> str:
        return f"Share({self.number})"  # no log shall hold it


def seal(secret: bytes, terms: Terms, seed: bytes) -> bytes:
    """The escrow of 16 bytes, everything in it drawn from a seed of 32 that is used for nothing else."""
    if len(seed) != SEED_BYTES:
        raise Malformed(f"The seed of an escrow has {SEED_BYTES} bytes, not {len(seed)}.")
    first, count = ELEMENT_BYTES * (terms.needed - 1), len(terms.keys)
    drawn = HKDF(SHA256(), first + COINS_BYTES * count, None, b"tocsin/escrow draws/v1").derive(seed)
    values = deal(secret, terms.needed, count, drawn[:first])
    coins = [
        drawn[first + at : first + at + COINS_BYTES] for at in range(0, COINS_BYTES * count, COINS_BYTES)
    ]
    dealt = zip(values, coins, strict=True)
    return b"".join([_sealed(Share(n, *parts), terms) for n, parts in enumerate(dealt, 1)])


class Opener:
    """One trustee's private key, 32 bytes. Malformed for another length."""

    def __init__(self, private: bytes) -> None:
        if len(private) != KEY_BYTES:
            raise Malformed(f"A trustee's private key has {KEY_BYTES} bytes, not {len(private)}.")
        key = X25519PrivateKey.from_private_bytes(private)
        self.public = key.public_key().public_bytes_raw()
        self._key = _hpke(key)

    def open(self, escrow: bytes, terms: Terms) -> Share:
        """This trustee's share; Malformed unless it was sealed to this key, at this place, as it is to be sealed."""
        if self.public not in terms.keys:
            raise Malformed("This key is none of the trustees'.")
        number = terms.keys.index(self.public) + 1
        sealed = _part(escrow, terms, number)
        try:
            context = _SUITE.create_recipient_context(sealed[:KEY_BYTES], self._key, terms.info(number))
            opened = context.open(sealed[KEY_BYTES:])
        except (PyHPKEError, ValueError):
            raise Malformed("The share does not open with this key in this place.") from None
        share = Share(number, opened[:ELEMENT_BYTES], opened[ELEMENT_BYTES:])
        check_share(share, escrow, terms)
        return share


def check_share(share: Share, escrow: bytes, terms: Terms) -> None:
    """BadProof unless this is the share that lies in the escrow; Malformed when it can be none."""
    if len(share.value) != ELEMENT_BYTES or len(share.coins) != COINS_BYTES:
        raise Malformed(f"A share has {SHARE_BYTES} bytes.")
    lies = _part(escrow, terms, share.number)
    if _sealed(share, terms) != lies:
        raise BadProof(f"Share {share.number} is not the one that lies in the escrow.")


def _sealed(share: Share, terms: Terms) -> bytes:
    public = _hpke(X25519PublicKey.from_public_bytes(terms.keys[share.number - 1]))
    data = share.value + share.coins
    pair = _SUITE.kem.derive_key_pair(data)
    enc, context = _SUITE.create_sender_context(public, terms.info(share.number), eks=pair)
    return enc + context.seal(data)


def _part(escrow: bytes, terms: Terms, number: int) -> bytes:
    if len(escrow) != terms.size or not 0 < number <= len(terms.keys):
        raise Malformed(f"An escrow among {len(terms.keys)} trustees has {terms.size} bytes.")
    return escrow[(number - 1) * SEALED_BYTES : number * SEALED_BYTES]


def _hpke(key: X25519PrivateKey | X25519PublicKey) -> KEMKeyInterface:
    return KEMKey.from_pyca_cryptography_key(key)
