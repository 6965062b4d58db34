# SPDX-License-Identifier: Apache-2.0
"""What every verb of the hub is given: who the hub is, its streams, its clock and its randomness."""

import msgspec

from tocsin.clock import Clock
from tocsin.domain.linter import Registrable
from tocsin.domain.party import Party
from tocsin.hub.streams import Origin, Streams
from tocsin.ids import Entropy
from tocsin.proof.note import KeyKind, VerifierKey, log_origin
from tocsin.proof.signing import SigningKey


class HubIdentity(msgspec.Struct, frozen=True):
    """Who the hub is, for ever: its name is the hash of its first key."""

    id: str
    realm: str
    alliance: str
    alliance_identity: str
    """STIX identity that authors what members disclose."""
    signing_key: SigningKey
    first_key: bytes
    """Public key that the name is the hash of; the signing key until the hub's key is rotated."""
    cursor_key: bytes

    def verifier(self, public: bytes) -> VerifierKey:
        """A key of this hub as readers name it."""
        return VerifierKey(log_origin(self.id, self.realm), KeyKind.NOTE, public)

    @property
    def key(self) -> VerifierKey:
        """The key under which notes of this process open."""
        return self.verifier(self.signing_key.public)


class Exchange(msgspec.Struct, frozen=True):
    """The hub, as its verbs see it."""

    identity: HubIdentity
    streams: Streams
    clock: Clock
    entropy: Entropy
    registrable: Registrable


class Sender(msgspec.Struct, frozen=True):
    """An authenticated party and the signature it sent its request under."""

    party: Party
    origin: Origin
