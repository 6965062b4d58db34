# SPDX-License-Identifier: Apache-2.0
"""Entries that a reader hands back to a restored hub: they prove themselves, leaf by leaf, whoever brings them.

(1) The head that comes with them is signed by this hub and, where one is declared, by its partner.
(2) It is the head of that stream: the proof leads from its size and root to the note.
(3) The entries follow one another, none beyond the head, each body under its commitment.
(4) The first of them is at most the next one that the hub lacks.
(5) The tree over what the hub holds and these entries is the beginning of the head's tree.
(6) An entry that the hub holds is the same, and brings back at most a body that nobody erased.

Nothing else is believed of a reader. What it brings that is false is refused whole and changes nothing.
"""

from collections.abc import Sequence

import msgspec

from tocsin.domain.release import Purpose, bits
from tocsin.errors import BadProof, Conflict, Malformed, ProofError
from tocsin.follow.verify import Trust, VerifiedEntry, verify_entry
from tocsin.hub.streams import StreamHead, advance, blinded, lock
from tocsin.hub.views.handed_in import HANDED_IN, Stored, apply
from tocsin.proof.headmap import HeadProof, check_head_proof
from tocsin.proof.leaf import SALT_SIZE
from tocsin.proof.merkle import Frontier, verify_consistency
from tocsin.proof.note import Checkpoint, open_under, verify_cosignature
from tocsin.storage.store import Params, Transaction
from tocsin.wire.ceremony import Refill
from tocsin.wire.events import ErasureEvent
from tocsin.wire.messages import Head, decode


class _Seq(msgspec.Struct, frozen=True):
    seq: int


class _Body(msgspec.Struct, frozen=True):
    body: bytes


MAX_WANTED = 10_000
"""Bodies that are asked for at once, for each stream."""


def check_head(tx: Transaction, trust: Trust, head: Head) -> Checkpoint:
    """Steps 1 and 2; the note's checkpoint, or a ProofError."""
    note = open_under(head.note, [trust.hub_key, *trust.former_keys])  # (1)
    if trust.partner_key is not None:
        verify_cosignature(note, trust.partner_key)
    proof = HeadProof(head.map_index, head.map_size, head.map_path, note.checkpoint.size - 1, head.log_path)
    check_head_proof(
        proof,
        stream=head.stream,
        key=blinded(tx, head.stream),
        size=head.size,
        root=head.root,
        checkpoint=note.checkpoint,
    )  # (2)
    return note.checkpoint


def accept(tx: Transaction, trust: Trust, refill: Refill) -> int:
    """Steps 3 to 6 for a refill whose head was checked; how many entries of the stream the hub holds now."""
    head = refill.head
    entries = [verify_entry(trust, entry) for entry in refill.entries]  # (3)
    for at, entry in enumerate(entries, start=entries[0].seq if entries else 0):
        if (entry.stream, entry.seq) != (head.stream, at) or not 0 <= at < head.size:
            raise Malformed("A refill holds one stream's entries, one after the other, up to its head.")
    stream = lock(tx, head.stream)
    if not entries:
        return stream.size
    if entries[0].seq > stream.size:  # (4)
        raise Conflict(f"The hub holds {stream.size} entries of {head.stream}: go on from there.")
    fresh = [entry for entry in entries if entry.seq >= stream.size]
    if fresh:
        _check_beginning(stream, fresh, refill)
        _append(tx, stream, fresh)
    _complete(tx, stream, [entry for entry in entries if entry.seq < stream.size])  # (6)
    return max(stream.size, entries[-1].seq + 1)


def wanted(tx: Transaction, number: int) -> list[int]:
    """Entries of a stream, up to `MAX_WANTED`, whose bodies are not here, though nobody erased them."""
    found: list[int] = []
    erased: set[int] | None = None
    after = -1
    while rows := tx.all("without_body", {"stream": number, "after": after, "limit": MAX_WANTED}, into=_Seq):
        erased = _erased(tx, number) if erased is None else erased
        found += [row.seq for row in rows if row.seq not in erased]
        if len(found) >= MAX_WANTED or len(rows) < MAX_WANTED:
            break
        after = rows[-1].seq
    return found[:MAX_WANTED]


def _check_beginning(stream: StreamHead, fresh: Sequence[VerifiedEntry], refill: Refill) -> None:
    """BadProof unless the stream with these entries is the beginning of the head's tree (5)."""
    head, frontier = refill.head, Frontier.from_bytes(stream.frontier).extend(one.leaf for one in fresh)
    try:
        verify_consistency(frontier.size, frontier.root(), head.size, head.root, refill.path)
    except ProofError as error:
        raise BadProof(
            f"These entries of {head.stream} are not those under the signed head of {head.size}. {error.detail}"
        ) from None


def _append(tx: Transaction, stream: StreamHead, fresh: Sequence[VerifiedEntry]) -> None:
    places: list[Params] = [{"stream": stream.number, "seq": entry.seq} for entry in fresh]
    entries: list[Params] = [
        {
            **place,
            "header": entry.header_bytes,
            "salt_h": entry.salt_h,
            "origin_c": entry.origin_c,
            "body_c": entry.body_c,
            "leaf": entry.leaf,
            "fact": entry.header.fact,
            "kind": entry.header.entry,
            "added": entry.header.added,
            "not_before": None,
            "purposes": bits(map(_purpose, entry.header.purposes)),
        }
        for place, entry in zip(places, fresh, strict=True)
    ]
    lost: Params = {"salt_o": bytes(SALT_SIZE), "origin": HANDED_IN, "owner": None}
    origins: list[Params] = [
        {**place, **lost, "fact": entry.header.fact} for place, entry in zip(places, fresh, strict=True)
    ]
    rows = (("insert_entry", entries), ("insert_origin", origins))
    advance(tx, stream, [entry.leaf for entry in fresh], fresh[-1].header.added, *rows)
    for entry in fresh:
        tx.run("drop_held_of_anybody", {"id": entry.header.fact})  # its embargo ended after the backup
        _give_body(tx, stream.number, entry)


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError:
        raise Malformed(
            f"Purpose {text[:20]!r} is not known to this version: restore with a later one."
        ) from None


def _complete(tx: Transaction, stream: StreamHead, known: Sequence[VerifiedEntry]) -> None:
    """Bodies for entries that stand without one: another reader, or the backup, did not have them."""
    erased: set[int] | None = None
    for entry in known:
        stored = tx.one("leaf_and_body", {"stream": stream.number, "seq": entry.seq}, into=Stored)
        if stored is None or stored.leaf != entry.leaf:
            raise BadProof(f"Entry {entry.seq} of {stream.name} is not the one that stands there.")
        if stored.body is None and entry.body is not None:
            erased = _erased(tx, stream.number) if erased is None else erased
            if entry.seq not in erased:
                _give_body(tx, stream.number, entry)


def _give_body(tx: Transaction, number: int, entry: VerifiedEntry) -> None:
    if entry.body is not None and entry.salt_b is not None:
        place: Params = {"stream": number, "seq": entry.seq}
        tx.run("insert_body", {**place, "salt_b": entry.salt_b, "body": entry.body})
        apply(tx, number, entry, entry.body)


def _erased(tx: Transaction, number: int) -> set[int]:
    """Every place of the stream that an erasure entry names."""
    rows = tx.all("erasures", {"stream": number}, into=_Body)
    return {seq for row in rows for seq in decode(row.body, ErasureEvent).seqs}
