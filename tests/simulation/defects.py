# SPDX-License-Identifier: Apache-2.0
"""Mistakes of the kind that nobody makes on purpose, each put into the product for the length of one test.

A world that does not find them protects nobody. One is not here: a skipped fsync, which no process can see before the
power is cut. The power-cut suite must find that one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.clock import LAST, Instant
from tocsin.domain.acknowledgement import Answer, Answers
from tocsin.domain.audience import EVERYONE, Audience, Membership
from tocsin.domain.level import band_of
from tocsin.domain.party import Role
from tocsin.follow.verify import VerifiedEntry
from tocsin.hub import commits, embargo, intake, retention
from tocsin.hub.anonymous import taking
from tocsin.hub.edge.replica import EdgeReplica
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.reading import following
from tocsin.hub.reading.fanout import Subscriber
from tocsin.hub.reading.following import Following
from tocsin.hub.streams import Draft, LockedHead, Origin, Placed, Streams
from tocsin.hub.verbs import erase, report, roster
from tocsin.hub.views import answers
from tocsin.hub.views.directory import all_parties
from tocsin.privacy.box import Box
from tocsin.storage.queries import Query
from tocsin.storage.store import Store, Transaction
from tocsin.wire.cursor import Cursor


@contextmanager
def lost_entry() -> Iterator[None]:
    """Of every fifth message nothing is kept but the receipt that was given for it."""
    verb, count = intake.Intake._store_receipt, [0]

    def forgetting(self: intake.Intake, tx: Transaction, *about: Any) -> bytes:
        receipt = verb(self, tx, *about)
        count[0] += 1
        if count[0] % 5 == 0:
            tx._engine.command("ROLLBACK TO SAVEPOINT part")
        return receipt

    with patch.object(intake.Intake, "_store_receipt", forgetting):
        yield


@contextmanager
def double_delivery() -> Iterator[None]:
    """The hub does not know a message again whose receipt was lost on the way."""

    def forgetful(tx: Transaction, *about: Any) -> None:
        tx.run("purge_messages", {"before": LAST})

    with patch.object(intake.receipts, "earlier", forgetful):
        yield


@contextmanager
def wrong_audience() -> Iterator[None]:
    """What is for one role goes to everybody."""
    resolve = report.resolve_audiences

    def wider(*about: Any) -> tuple[Audience, ...]:
        return tuple(EVERYONE if one.role is Role.AGENCY else one for one in resolve(*about))

    with patch.object(report, "resolve_audiences", wider):
        yield


@contextmanager
def shown_to_others() -> Iterator[None]:
    """A connection is given the streams of a role that is not its party's."""
    streams_of = following.streams_of
    with patch.object(following, "streams_of", lambda *about: streams_of(*about) | {"role:agency"}):
        yield


@contextmanager
def rewritten_leaf() -> Iterator[None]:
    """Behind a signed head the hub's store holds another leaf than the one that was signed."""
    commit = commits.Commits._commit

    def rewriting(self: commits.Commits, wave: list[Any]) -> None:
        commit(self, wave)
        text = "UPDATE entry SET leaf = zeroblob(32) WHERE kind = 'object' AND seq = 0"
        self._store._engine.change(Query("rewrite", text, frozenset(), writes=True), {})

    with patch.object(commits.Commits, "_commit", rewriting):
        yield


@contextmanager
def seq_outside_the_lock() -> Iterator[None]:
    """A process goes on from the head that it saw last, and not from the locked row."""
    lock, append = Streams._lock, Streams.append
    seen: dict[tuple[Streams, str], LockedHead] = {}

    def remembering(self: Streams, tx: Transaction, name: str) -> LockedHead:
        return seen.get((self, name)) or lock(self, tx, name)

    def appending(
        self: Streams, tx: Transaction, name: str, drafts: Sequence[Draft], origin: Origin
    ) -> tuple[Placed, ...]:
        placed = append(self, tx, name, drafts, origin)
        seen[self, name] = lock(self, tx, name)
        return placed

    with patch.object(Streams, "_lock", remembering), patch.object(Streams, "append", appending):
        yield


@contextmanager
def retract_forgotten() -> Iterator[None]:
    """Who takes back what it said still counts as a source."""
    with patch.object(erase, "retract", lambda *about: []):
        yield


@contextmanager
def cursor_off_by_one() -> Iterator[None]:
    """The position that a reader is given covers one entry more than it was shown."""
    encode_cursor = following.encode_cursor

    def ahead(cursor: Cursor, *keys: Any) -> str:
        return encode_cursor(Cursor(cursor.epoch, tuple((n, size + 1) for n, size in cursor.read)), *keys)

    with patch.object(following, "encode_cursor", ahead):
        yield


@contextmanager
def hint_lost() -> Iterator[None]:
    """Every other commit wakes nobody, and nobody looks by himself."""
    committed, count = Following.committed, [0]

    def sometimes(self: Following) -> None:
        count[0] += 1
        if count[0] % 2:
            committed(self)

    with patch.object(Following, "committed", sometimes), patch.object(following, "_ROUND_SECONDS", 1e6):
        yield


@contextmanager
def hint_lost_alone() -> Iterator[None]:
    """No commit wakes anybody. This is no defect: who is not woken looks by himself."""
    with patch.object(Following, "committed", lambda self: None):
        yield


@contextmanager
def chunk_lost() -> Iterator[None]:
    """What a reader was to be sent is now and then not queued."""
    offer, count = Subscriber.offer, [0]

    def sometimes(self: Subscriber, chunk: bytes) -> None:
        count[0] += 1
        if count[0] % 9:
            offer(self, chunk)

    with patch.object(Subscriber, "offer", sometimes):
        yield


