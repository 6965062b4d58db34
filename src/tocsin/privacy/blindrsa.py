# SPDX-License-Identifier: Apache-2.0
"""RSA blind signatures (RFC 9474), the variant RSABSSA-SHA384-PSS-Deterministic: a signer signs what it cannot see.

The asker blinds, the signer evaluates, the asker finalises; the signature is an ordinary RSASSA-PSS one (RFC 8017
§8.1) with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes. The signer cannot tell later which of its answers a
signature came from, whatever computer it has, provided that the key is honest and the message holds something that
it cannot guess: the variant adds nothing random to the message, so the message must (`tocsin.privacy.tokens`).

Salt and factor are arguments: what draws them from a seed can be checked again byte for byte. Neither may be used
twice. Blinding runs in Python's whole numbers, whose time depends on them a little: it belongs to a moment that
nobody who watches can tie to what is blinded. The private operation is constant-time (`tocsin.privacy.rawrsa`).

Not here: other variants, and keys by the choice of whoever asks. e is 65537; keys have 2048 to 4096 bits.
"""

import math
from functools import cached_property
from hashlib import sha384

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA384

from tocsin.errors import BadSignature, Malformed
from tocsin.ids import Entropy
from tocsin.privacy.rawrsa import RawOperation, private_operation

EXPONENT = 65537
SALT_BYTES = 48
EXTRA_BYTES = 16
"""What a factor is drawn from is that much longer than the modulus: its bias is below 2^-128."""
_HASH_BYTES = 48
_PSS = PSS(MGF1(SHA384()), SALT_BYTES)


class PublicKey(msgspec.Struct, frozen=True, dict=True):
    """An RSA modulus with e = 65537. Malformed when it cannot be one, which does not prove that it is an honest one."""

    modulus: int

    def __post_init__(self) -> None:
        if self.modulus.bit_length() not in {2048, 3072, 4096} or self.modulus % 2 == 0:
            raise Malformed("An RSA modulus is odd and has 2048, 3072 or 4096 bits.")

    @property
    def size(self) -> int:
        """Bytes of the modulus, and of everything that is blinded or signed under it."""
        return self.modulus.bit_length() // 8

    def to_number(self, data: bytes) -> int:
        """Bytes as a number below the modulus (OS2IP); Malformed for another length, or for a number not below it."""
        number = int.from_bytes(data)
        if len(data) != self.size or number >= self.modulus:
            raise Malformed(f"A number under this key has {self.size} bytes and is below its modulus.")
        return number

    @cached_property
    def verifier(self) -> RSAPublicKey:
        """The key as `cryptography` verifies with it."""
        return RSAPublicNumbers(EXPONENT, self.modulus).public_key()


class Blinded(msgspec.Struct, frozen=True):
    """What goes to the signer, and what takes the blinding off its answer."""

    message: bytes
    inverse: int
    """Of the factor. Secret: with it, the signer's answer and the signature are tied together."""

    def __repr__(self) -> str:
        return "Blinded(…)"  # no log shall hold it


def factor_of(key: PublicKey, random: bytes) -> int:
    """A blinding factor in 1 … n − 1 out of `key.size` + 16 random bytes; Malformed for another length."""
    if len(random) != key.size + EXTRA_BYTES:
        raise Malformed(f"A factor is drawn from {key.size + EXTRA_BYTES} bytes, not {len(random)}.")
    return int.from_bytes(random) % (key.modulus - 1) + 1


def blind(key: PublicKey, message: bytes, *, salt: bytes, factor: int) -> Blinded:
    """Blind (RFC 9474 §4.2). `salt`: 48 random bytes; `factor`: see `factor_of`.

    Malformed when salt or factor are none, or when one of the numbers shares a factor with the modulus: then the key
    is broken, and nothing may be asked under it.
    """
    if len(salt) != SALT_BYTES or not 0 < factor < key.modulus:
        raise Malformed(f"A salt has {SALT_BYTES} bytes, and a factor is between 0 and the modulus.")
    number = int.from_bytes(pss_encode(message, salt, key.size))
    if math.gcd(number, key.modulus) != 1 or math.gcd(factor, key.modulus) != 1:
        raise Malformed("This RSA key is broken: a message gives one of its factors away.")
    blinded = number * pow(factor, EXPONENT, key.modulus) % key.modulus
    return Blinded(blinded.to_bytes(key.size), pow(factor, -1, key.modulus))


class BlindSigner:
    """The holder of one private key. Threads may share it. ConfigError where RSA in constant time is not to be had."""

    def __init__(self, key: RSAPrivateKey, entropy: Entropy) -> None:
        numbers = key.public_key().public_numbers()
        if numbers.e != EXPONENT:
            raise Malformed(f"An RSA key to sign with has the exponent {EXPONENT}.")
        self.public = PublicKey(numbers.n)
        self._operate: RawOperation = private_operation(key, entropy)

    def evaluate(self, blinded: bytes) -> bytes:
        """BlindSign (RFC 9474 §4.3): Malformed for a number that is none under this key.

        A result that does not check out is never released: BadSignature. One such, made by a fault, gives the key away.
        """
        asked = self.public.to_number(blinded)
        signed = self._operate(blinded)
        if pow(int.from_bytes(signed), EXPONENT, self.public.modulus) != asked:
            raise BadSignature(
                "The private operation went wrong, and its result was thrown away.",
                next_step="Stop issuing, and have the machine's memory and processor looked at.",
            )
        return signed


def finalise(key: PublicKey, message: bytes, answer: bytes, inverse: int) -> bytes:
    """Finalize (RFC 9474 §4.4): the signature, verified. Malformed for an answer that is no number under this key,
    BadSignature for one that is not the signer's to what was asked.
    """
    signature = (key.to_number(answer) * inverse % key.modulus).to_bytes(key.size)
    verify(key, message, signature)
    return signature


def verify(key: PublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature (RFC 8017 §8.1.2); BadSignature unless it is the key's over exactly these bytes."""
    try:
        key.verifier.verify(signature, message, _PSS, SHA384())
    except InvalidSignature:
        raise BadSignature("It is not the issuer's over this message.") from None


def pss_encode(message: bytes, salt: bytes, size: int) -> bytes:
    """EMSA-PSS-ENCODE (RFC 8017 §9.1.1) with SHA-384 for a modulus of `size` bytes whose top bit is set."""
    digest = sha384(bytes(8) + sha384(message).digest() + salt).digest()
    block = (b"\x01" + salt).rjust(size - _HASH_BYTES - 1, b"\x00")
    mask = _mgf1(digest, len(block))
    masked = int.from_bytes(block) ^ int.from_bytes(mask)
    masked &= (1 << 8 * len(block) - 1) - 1  # one bit less than the modulus
    return masked.to_bytes(len(block)) + digest + b"\xbc"


def _mgf1(seed: bytes, size: int) -> bytes:
    """RFC 8017 §B.2.1 with SHA-384."""
    blocks = range(-(-size // _HASH_BYTES))
    return b"".join(sha384(seed + counter.to_bytes(4)).digest() for counter in blocks)[:size]
