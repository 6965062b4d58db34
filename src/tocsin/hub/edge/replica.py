# SPDX-License-Identifier: Apache-2.0
"""An edge's copy of its hub's streams: what was proved, and what it says about who may read.

The tables are the hub's own, so that readers are served by the hub's own code; those of origins, objects, sources and
messages stay empty. Parties, keys and rosters are believed as every reader believes them (`tocsin.follow.directory`).
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.release import Purpose, bits
from tocsin.errors import KeySwapped, Malformed, ProofError, StorageError, TocsinError
from tocsin.follow.directory import check_party, next_hub_key, next_partner_key
from tocsin.follow.names import key_of
from tocsin.follow.verify import Proved, StreamState, Trust, VerifiedEntry
from tocsin.hub.edge.charter import Charter
from tocsin.hub.edge.heads import RelayedHeads
from tocsin.hub.edge.hearing import Hearing
from tocsin.hub.epochs import note_restarts
from tocsin.hub.heads.noting import NotedHead
from tocsin.hub.streams import StreamHead, abandoned, advance, blind_anew, names_of
from tocsin.hub.views.directory import PartyRow, declared_keys, restate_declared, restate_party
from tocsin.hub.views.rosters import ROSTERS, restate_membership
from tocsin.proof.merkle import EMPTY, EMPTY_ROOT, Frontier
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.ceremony import AbandonedEvent, RestartEvent, Restoring
from tocsin.wire.edges import PARTLY, Chart
from tocsin.wire.events import ErasureEvent, MembershipEvent
from tocsin.wire.messages import Head, Header, decode
from tocsin.wire.parties import KeyEvent, PartyEvent

log = logging.getLogger("tocsin.edge")

_NOBODY = 1 << 62
"""The bit of a purpose that this version does not know: no reader reads for it here."""


class _LastRow(msgspec.Struct, frozen=True):
    header: bytes


class EdgeReplica:
    """The replica of one edge: the `Keeper` of its follower."""

    def __init__(self, store: Store, charter: Charter, hearing: Hearing, clock: Clock) -> None:
        self._store = store
        self._charter = charter
        self._hearing = hearing
        self._clock = clock
        self._numbers: dict[str, int] = {}
        store.run("remember restarts", lambda tx: note_restarts(tx, charter.restarts))
        self.heads = RelayedHeads(map(_noted, self._stream_heads()), self.trust)

    def sizes(self) -> tuple[int, ...]:
        """How much of each stream has proved itself, in the order of their numbers."""
        held = {head.number: head.size for head in self._stream_heads()}
        return tuple(held.get(number, 0) for number in range(max(held, default=-1) + 1))

    def chart(self, chart: Chart) -> None:
        """The streams that there are, by number."""
        self._numbers = {name: number for number, name in enumerate(chart.streams)}
        self.heads.close(chart.closed)

    def trust(self) -> Trust:
        """The keys from the charter, and what the directory has proved since."""
        admitted = self._charter.admitted
        with self._store.reading("whom to trust") as tx:
            hubs = _keys(tx, "hub", admitted.hub_key)
            partners = _keys(tx, "partner", admitted.partner_key)
            names, given_up = names_of(tx), abandoned(tx)
        return Trust(
            hub=self._charter.hub,
            realm=admitted.realm,
            hub_key=hubs[-1],
            partner_key=partners[-1] if partners else None,
            former_keys=tuple(hubs[:-1]),
            former_partners=tuple(partners[:-1]),
            names=names,
            abandoned=given_up,
            names_late=False,  # whether a head is late decides nothing here: its readers judge that
        )

    def demanded(self) -> frozenset[str]:
        """An edge follows whatever there is; that it is everything is proved by the map of heads."""
        return frozenset({DIRECTORY})

    def known_log(self) -> int:
        """Nobody compares notes with an edge; its readers do, among themselves."""
        return 0

    def cursor(self) -> str:
        """An edge says where it is by `sizes`."""
        return ""

    def save_cursor(self, cursor: str) -> None:
        """Everything up to the newest note came: it may be shown. After a part, and where reading would go back to the
        beginning, there is nothing to do: `sizes` are what was proved.
        """
        if cursor not in ("", PARTLY):
            self.heads.seal()
            self._hearing.whole()

    def state(self, stream: str) -> StreamState:
        """Where verification of a stream goes on from."""
        with self._store.reading("stream state") as tx:
            row = tx.one("stream_head", {"name": stream}, into=StreamHead)
            if row is None or not row.size:
                return StreamState()
            last = tx.one("last_header", {"stream": row.number, "seq": row.size - 1}, into=_LastRow)
        assert last is not None, "the stream has entries"
        return StreamState(Frontier.from_bytes(row.frontier), directory=decode(last.header, Header).directory)

    def firm_state(self, stream: str) -> StreamState:
        """The same: an edge lets go of nothing."""
        return self.state(stream)

    def epoch(self) -> int:
        """How often the hub was restored before this edge was made."""
        return len(self._charter.restarts)

    def restoring(self, offer: Restoring) -> None:
        """An edge holds nothing that its readers do not hold: they hand it in."""

    def go_on(self, proved: Proved, restarts: Sequence[RestartEvent], now: Instant) -> NoReturn:
        """Malformed: after a restore the hub knows its edges no more, and says so."""
        raise Malformed("The hub was restored, and has not admitted this edge since.")

    def keep(
        self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry], witness: str, now: Instant
    ) -> None:
        """Store verified entries with the head that proved them, and who may read from now on."""
        row = self._row(stream, state, entries)
        if entries:
            self._store.run("keep entries", lambda tx: self._keep(tx, row, entries))
            self._hearing.proved(stream, row.size)
            if any(entry.header.entry == "erasure" for entry in entries):
                with suppress(StorageError):  # a reader sees an older moment: the next scrub takes these too
                    self._store.scrub()
        # A part names no head that is wholly here; the last part does.
        self.heads.proved(_noted(row), decode(state.head, Head) if state.head else None)

    def accuse(self, error: ProofError, head: Head) -> None:
        """The hub contradicts itself: this edge shows nothing of it. Its readers judge by what they were shown."""
        self._hearing.refused(error)

    def alarm(self, error: TocsinError) -> None:
        """Whoever runs the edge hears of it."""
        log.error("%s", error)

    def _stream_heads(self) -> list[StreamHead]:
        with self._store.reading("stream heads") as tx:
            return tx.all("stream_heads", {}, into=StreamHead)

    def _row(self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry]) -> StreamHead:
        number = self._numbers.get(stream)
        if number is None:
            raise Malformed(f"The hub's chart has no stream {stream[:80]!r}.")
        first = stream == DIRECTORY and entries and entries[0].seq == 0
        trust = self.trust()
        names = entries[0].salt_h if first else trust.names
        frontier = state.frontier
        return StreamHead(
            number=number,
            name=stream,
            key=key_of(stream, names, trust.abandoned.count(stream)),
            size=frontier.size,
            frontier=frontier.to_bytes(),
            root=frontier.root(),
            added=entries[-1].header.added if entries else 0,
        )

    def _keep(self, tx: Transaction, row: StreamHead, entries: Sequence[VerifiedEntry]) -> None:
        empty: Params = {"frontier": EMPTY.to_bytes(), "root": EMPTY_ROOT}
        tx.run("put_stream", {"number": row.number, "name": row.name, "key": row.key, **empty})
        before = tx.one("stream_head", {"name": row.name}, into=StreamHead)
        if before is None:
            raise Malformed(f"The hub gives {row.name[:80]!r} the number of another stream.")
        bodies: list[Params] = [
            {"stream": row.number, "seq": entry.seq, "salt_b": entry.salt_b, "body": entry.body}
            for entry in entries
            if entry.body is not None
        ]
        rows = (("insert_entry", [_entry(row.number, entry) for entry in entries]), ("insert_body", bodies))
        advance(tx, before, [entry.leaf for entry in entries], row.added, *rows)
        for entry in entries:
            if entry.body is not None:
                self._apply(tx, row.number, entry, entry.body)

    def _apply(self, tx: Transaction, number: int, entry: VerifiedEntry, body: bytes) -> None:
        """What an entry says about who may read, and what is erased."""
        match entry.header.entry:
            case "party" | "key" | "agreement" | "abandoned" if entry.stream != DIRECTORY:
                raise KeySwapped("Only the directory says who belongs to the alliance and which keys count.")
            case "party":
                self._apply_party(tx, decode(body, PartyEvent), entry.header.added)
            case "key":
                self._check_key(tx, decode(body, KeyEvent))
                restate_declared(tx, entry.seq, "key", body)
            case "agreement":
                restate_declared(tx, entry.seq, "agreement", body)
            case "abandoned":
                restate_declared(tx, entry.seq, "abandoned", body)
                blind_anew(tx, decode(body, AbandonedEvent).stream)
            case "membership" if entry.stream == ROSTERS:
                restate_membership(tx, decode(body, MembershipEvent))
            case "erasure":
                for seq in decode(body, ErasureEvent).seqs:
                    tx.run("erase_body_at", {"stream": number, "seq": seq})
            case _:
                pass  # whatever else it says is its reader's

    def _apply_party(self, tx: Transaction, event: PartyEvent, added: int) -> None:
        known = tx.one("party_by_id", {"id": event.party}, into=PartyRow)
        check_party(known.stated() if known else None, event, self._charter.admitted.realm, self._charter.hub)
        restate_party(tx, event, added)

    def _check_key(self, tx: Transaction, event: KeyEvent) -> None:
        admitted, hub = self._charter.admitted, self._charter.hub
        if event.holder == "hub":
            next_hub_key(_keys(tx, "hub", admitted.hub_key)[-1], event, admitted.realm, hub)
        else:
            partners = _keys(tx, "partner", admitted.partner_key)
            next_partner_key(partners[-1] if partners else None, event, admitted.realm, hub)


def _keys(tx: Transaction, holder: str, first: str | None) -> list[VerifierKey]:
    """The first key of a holder and every one since, oldest first."""
    texts = [*([first] if first else []), *(event.key for event in declared_keys(tx, holder))]
    return [VerifierKey.parse(text) for text in dict.fromkeys(texts)]


def _noted(row: StreamHead) -> NotedHead:
    return NotedHead(row.number, row.name, row.key, row.size, row.root)


def _entry(number: int, entry: VerifiedEntry) -> Params:
    return {
        "stream": number,
        "seq": entry.seq,
        "header": entry.header_bytes,
        "salt_h": entry.salt_h,
        "origin_c": entry.origin_c,
        "body_c": entry.body_c,
        "leaf": entry.leaf,
        "fact": entry.header.fact,
        "kind": entry.header.entry,
        "added": entry.header.added,
        "not_before": None,  # what is under embargo is in no stream
        "purposes": _purposes(entry.header.purposes),
    }


def _purposes(words: Sequence[str]) -> int:
    """What it may be read for: a word that this version does not know opens it to nobody."""
    known = [Purpose(word) for word in words if word in list(Purpose)]
    return bits(known) | (_NOBODY if len(known) < len(words) else 0)
