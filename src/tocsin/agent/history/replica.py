# SPDX-License-Identifier: Apache-2.0
"""This party's copy of the streams it follows: entries and what they mean (`views.py`) are kept in one transaction.

Only verified entries come here (`tocsin.follow`). Unknown kinds and versions are kept and never acted on.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from tocsin.agent.alarms import reached, sound, sound_error
from tocsin.agent.history.changes import Changes
from tocsin.agent.history.directory import ready, trust, wait
from tocsin.agent.history.doubt import (
    LATE_LIMIT,
    SETTLED,
    accuse,
    heads_elsewhere,
    is_old,
    remember_note,
    require_trust,
)
from tocsin.agent.history.rewind import forget_notes, rewind, see_again, state_at
from tocsin.agent.history.views import PLAIN, Views
from tocsin.agent.vault import Membership
from tocsin.clock import Clock, Instant, to_text
from tocsin.config.shields import Decay
from tocsin.domain.audience import DIRECTORY, audiences_of
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import ProofError, StorageError, TocsinError
from tocsin.follow.verify import Proved, StreamState, Trust, VerifiedEntry
from tocsin.proof.merkle import Frontier
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.ceremony import RestartEvent, Restoring
from tocsin.wire.events import ErasureEvent
from tocsin.wire.messages import Head, decode

log = logging.getLogger("tocsin.agent")


class StreamRow(msgspec.Struct, frozen=True):
    """One stream as far as it has proved itself."""

    name: str
    size: int
    frontier: bytes
    witness: str
    late: int
    firm: int
    directory: int
    counted: int
    note: str


class _MarkRow(msgspec.Struct, frozen=True):
    value: str


class _BodyRow(msgspec.Struct, frozen=True):
    body: bytes


class _SizeRow(msgspec.Struct, frozen=True):
    size: int


class Replica:
    """The replica of one agent."""

    def __init__(self, store: Store, membership: Membership, decay: Decay, clock: Clock) -> None:
        self._store = store
        self._membership = membership
        self.changes = Changes()
        """Which values were touched by what was kept."""
        self._views = Views(membership, decay, self._raise_alarm, self.changes)
        self._clock = clock
        self.refill: Callable[[Restoring], None] = lambda _: None
        """Called when a restored hub asks for what it lost; whoever refills it sets it."""
        self.through_edge: Callable[[], bool] = lambda: False
        """Whether somebody else than the hub shows its heads; whoever reads through an edge sets it."""

    def trust(self) -> Trust:
        """The keys from enrolment, and what the directory has proved since."""
        with self._store.reading("whom to trust") as tx:
            return trust(tx, self._membership)

    def demanded(self) -> frozenset[str]:
        """The streams of every audience that this party belongs to by its role and country, and the directory."""
        member, none = self._membership, b""
        role = Role(member.role)
        party = Party(member.party, member.name, role, member.jurisdiction, Standing.ACTIVE, none, none)
        return frozenset((DIRECTORY, *map(str, audiences_of(party))))

    def known_log(self) -> int:
        """Heads of the log that a comparison has proved at least a minute ago; the hub has shown them here by now."""
        with self._store.reading("heads elsewhere") as tx:
            return heads_elsewhere(tx, Instant(self._clock.now() - SETTLED))

    def cursor(self) -> str:
        """Where reading goes on, or empty."""
        return self._mark("cursor")

    def save_cursor(self, cursor: str) -> None:
        """Remember where reading goes on."""
        with self._store.transaction("save cursor") as tx:
            tx.run("save_mark", {"name": "cursor", "value": cursor})
            if reached(tx, self._clock.now()):
                log.info("connected again")

    def alarm(self, error: TocsinError) -> None:
        """Keep what people must hear of."""
        log.error("%s", error)
        with self._store.transaction("raise alarm") as tx:
            sound_error(tx, error, self._clock.now())

    def accuse(self, error: ProofError, head: Head) -> None:
        """Keep the head that contradicts an earlier one; nothing new is believed until a person decides.

        Not for an old head of the hub's that an edge shows: that one the hub has signed in good faith.
        """
        with self._store.transaction("accuse hub") as tx:
            if not (self.through_edge() and is_old(tx, trust(tx, self._membership), head)):
                accuse(tx, error, head, self._clock.now())

    def state(self, stream: str) -> StreamState:
        """Where verification of a stream goes on from."""
        with self._store.reading("stream state") as tx:
            row = tx.one("stream_by_name", {"name": stream}, into=StreamRow)
        if row is None:
            return StreamState()
        frontier = Frontier.from_bytes(row.frontier)
        return StreamState(frontier, row.note, directory=row.directory, counted=row.counted)

    def restoring(self, offer: Restoring) -> None:
        """The hub comes back from a backup: whoever refills it is told what it lacks."""
        self.refill(offer)

    def epoch(self) -> int:
        """How often the hub's history was continued from a backup."""
        return int(self._mark("epoch") or 0)

    def firm_state(self, stream: str) -> StreamState:
        """How far a stream has proved itself under heads that need no further witness."""
        with self._store.reading("firm state") as tx:
            row = tx.one("stream_by_name", {"name": stream}, into=StreamRow)
            return state_at(tx, stream, row.firm) if row else StreamState()

    def go_on(self, proved: Proved, restarts: Sequence[RestartEvent], now: Instant) -> bool:
        """Keep the restored hub's directory, and let go of what no firm head covered: it comes again."""
        trust = self.trust()
        with self._store.transaction("go on") as tx:
            require_trust(tx)
            self.changes.note_everything()
            forget_notes(tx, trust, min(event.log for event in restarts))
            loose = [row for row in tx.all("streams", {}, into=StreamRow) if row.firm < row.size]
            for row in loose:
                log.warning("%s: %d entries come again after the restart", row.name, row.size - row.firm)
                rewind(tx, row.name, row.firm)
                left = state_at(tx, row.name, row.firm)
                frontier, known = left.frontier.to_bytes(), left.directory
                kept = {"size": row.firm, "counted": row.firm, "frontier": frontier, "directory": known}
                _save(tx, msgspec.structs.replace(row, late=0, **kept))
            if loose:
                rows = tx.all("streams", {}, into=StreamRow)
                see_again(tx, {row.name: row.size for row in rows}, partial(self._views.apply, obey=True))
            tx.run("save_mark", {"name": "epoch", "value": str(max(event.epoch for event in restarts))})
            tx.run("save_mark", {"name": "claim", "value": str(min(event.since for event in restarts))})
            self._keep_all(tx, DIRECTORY, proved.state, proved.entries, proved.witness, now)
        return bool(loose)

    def keep(
        self, stream: str, state: StreamState, entries: Sequence[VerifiedEntry], witness: str, now: Instant
    ) -> None:
        """Store verified entries with the head that proved them, and bring every view up to date."""
        with self._store.transaction("keep entries") as tx:
            require_trust(tx)
            obeyed = self._keep_all(tx, stream, state, entries, witness, now)
        if obeyed or any(entry.header.entry == "erasure" for entry in entries):
            with suppress(StorageError):  # a command reads an older moment: the next scrub takes these too
                self._store.scrub()

    def _keep_all(
        self,
        tx: Transaction,
        stream: str,
        state: StreamState,
        entries: Sequence[VerifiedEntry],
        witness: str,
        now: Instant,
    ) -> int:
        """How many erasures that waited for the partner were obeyed."""
        before = tx.one("stream_by_name", {"name": stream}, into=StreamRow)
        late = 0 if witness != "late" else (before.late if before and before.late else now)
        firm = (before.firm if before else 0) if witness == "late" else state.frontier.size
        if late and now - late > LATE_LIMIT:
            self._alarm_once(tx, late)
        size, frontier = state.frontier.size, state.frontier.to_bytes()
        _save(
            tx,
            StreamRow(
                stream, size, frontier, witness, late, firm, state.directory, state.counted, state.note
            ),
        )
        self.changes.moved(stream, (before.size, before.firm) if before else (0, 0), (size, firm))
        if witness != "late" and state.head:
            tx.run("keep_head", {"stream": stream, "head": state.head})
        obeyed = self._obey_waiting(tx, stream, before.firm) if before and witness != "late" else 0
        directory = tx.one("size_of_stream", {"name": DIRECTORY}, into=_SizeRow)
        for run in _runs(entries, directory.size if directory else 0):
            self._keep(tx, run, obey=witness != "late")
        for entry in ready(tx, state.frontier.size) if stream == DIRECTORY else ():
            self._views.act(tx, entry, obey=False)
        remember_note(tx, trust(tx, self._membership), state.note)  # after a new key of the hub was taken
        return obeyed

    def _obey_waiting(self, tx: Transaction, stream: str, firm: int) -> int:
        """Obey the erasures that came while the partner was missing: it has seen them now. How many there were."""
        waiting = tx.all("waiting_erasures", {"stream": stream, "firm": firm}, into=_BodyRow)
        for row in waiting:
            self._views.erase(tx, stream, decode(row.body, ErasureEvent))
        return len(waiting)

    def _keep(self, tx: Transaction, run: Sequence[VerifiedEntry], *, obey: bool) -> None:
        """Keep entries, and act on them: on all but the last together."""
        tx.run_each("keep_entry", [_entry_row(entry) for entry in run])
        tx.run_each("keep_body", [_body_row(entry) for entry in run if entry.body is not None])
        *plain, last = run
        self._views.act_plainly(tx, plain)
        if last.body is None:
            return
        if last.stream != DIRECTORY and (sentence := wait(tx, last)):
            self._raise_alarm(tx, sentence)
        else:
            self._views.act(tx, last, obey=obey)

    def _alarm_once(self, tx: Transaction, late: int) -> None:
        """The partner has been missing for a day: people hear of it once each time."""
        marked = tx.one("mark", {"name": "late-alarm"}, into=_MarkRow)
        if marked is None or marked.value != str(late):
            tx.run("save_mark", {"name": "late-alarm", "value": str(late)})
            since = to_text(Instant(late))[:19]
            self._raise_alarm(
                tx, f"The partner has witnessed nothing since {since}: new entries do not count."
            )

    def _raise_alarm(self, tx: Transaction, sentence: str) -> None:
        sound(tx, sentence, self._clock.now())

    def _mark(self, name: str) -> str:
        with self._store.reading("mark") as tx:
            row = tx.one("mark", {"name": name}, into=_MarkRow)
        return row.value if row else ""


def _runs(entries: Sequence[VerifiedEntry], directory: int) -> Iterator[Sequence[VerifiedEntry]]:
    """Neighbours that can be kept at once: plain ones that rest on what is known of the directory, and one more."""
    start = 0
    for at, entry in enumerate(entries, start=1):
        is_plain = entry.header.entry in PLAIN and entry.header.directory <= directory
        if not is_plain or at == len(entries):
            yield entries[start:at]
            start = at


def _entry_row(entry: VerifiedEntry) -> Params:
    return {
        "stream": entry.stream,
        "seq": entry.seq,
        "header": entry.header_bytes,
        "salt_h": entry.salt_h,
        "origin_c": entry.origin_c,
        "body_c": entry.body_c,
        "leaf": entry.leaf,
        "kind": entry.header.entry,
        "fact": entry.header.fact,
        "added": entry.header.added,
    }


def _body_row(entry: VerifiedEntry) -> Params:
    return {"stream": entry.stream, "seq": entry.seq, "salt_b": entry.salt_b, "body": entry.body}


def _save(tx: Transaction, row: StreamRow) -> None:
    tx.run("save_stream", msgspec.structs.asdict(row))
