# SPDX-License-Identifier: Apache-2.0
"""One envelope, cover or report, by one code path: the same steps, sizes, keys and draws, whatever is in it.

It is built one slot before it goes. Whoever sends it, and whoever reads this agent's network, sees nothing of what the
building took; the moment at which it goes was drawn with it.
"""

from hashlib import sha256

import msgspec

from tocsin.agent.anonymous.epochs import Epoch
from tocsin.agent.vault import Membership
from tocsin.clock import Instant
from tocsin.ids import Entropy
from tocsin.privacy.hybrid import Recipient
from tocsin.privacy.ohttp import Awaiting, KeyConfig, encapsulate_request
from tocsin.proof.signing import SigningKey
from tocsin.wire.envelope import MIX, Enclosed, admission, blob_context, cover, inner_request, pack
from tocsin.wire.slot import SENDING

MIXED_PATH, NOW_PATH = "/v1/slots", "/v1/now"
"""At the relay."""
_PARTS = 1 << 32


class Sender(msgspec.Struct, frozen=True):
    """As whom the relay admits an envelope."""

    party: bytes
    """The 16 bytes of its identifier."""
    key: SigningKey


class Envelope(msgspec.Struct, frozen=True):
    """One envelope that is ready to go."""

    slot: int
    leaves: Instant
    """When it goes."""
    body: bytes
    """What the relay is sent."""
    digest: bytes
    """SHA-256 of the blob in it, by which its sender finds it in the record of the slot."""
    awaiting: Awaiting
    """What opens the answer."""

    def __repr__(self) -> str:
        return f"Envelope({self.slot})"  # no log shall hold it


def sender_of(member: Membership) -> Sender:
    """A member as the relay knows it."""
    digits = member.party.partition("_")[2]
    return Sender(bytes.fromhex(digits), SigningKey.from_seed(member.signing_seed))


def blob_of(epoch: Epoch, enclosed: Enclosed | None) -> bytes:
    """The sealed blob of a report, or of cover; TooLarge for a report that does not fit."""
    terms = epoch.terms
    size = terms.envelope_bytes
    plaintext = cover(size) if enclosed is None else pack(enclosed, size)
    context = blob_context(terms.realm, terms.hub, epoch.document)
    return Recipient(terms.intake_key).seal(plaintext, context)


def build(epoch: Epoch, slot: int, sender: Sender, enclosed: Enclosed | None, entropy: Entropy) -> Envelope:
    """The envelope for a slot, and when in it it goes."""
    blob = blob_of(epoch, enclosed)
    body, awaiting = addressed(
        epoch, slot, sender, blob, MIX, epoch.terms.mix_gateway, what="slot-envelope", entropy=entropy
    )
    return Envelope(slot, moment(epoch, slot, entropy), body, sha256(blob).digest(), awaiting)


def addressed(
    epoch: Epoch,
    slot: int,
    sender: Sender,
    blob: bytes,
    path: bytes,
    gateway: bytes,
    *,
    what: str,
    entropy: Entropy,
) -> tuple[bytes, Awaiting]:
    """A blob on its way to a gateway by the relay, and what opens the answer. `what`: the context of its admission."""
    request = inner_request(path, epoch.number, slot, blob)
    sealed, awaiting = encapsulate_request(KeyConfig.parse(gateway), request, entropy)
    signs = epoch.context(what)
    admitted = admission(sender.key, sealed, epoch=epoch.number, slot=slot, party=sender.party, signs=signs)
    return admitted.to_bytes(), awaiting


def moment(epoch: Epoch, slot: int, entropy: Entropy) -> Instant:
    """When in its slot an envelope goes: drawn evenly from the part of it in which all send."""
    first, last = (int(part * epoch.slot_time) for part in SENDING)
    drawn = int.from_bytes(entropy(4)) * (last - first) // _PARTS
    return Instant(epoch.terms.slot_begins(slot) + first + drawn)
