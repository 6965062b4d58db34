# SPDX-License-Identifier: Apache-2.0
"""What an entry that readers handed back means for the hub's views: applied in the stream's order, directory first.

The entry tells who may read what, which bands were published and what was erased. It does not tell who sent it: that
was never served. The sender's own signed receipt does (`tocsin.hub.verbs.claim`); until it is shown, the entry stands,
counts for the bands that were published, and belongs to nobody.
"""

import msgspec

from tocsin.domain.audience import DIRECTORY
from tocsin.follow.verify import VerifiedEntry
from tocsin.hub.streams import Placed
from tocsin.hub.views.directory import restate_declared, restate_party
from tocsin.hub.views.rosters import restate_membership
from tocsin.storage.store import Params, Transaction
from tocsin.wire.messages import BandEvent, ErasureEvent, MembershipEvent, decode
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


class _Published(msgspec.Struct, frozen=True):
    stream: int
    fact: str
    body: bytes


HANDED_IN = b"handed in by a reader"
"""Stands for the origin of an entry whose true one was lost; its commitment stays what it was."""


def apply(tx: Transaction, number: int, entry: VerifiedEntry, body: bytes) -> None:
    """Bring every view up to date with one entry of a stream."""
    match entry.header.entry:
        case "party" | "key" | "agreement" if entry.stream != DIRECTORY:
            pass  # no reader believes it either
        case "party":
            restate_party(tx, decode(body, PartyEvent), entry.header.added)
        case "key" | "agreement" as kind:
            restate_declared(tx, entry.seq, kind, body)
        case "membership":
            restate_membership(tx, decode(body, MembershipEvent))
        case "erasure":
            for seq in decode(body, ErasureEvent).seqs:
                _retract(tx, {"stream": number, "seq": seq})
        case _:
            pass  # objects, sightings and warnings are their sender's: they count again when it claims them


def _retract(tx: Transaction, place: Params) -> None:
    """The entry at this place was erased: its body goes, and whatever rested on it."""
    for query in ("erase_body_at", "erase_digest_at", "erase_sources_at"):
        tx.run(query, place)


def handed_in(tx: Transaction, fact: str) -> list[tuple[Placed, bytes]]:
    """Entries of a fact that stand and belong to nobody yet: their author may be telling them for the second time."""
    rows = tx.all("handed_in_of_fact", {"fact": fact, "handed_in": HANDED_IN}, into=HandedIn)
    return [(Placed(row.name, row.stream, row.seq), row.body) for row in rows if row.body is not None]


def republish_bands(tx: Transaction) -> None:
    """Take the bands from the entries that published them, the newest of each value, as they stand now."""
    tx.run("drop_bands", {})
    for row in tx.all("published_bands", {}, into=_Published):
        band = decode(row.body, BandEvent)
        value: Params = {"stream": row.stream, "value": str(band.observable)}
        tx.run("set_band", {**value, "band": band.named, "fact": row.fact})
