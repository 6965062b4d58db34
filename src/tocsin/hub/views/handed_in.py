# SPDX-License-Identifier: Apache-2.0
"""What an entry that readers handed back means for the hub's views: applied in the stream's order, directory first.

The entry tells who may read what, which bands were published and what was erased. It does not tell who sent it: that
was never served. The sender's own signed receipt does (`tocsin.hub.verbs.claim`); until it is shown, the entry stands,
counts for the bands that were published, and belongs to nobody.
"""

from hashlib import sha256

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.follow.verify import VerifiedEntry
from tocsin.hub.batches import is_batch_of
from tocsin.hub.exchange import HubIdentity
from tocsin.hub.streams import Placed, blind_anew
from tocsin.hub.views.anonymous import restate_closed, restate_epoch
from tocsin.hub.views.directory import restate_declared, restate_party
from tocsin.hub.views.rosters import restate_membership
from tocsin.storage.store import Params, Transaction
from tocsin.wire.ceremony import AbandonedEvent
from tocsin.wire.events import ErasureEvent, MembershipEvent, WarningEvent
from tocsin.wire.messages import Header, decode, decode_warning
from tocsin.wire.parties import PartyEvent


class Stored(msgspec.Struct, frozen=True):
    """What the hub holds at one place of a stream."""

    leaf: bytes
    header: bytes
    fact: str
    kind: str
    body: bytes | None


class HandedIn(msgspec.Struct, frozen=True):
    """An entry that a reader handed back and that nobody has claimed."""

    name: str
    stream: int
    seq: int
    header: bytes
    kind: str
    body: bytes | None

    @property
    def place(self) -> Placed:
        """Where it stands."""
        return Placed(self.name, self.stream, self.seq)


HANDED_IN = b"handed in by a reader"
"""Stands for the origin of an entry whose true one was lost; its commitment stays what it was."""


def apply(tx: Transaction, number: int, entry: VerifiedEntry, body: bytes) -> None:
    """Bring every view up to date with one entry of a stream."""
    match entry.header.entry:
        case "party" | "key" | "agreement" | "abandoned" | "epoch" | "epoch-closed" if (
            entry.stream != DIRECTORY
        ):
            pass  # no reader believes it either
        case "party":
            restate_party(tx, decode(body, PartyEvent), entry.header.added)
        case "key" | "agreement" as kind:
            restate_declared(tx, entry.seq, kind, body)
        case "abandoned":
            restate_declared(tx, entry.seq, "abandoned", body)
            blind_anew(tx, decode(body, AbandonedEvent).stream)
        case "epoch":
            restate_epoch(tx, body)
        case "epoch-closed":
            restate_closed(tx, body)
        case "membership":
            restate_membership(tx, decode(body, MembershipEvent))
        case "warning":
            event = decode(body, WarningEvent)
            record_warning(tx, number, entry.seq, entry.header.chain, event)
            _own(tx, number, entry, event.author)
        case "acknowledgement":
            # Only the party itself has such a stream, so its name says whose it is.
            _own(tx, number, entry, entry.stream.removeprefix("party:"))
        case "erasure":
            erased = decode(body, ErasureEvent)
            for seq in erased.seqs:
                place: Params = {"stream": number, "seq": seq}
                tx.run("drop_escrows_at", {**place, "fact": erased.fact, "handed_in": HANDED_IN})
                _retract(tx, place)
        case _:
            pass  # objects and sightings are their sender's: they count again when it claims them


def _retract(tx: Transaction, place: Params) -> None:
    """The entry at this place was erased: its body goes, and whatever rested on it."""
    for query in (
        "erase_body_at",
        "erase_digest_at",
        "erase_sources_at",
        "erase_warning_digest_at",
        "erase_answer_at",
    ):
        tx.run(query, place)


def record_warning(tx: Transaction, number: int, seq: int, chain: str, event: WarningEvent) -> None:
    """Record a version as its author's, whose own signature the hub checked when it took the warning."""
    warning = decode_warning(event.warning)
    tx.run(
        "insert_warning",
        {
            "stream": number,
            "seq": seq,
            "owner": event.author,
            "id": warning.id,
            "version": warning.version,
            "digest": sha256(event.warning).digest(),
            "chain": chain,
            "withdrawn": int(bool(warning.withdrawn)),
            "expires": warning.expires,
        },
    )


def _own(tx: Transaction, number: int, entry: VerifiedEntry, owner: str) -> None:
    place: Params = {"stream": number, "seq": entry.seq}
    tx.run("own_entry", {**place, "owner": owner, "handed_in": HANDED_IN})


def handed_in(tx: Transaction, identity: HubIdentity, party: str, message: str) -> list[HandedIn]:
    """What a message of this party added, as far as it stands and is nobody's yet."""
    rows = tx.all("handed_in_of_fact", {"fact": message, "handed_in": HANDED_IN}, into=HandedIn)
    return [row for row in rows if is_batch_of(identity, decode(row.header, Header).batch, party, message)]
