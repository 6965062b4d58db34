# SPDX-License-Identifier: Apache-2.0
"""What a member asks for when it asks for a token: everything in it is drawn from one seed of 32 bytes.

::

    one-time key:32 ‖ random:32 ‖ salt:48 ‖ factor:272 ‖ escrow seed:32
                     = HKDF-SHA256( seed, info = "tocsin/token draws/v1" ‖ SHA-256(document) )         RFC 5869
    escrow           = the member's identifier among the trustees, from its seed; nothing of class ``open``
    nonce            = SHA-256( label ‖ random ‖ one-time public key ‖ escrow )           `tocsin.privacy.tokens`

The asker makes it so, and an auditor who is shown a seed makes the very same request again. Whoever knows a seed knows
the token that comes of it: what was opened is never used.
"""

from functools import cached_property
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tocsin.errors import Malformed
from tocsin.privacy.escrow import seal
from tocsin.privacy.tokens import Pending, TokenChallenge, TokenKey, ask, token_nonce
from tocsin.proof.signing import SigningKey
from tocsin.wire.envelope import stands_for
from tocsin.wire.epoch import ACCOUNTABLE, EpochDocument

SEED_BYTES = 32
_LABEL = b"tocsin/token draws/v1"
_KEY, _RANDOM, _SALT, _FACTOR, _ESCROW = 32, 32, 48, 272, 32


class Candidate(msgspec.Struct, frozen=True):
    """One token to be. Secret: it ties request, token and member together."""

    one_time_seed: bytes
    random: bytes
    escrow: bytes
    pending: Pending

    @property
    def request(self) -> bytes:
        """What the issuer is sent."""
        return self.pending.request.to_bytes()

    def __repr__(self) -> str:
        return "Candidate(…)"  # no log shall hold it


class Asker(msgspec.Struct, frozen=True, dict=True):
    """A member that asks for its tokens of an epoch."""

    terms: EpochDocument
    document: bytes
    """The very bytes that relay and partner signed."""
    party: bytes
    """The 16 bytes of its identifier: what the trustees together can read."""

    def candidate(self, seed: bytes) -> Candidate:
        """The token to be that a seed gives; Malformed for another length."""
        if len(seed) != SEED_BYTES:
            raise Malformed(f"The seed of a token has {SEED_BYTES} bytes, not {len(seed)}.")
        one_time, random, salt, factor, escrow_seed = self._drawn(seed)
        public = SigningKey.from_seed(one_time).public
        escrow = b""
        if self.terms.token_class == ACCOUNTABLE:
            escrow = seal(self.party, self.terms.escrow(self.document, public), escrow_seed)
        nonce = token_nonce(random, stands_for(public, escrow))
        pending = ask(self._key, self._challenge, nonce, salt=salt, random=factor)
        return Candidate(one_time, random, escrow, pending)

    @cached_property
    def _key(self) -> TokenKey:
        return TokenKey.parse(self.terms.issuer_key)

    @cached_property
    def _challenge(self) -> TokenChallenge:
        return self.terms.challenge(self.document)

    def _drawn(self, seed: bytes) -> list[bytes]:
        sizes = (_KEY, _RANDOM, _SALT, _FACTOR, _ESCROW)
        info = _LABEL + sha256(self.document).digest()
        drawn = HKDF(SHA256(), sum(sizes), None, info).derive(seed)
        ends = [sum(sizes[:n]) for n in range(1, len(sizes) + 1)]
        return [drawn[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def party_bytes(party: str) -> bytes:
    """The 16 bytes of a member's identifier."""
    return bytes.fromhex(party.partition("_")[2])
