# SPDX-License-Identifier: Apache-2.0
"""This party's copy of the streams it follows, and the views over them: applied and retracted in one transaction.

Only verified entries come here (`tocsin.follow`). Each kind of body has one `apply`; an erasure retracts whatever the
erased entries had said. Unknown kinds and versions are kept and never acted on.
"""

from collections.abc import Sequence

import msgspec

from tocsin.clock import DAY, Instant
from tocsin.domain.observable import Observable
from tocsin.domain.party import MAY_WARN
from tocsin.errors import BadSignature, Malformed, TocsinError
from tocsin.follow.verify import StreamState, VerifiedEntry
from tocsin.proof.merkle import Frontier
from tocsin.proof.signing import Context, verify
from tocsin.storage.store import Store, Transaction
from tocsin.wire.messages import (
    BandEvent,
    ErasureEvent,
    KeyEvent,
    PartyEvent,
    SightingEvent,
    WarningEvent,
    decode,
    decode_warning,
)
from tocsin.wire.stix21 import StixIndicator, indicator_of, marking_of, read


class StreamRow(msgspec.Struct, frozen=True):
    """One stream as far as it has proved itself."""

    name: str
    size: int
    frontier: bytes
    witness: str
    late: int
    note: str


class PartyRow(msgspec.Struct, frozen=True):
    """One party as the directory states it."""

    id: str
    name: str
    role: str
    jurisdiction: str
    standing: str
    signing_key: bytes
    sealing_key: bytes


class Replica:
    """The replica of one agent."""

    def __init__(self, store: Store, realm: str, hub: str, alliance_identity: str, life_days: int) -> None:
        self._store = store
        self._realm = realm
        self._hub = hub
        self._alliance_identity = alliance_identity
        self._life = life_days * DAY
        self.alarms: list[str] = []
        """What a person must hear of; emptied by whoever tells them."""

    def state(self, stream: str) -> StreamState:
        """Where verification of a stream goes on from."""
        with self._store.reading("stream state") as tx:
            row = tx.one("stream_by_name", {"name": stream}, into=StreamRow)
        return StreamState(Frontier.from_bytes(row.frontier), row.note) if row else StreamState()

    def keep(
        self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry], witness: str, now: Instant
    ) -> None:
        """Store verified entries with the head that proved them, and bring every view up to date."""
        with self._store.transaction("keep entries") as tx:
            before = tx.one("stream_by_name", {"name": stream}, into=StreamRow)
            late = 0 if witness != "late" else (before.late if before and before.late else now)
            tx.run(
                "save_stream",
                {
                    "name": stream,
                    "size": state.frontier.size,
                    "frontier": state.frontier.to_bytes(),
                    "witness": witness,
                    "late": late,
                    "note": state.note,
                },
            )
            for entry in entries:
                self._keep(tx, entry)

    def _keep(self, tx: Transaction, entry: VerifiedEntry) -> None:
        place = {"stream": entry.stream, "seq": entry.seq}
        tx.run(
            "keep_entry",
            {
                **place,
                "header": entry.header_bytes,
                "salt_h": entry.salt_h,
                "origin_c": entry.origin_c,
                "body_c": entry.body_c,
                "leaf": entry.leaf,
                "kind": entry.header.entry,
                "fact": entry.header.fact,
                "added": entry.header.added,
            },
        )
        if entry.body is None or entry.salt_b is None:
            return
        tx.run("keep_body", {**place, "salt_b": entry.salt_b, "body": entry.body})
        try:
            with tx.savepoint():
                self._apply(tx, entry, entry.body)
        except TocsinError as error:
            self.alarms.append(f"Entry {entry.stream}/{entry.seq} was kept and not acted on: {error}")

    def _apply(self, tx: Transaction, entry: VerifiedEntry, body: bytes) -> None:
        match entry.header.entry:
            case "object":
                self._apply_object(tx, entry, body)
            case "sighting":
                sighting = decode(body, SightingEvent)
                self._post(tx, entry, sighting.observable, "sighting", entry.header.added + self._life)
            case "band":
                band = decode(body, BandEvent)
                place = {"stream": entry.stream, "seq": entry.seq}
                tx.run("save_band", {**place, "value": str(band.observable), "named": band.named})
            case "warning":
                self._apply_warning(tx, entry, decode(body, WarningEvent))
            case "erasure":
                self._apply_erasure(tx, entry, decode(body, ErasureEvent))
            case "party":
                self._apply_party(tx, decode(body, PartyEvent))
            case "key":
                decode(body, KeyEvent)
            case unknown:
                raise Malformed(f"Entries of kind {unknown[:20]!r} are not known to this version.")

    def _apply_object(self, tx: Transaction, entry: VerifiedEntry, body: bytes) -> None:
        found = read(body, self._alliance_identity)
        if isinstance(found, StixIndicator):
            kind = "named" if entry.header.named else "anonymous"
            observable = indicator_of(found).observable
            blocks = marking_of(found).blocks()
            self._post(tx, entry, observable, kind, entry.header.added + self._life, may_block=blocks)

    def _apply_warning(self, tx: Transaction, entry: VerifiedEntry, event: WarningEvent) -> None:
        """A warning counts only under its author's own signature: the hub could not have invented it."""
        author = tx.one("party_by_id", {"id": event.author}, into=PartyRow)
        if author is None or author.role not in MAY_WARN:
            raise BadSignature("The warning's author is no agency and no desk of this alliance.")
        verify(author.signing_key, Context("warning", self._realm, self._hub), event.warning, event.signature)
        warning = decode_warning(event.warning)
        if warning.author != event.author:
            raise BadSignature("The warning was signed by another party than it names.")
        place = {"stream": entry.stream, "seq": entry.seq}
        tx.run("save_warning", {**place, "id": warning.id, "expires": warning.expires, "body": event.warning})
        for observable in warning.look_for:
            self._post(tx, entry, observable, "warning", warning.expires)

    def _apply_erasure(self, tx: Transaction, entry: VerifiedEntry, erasure: ErasureEvent) -> None:
        for seq in erasure.seqs:
            place = {"stream": entry.stream, "seq": seq}
            for query in ("erase_body", "erase_postings", "erase_warning", "erase_band"):
                tx.run(query, place)

    def _apply_party(self, tx: Transaction, event: PartyEvent) -> None:
        tx.run(
            "save_party",
            {
                "id": event.party,
                "name": event.name,
                "role": event.role,
                "jurisdiction": event.jurisdiction,
                "standing": event.standing,
                "signing_key": event.signing_key,
                "sealing_key": event.sealing_key,
            },
        )

    def _post(
        self,
        tx: Transaction,
        entry: VerifiedEntry,
        observable: Observable,
        kind: str,
        expires: int,
        *,
        may_block: bool = True,
    ) -> None:
        tx.run(
            "post",
            {
                "value": str(observable),
                "stream": entry.stream,
                "seq": entry.seq,
                "fact": entry.header.fact,
                "kind": kind,
                "may_block": int(may_block),
                "since": entry.header.added,
                "expires": expires,
            },
        )