@contextmanager
def body_kept() -> Iterator[None]:
    """SQLite leaves what was deleted where it lay."""
    begin = Store._begin

    def careless(self: Store, name: str, purpose: Any) -> AbstractContextManager[Transaction]:
        self._engine.command("PRAGMA secure_delete = OFF")
        return begin(self, name, purpose)

    with patch.object(Store, "_begin", careless):
        yield


@contextmanager
def embargo_ignored() -> Iterator[None]:
    """What is under embargo is placed at once."""

    def at_once(tx: Transaction, hub: Exchange, sender: Sender, message: Any, verb: Any) -> Any:
        return verb(tx, hub, sender, message)

    with patch.object(embargo, "_hold", at_once):
        yield


@contextmanager
def past_shown() -> Iterator[None]:
    """Who comes to a group reads everything that it was ever told."""
    state = roster.state_membership

    def from_the_beginning(tx: Transaction, hub: Exchange, party: str, joined: Membership) -> None:
        state(tx, hub, party, msgspec.structs.replace(joined, reads_from=Instant(0)))

    with patch.object(roster, "state_membership", from_the_beginning):
        yield


@contextmanager
def leaver_kept() -> Iterator[None]:
    """A connection is not cut when its party leaves a group."""
    with patch.object(Following, "_cut_changed", lambda self, tx, heads: None):
        yield


@contextmanager
def age_forgotten() -> Iterator[None]:
    """Sightings are kept for ever."""
    with patch.object(retention, "_AGES", frozenset({"object"})):
        yield


@contextmanager
def answer_uncounted() -> Iterator[None]:
    """Who acted is not among those who have received."""
    with patch.object(answers, "answers_of", lambda counts: Answers(band_of(counts[Answer.RECEIVED]))):
        yield


@contextmanager
def edge_deaf() -> Iterator[None]:
    """An edge obeys no erasure."""
    apply = EdgeReplica._apply

    def deaf(self: EdgeReplica, tx: Transaction, number: int, entry: VerifiedEntry, body: bytes) -> None:
        if entry.header.entry != "erasure":
            apply(self, tx, number, entry, body)

    with patch.object(EdgeReplica, "_apply", deaf):
        yield


@contextmanager
def twin_unseen() -> Iterator[None]:
    """A process of the hub sends what itself has written, and does not look for what another has."""
    with patch.object(following, "_ROUND_SECONDS", 1e6):
        yield


@contextmanager
def token_forgotten() -> Iterator[None]:
    """The hub does not know a token again that was spent."""
    spent = taking._spent

    def forgetful(tx: Transaction, *about: Any) -> Iterator[Any]:
        tx.run("forget_spent", {"below": LAST})
        return spent(tx, *about)

    with patch.object(taking, "_spent", forgetful):
        yield


@contextmanager
def sent_once() -> Iterator[None]:
    """An agent takes a report for told when it is in an envelope."""
    open_ones = reports.open_ones

    def fresh(tx: Transaction, box: Box, report_class: str) -> Iterator[reports.Anonymous]:
        yield from (one for one in open_ones(tx, box, report_class) if not one.attempts)

    with patch.object(reports, "open_ones", fresh):
        yield


@contextmanager
def counted_as_named() -> Iterator[None]:
    """The hub places an anonymous object as if it knew a source for it."""
    draft = taking.Draft

    def named(*about: Any, **more: Any) -> Draft:
        return draft(*about, **{**more, "named": True})

    with patch.object(taking, "Draft", named):
        yield


@contextmanager
def placed_for_somebody() -> Iterator[None]:
    """The hub places what is nobody's for one of its members."""
    place, origin = taking._place, taking.Origin

    def placing(tx: Transaction, *about: Any) -> list[Any]:
        somebody = all_parties(tx)[0].id
        with patch.object(taking, "Origin", lambda owner, record: origin(owner=somebody, record=record)):
            return list(place(tx, *about))

    with patch.object(taking, "_place", placing):
        yield


AWAY = "a reader that was away misses nothing and has nothing twice"
HIDDEN = "what was hidden is told once, and counts for no quorum"

DEFECTS: dict[Callable[[], AbstractContextManager[None]], str] = {
    lost_entry: "two processes are one hub",
    double_delivery: "a sighting whose receipt was lost is told once",
    wrong_audience: "what is for agencies goes to agencies",
    shown_to_others: "what is for agencies goes to agencies",
    rewritten_leaf: "what is for agencies goes to agencies",
    seq_outside_the_lock: "the operator writes into a stream that the hub writes into",
    retract_forgotten: "of two sources one takes back what it said",
    cursor_off_by_one: AWAY,
    hint_lost: AWAY,
    chunk_lost: AWAY,
    body_kept: "of two sources one takes back what it said",
    embargo_ignored: "nobody reads before its time what is under embargo",
    past_shown: "who comes to a group is not told its past",
    leaver_kept: "who leaves a group reads nothing that is added later",
    age_forgotten: "what has reached its age is gone everywhere",
    answer_uncounted: "answers are told in bands",
    edge_deaf: "an edge hears of an erasure, and those who read there",
    twin_unseen: "two processes are one hub",
    token_forgotten: "a report whose result was lost is sent again, and told once",
    sent_once: "a slot that is lost on its way to the partner costs a report nothing",
    counted_as_named: HIDDEN,
    placed_for_somebody: HIDDEN,
}
"""Each with the kept story that is played first, because it goes where the defect is."""
