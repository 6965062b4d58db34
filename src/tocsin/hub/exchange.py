# SPDX-License-Identifier: Apache-2.0
"""What every verb of the hub is given: who the hub is, its streams, its clock and its randomness."""

import msgspec

from tocsin.clock import Clock
from tocsin.domain.linter import Registrable
from tocsin.domain.party import Party
from tocsin.hub.streams import Origin, Streams
from tocsin.ids import Entropy
from tocsin.proof.signing import SigningKey


class HubIdentity(msgspec.Struct, frozen=True):
    """Who the hub is, for ever: its name is the hash of its first key."""

    id: str
    realm: str
    alliance: str
    alliance_identity: str
    """STIX identity that authors what members disclose."""
    signing_key: SigningKey
    cursor_key: bytes


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
