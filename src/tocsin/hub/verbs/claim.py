# SPDX-License-Identifier: Apache-2.0
"""A party shows the receipts that it was given before a restore: the hub knows its entries, and them as its own, again.

Who sent an entry is never served, so no reader can hand it back. The sender's receipt can: the hub itself signed it.

1. The hub signed the receipt, for this party.
2. What it says was accepted stands at the places that it names, or what it says was held stands anywhere, in a batch of
   this party's message; otherwise the message is missing and sent again.
3. The entries are the party's, its objects are known by owner and version, it counts as a source, the receipt is kept.

The same claim again changes nothing. What is not rebuilt: the origin that the leaf commits to, which nobody else had.
"""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

import msgspec

from tocsin.clock import from_text
from tocsin.errors import BadSignature, InputError, Malformed, Refused
from tocsin.hub.batches import is_batch_of
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.receipts import unveiled
from tocsin.hub.streams import Placed, StreamHead, blinded, closed_streams
from tocsin.hub.views.directory import former_keys
from tocsin.hub.views.handed_in import HANDED_IN, Stored, handed_in
from tocsin.hub.views.sources import Said, said_by, vouch_again
from tocsin.proof.note import VerifierKey
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Params, Transaction
from tocsin.wire.ceremony import Claim, Claimed
from tocsin.wire.events import ErasureEvent, SightingEvent
from tocsin.wire.messages import Header, Outcome, Receipt, SignedReceipt, decode
from tocsin.wire.stix21 import StixIndicator, indicator_of, marking_of, read

MAX_RECEIPTS = 100
_BATCHED = frozenset({"object", "sighting"})
"""Kinds of entry whose header says whose they are; the others say so in their body or their stream's name."""


class _Known(msgspec.Struct, frozen=True):
    receipt: bytes


def accept(tx: Transaction, hub: Exchange, sender: Sender, claim: Claim) -> Claimed:
    """What is missing; everything else is the sender's again."""
    if len(claim.receipts) > MAX_RECEIPTS:
        raise Malformed(f"A claim shows at most {MAX_RECEIPTS} receipts.")
    keys = [hub.identity.key, *former_keys(tx, hub.identity.key)]
    receipts = [_opened(hub, keys, sender, one) for one in claim.receipts]  # (1)
    closed = frozenset(row.key for row in closed_streams(tx))
    missing, later = [], []
    for receipt, one in zip(receipts, claim.receipts, strict=True):
        if closed and _in_closed(tx, receipt, closed):
            later.append(receipt.message)
        elif not _claimed(tx, hub, sender, receipt, one.receipt):
            missing.append(receipt.message)
    return Claimed(missing=tuple(missing), later=tuple(later))


def _in_closed(tx: Transaction, receipt: Receipt, closed: frozenset[bytes]) -> bool:
    """Whether an entry of this message is in a stream that waits for one of its readers."""
    names = {outcome.stream for outcome in receipt.outcomes if outcome.seq >= 0}
    return any(blinded(tx, name) in closed for name in names)


def _opened(hub: Exchange, keys: Sequence[VerifierKey], sender: Sender, signed: SignedReceipt) -> Receipt:
    """The receipt, under the present key of this hub or one that it had."""
    context = Context("receipt", hub.identity.realm, hub.identity.id)
    for key in keys:
        with suppress(BadSignature):
            verify(key.public, context, signed.receipt, signed.signature)
            break
    else:  # the sender's fault, not history's
        raise Refused("No key of this hub has signed that receipt.")
    receipt = unveiled(hub, decode(signed.receipt, Receipt))
    if receipt.party != sender.party.id:
        raise Malformed("A receipt is claimed by the party that it was given to.")
    return receipt


def _claimed(tx: Transaction, hub: Exchange, sender: Sender, receipt: Receipt, data: bytes) -> bool:
    """Steps 2 and 3 for one receipt; False when the hub does not hold what it says."""
    party = sender.party.id
    if tx.one("receipt_of_message", {"party": party, "id": receipt.message}, into=_Known):
        return True
    found = [_found(tx, hub, receipt, outcome) for outcome in receipt.outcomes if outcome.seq >= 0]
    held = _released(tx, hub, receipt) if any(one.status == "held" for one in receipt.outcomes) else []
    places = [one for one in found if one is not None]
    if len(places) < len(found) or not places + held:  # (2)
        return False
    said: list[Said] = []
    for place, stored in held + places:  # (3)
        here: Params = {"stream": place.number, "seq": place.seq}
        if tx.run("own_entry", {**here, "owner": party, "handed_in": HANDED_IN}) == 1 and stored.body:
            said += said_again(tx, hub, party, place, stored.kind, stored.header, stored.body)
    vouch_again(tx, hub, party, said)
    tx.run("insert_message", {"party": party, "id": receipt.message, "receipt": data, "added": receipt.added})
    return True


def _released(tx: Transaction, hub: Exchange, receipt: Receipt) -> list[tuple[Placed, Stored]]:
    """Where a message was placed whose embargo ended after its receipt was given."""
    rows = handed_in(tx, hub.identity, receipt.party, receipt.message)
    return [(row.place, Stored(b"", row.header, receipt.message, row.kind, row.body)) for row in rows]


def _found(
    tx: Transaction, hub: Exchange, receipt: Receipt, outcome: Outcome
) -> tuple[Placed, Stored] | None:
    """The entry that an outcome names, if it is still the one that stands there."""
    stream = tx.one("stream_head", {"name": outcome.stream}, into=StreamHead)
    if stream is None:
        return None
    stored = tx.one("leaf_and_body", {"stream": stream.number, "seq": outcome.seq}, into=Stored)
    if stored is None or not _is_of(hub, receipt, outcome, stored):
        return None
    return Placed(stream.name, stream.number, outcome.seq), stored


def _is_of(hub: Exchange, receipt: Receipt, outcome: Outcome, stored: Stored) -> bool:
    """Whether it is what the receipt was given for."""
    if stored.kind == "erasure" and stored.body:
        return decode(stored.body, ErasureEvent).fact == outcome.object
    if stored.kind in _BATCHED:
        batch = decode(stored.header, Header).batch
        return is_batch_of(hub.identity, batch, receipt.party, receipt.message)
    return stored.fact == receipt.message


def said_again(
    tx: Transaction, hub: Exchange, party: str, place: Placed, kind: str, header: bytes, body: bytes
) -> list[Said]:
    """Record the entry's object as its owner's, and give what the owner vouches for by it."""
    try:
        match kind:
            case "object":
                found = read(body, hub.identity.alliance_identity)
                about = decode(header, Header)
                tx.run(
                    "insert_object_again",
                    {
                        "stream": place.number,
                        "seq": place.seq,
                        "owner": party,
                        "id": found.id,
                        "modified": from_text(found.modified),
                        "digest": sha256(body).digest(),
                        "chain": about.chain,
                    },
                )
                if not isinstance(found, StixIndicator):
                    return []
                return said_by(
                    indicator_of(found).observable,
                    marking_of(found),
                    [place],
                    restricted=bool(about.purposes),
                    unattended=about.unattended,
                )
            case "sighting":
                return [Said(place, decode(body, SightingEvent).observable, attended=True)]
    except InputError:
        return []  # what an earlier version took and this one does not read stands, and is counted nowhere
    return []
