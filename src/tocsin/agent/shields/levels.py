# SPDX-License-Identifier: Apache-2.0
"""What this agent may do with every value that it knows of: evidence from the replica, guards from its own house.

The rule itself is `tocsin.domain.level`; here is only what goes into it. Nothing is stored: a value's level is
computed from what stands in the replica now, so an erasure, an expiry or a new asset of the bank's is never missed.
An agent that serves keeps what was at block at its last look, and judges only what was touched or ended since: a
judgement follows from postings, guards and the partner's absence alone (`tocsin.agent.history.changes`).
The hub's bands count only parties whose marking permits others to act, so a report that forbids it adds nothing, and
takes nothing from what others said.
"""

from bisect import insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from tocsin.agent.history.changes import Changes
from tocsin.agent.history.doubt import LATE_LIMIT
from tocsin.agent.history.replica import StreamRow
from tocsin.clock import MINUTE, Instant
from tocsin.domain.level import Band, Evidence, Judgement, Level, judge
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked
from tocsin.storage.store import Store, Transaction

UNWITNESSED_LIMIT = 15 * MINUTE
"""The declared partner may be missing this long before nothing steps to block by itself (DESIGN §3.4)."""

Guard = Callable[[Observable], tuple[str, ...]]
"""Why a human must look before this value is blocked; empty when nothing speaks against it."""


class KnownValue(msgspec.Struct, frozen=True):
    """One value with its level and why."""

    observable: Observable
    judgement: Judgement
    named: Band
    since: Instant
    expires: Instant
    reference: str


class _Posting(msgspec.Struct, frozen=True):
    value: str
    stream: str
    seq: int
    fact: str
    kind: str
    may_block: int
    since: int
    expires: int
    named: str
    firm: int
    """1 when the entry stands under a head that needs no further witness."""
    named_firm: str


class _Author(msgspec.Struct, frozen=True):
    id: str
    author: str


class _At(msgspec.Struct, frozen=True):
    at: int


class _Value(msgspec.Struct, frozen=True):
    value: str


class _Absence(msgspec.Struct, frozen=True):
    """What the partner's absence means now."""

    stops_steps: bool
    """Nothing steps to block by itself."""
    stops_all: bool
    """What it has not witnessed does not count."""


class _Look(msgspec.Struct, frozen=True):
    """What was at block at a moment, the newest first."""

    at: Instant
    absence: _Absence
    blocked: list[Blocked]


_LAST_VALUE = "\U0010ffff"
"""After every value in the order of their text."""
_RANKS = {str(band): rank for rank, band in enumerate(Band)}


class Levels:
    """The levels of one agent."""

    def __init__(self, store: Store, guard: Guard, changes: Changes | None = None) -> None:
        """`changes` tells what was touched since the last look, to this reader alone; without, all is judged anew."""
        self._store = store
        self._guard = guard
        self._changes = changes
        self._last: _Look | None = None

    def known(self, now: Instant) -> Iterator[KnownValue]:
        """Every value that still counts, in the order of its text.

        While the declared partner is late, what it had witnessed before keeps its full weight. After 15 minutes
        nothing new steps to block by itself; after a day nothing new counts at all.
        """
        return self._between("", _LAST_VALUE, now)

    def of(self, observable: Observable, now: Instant) -> KnownValue | None:
        """One value; None when nobody names it now."""
        return next(self._between(str(observable), str(observable), now), None)

    def _between(self, first: str, last: str, now: Instant) -> Iterator[KnownValue]:
        with self._store.reading("known values") as tx:
            postings = tx.all("known_values", {"first": first, "last": last, "now": now}, into=_Posting)
            absence = _absence(tx.all("streams", {}, into=StreamRow), now)
        return self._judged(postings, absence)

    def blocked(self, now: Instant) -> Sequence[Blocked]:
        """What is at level block now, the newest first; the very same list as long as nothing of it changes."""
        last, self._last = self._last, None  # a look that fails leaves nothing to go on from
        with self._store.reading("what is at block") as tx:
            streams = tx.all("streams", {}, into=StreamRow)
            absence = _absence(streams, now)
            touched = self._touched(tx, streams, last, _Look(now, absence, []))
            if touched is None:
                postings = tx.all("blockable_values", {"now": now}, into=_Posting)
            else:
                postings = _postings_of(tx, touched, now)
            authors = {row.id: row.author for row in tx.all("warning_authors", {}, into=_Author)}
        found = [
            _blocked(one, authors)
            for one in self._judged(postings, absence)
            if one.judgement.level is Level.BLOCK
        ]
        if last is None or touched is None:
            blocked = sorted(found, key=_newest)
        else:
            blocked = _brought_up(last.blocked, touched, found)
        self._last = _Look(now, absence, blocked)
        return blocked

    def _touched(
        self, tx: Transaction, streams: Sequence[StreamRow], last: _Look | None, look: _Look
    ) -> frozenset[str] | None:
        """What may be at another level now than at the last look; None: everything."""
        if self._changes is None:
            return None
        noted = self._changes.take({row.name: (row.size, row.firm) for row in streams})
        if noted is None or last is None or look.at < last.at or look.absence != last.absence:
            return None
        ended = tx.all("values_that_ended", {"since": last.at, "now": look.at}, into=_Value)
        return noted.union(row.value for row in ended)

    def _judged(self, postings: Sequence[_Posting], absence: _Absence) -> Iterator[KnownValue]:
        if absence.stops_all:
            postings = [posting for posting in postings if posting.firm]
        for value, group in groupby(postings, key=lambda posting: posting.value):
            yield _judge(self._guard, value, tuple(group), late=absence.stops_steps)

    def next_expiry(self, now: Instant) -> Instant | None:
        """When the next value stops counting; None when none ever does."""
        with self._store.reading("next expiry") as tx:
            row = tx.one("next_expiry", {"now": now}, into=_At)
        return Instant(row.at) if row is not None and row.at else None


def _absence(streams: Sequence[StreamRow], now: Instant) -> _Absence:
    late = [row.late for row in streams if row.late]
    absence = now - min(late) if late else 0
    return _Absence(absence > UNWITNESSED_LIMIT, absence > LATE_LIMIT)


def _postings_of(tx: Transaction, values: frozenset[str], now: Instant) -> list[_Posting]:
    """The evidence for these values, as far as it could raise them to block."""
    return [
        posting
        for value in sorted(values)
        for posting in tx.all("blockable_value", {"value": value, "now": now}, into=_Posting)
    ]


def _blocked(one: KnownValue, authors: Mapping[str, str]) -> Blocked:
    return Blocked(
        observable=one.observable,
        reason="; ".join(one.judgement.reasons),
        reference=one.reference,
        since=one.since,
        expires=one.expires,
        source=authors.get(one.reference, str(one.named)),
    )


def _newest(one: Blocked) -> tuple[int, Observable]:
    return -one.since, one.observable


def _brought_up(before: list[Blocked], touched: Collection[str], found: Sequence[Blocked]) -> list[Blocked]:
    """What was at block, with what is found of the values that were touched in the place of what was known of them."""
    places = frozenset(map(_observable, touched))
    gone = [one for one in before if one.observable in places]
    if sorted(gone, key=_newest) == sorted(found, key=_newest):
        return before
    kept = [one for one in before if one.observable not in places]
    for one in found:
        insort(kept, one, key=_newest)
    return kept


def _observable(value: str) -> Observable:
    """The one that `str` wrote into our own store."""
    kind, _, text = value.partition(":")
    return Observable(Kind(kind), text)


def _judge(guard: Guard, value: str, postings: Sequence[_Posting], *, late: bool) -> KnownValue:
    """One value, by all its postings, the oldest first."""
    observable = _observable(value)
    guards = guard(observable)
    firm = [posting for posting in postings if posting.firm]
    evidence = _evidence(firm, guards, [posting.named_firm for posting in firm])
    judgement = judge(evidence) if firm else None
    if judgement is None or judgement.level is not Level.BLOCK:  # else nothing unwitnessed lowers it
        evidence = _evidence(postings, guards, [posting.named for posting in postings])
        judgement = judge(msgspec.structs.replace(evidence, witnessed=not late))
    warnings = [posting for posting in postings if posting.kind == "warning"]
    return KnownValue(
        observable=observable,
        judgement=judgement,
        named=evidence.named,
        since=Instant(postings[0].since),
        expires=Instant(max(posting.expires for posting in postings)),
        reference=(warnings or postings)[0].fact,
    )


def _evidence(postings: Sequence[_Posting], guards: tuple[str, ...], bands: list[str]) -> Evidence:
    """What these postings say together, with these bands."""
    kinds = {posting.kind for posting in postings}
    least = Band.NONE if kinds.isdisjoint(("named", "sighting")) else Band.ONE
    named = Band(max({str(least), *filter(None, bands)}, key=_RANKS.__getitem__))
    return Evidence(
        named=named,
        anonymous="anonymous" in kinds,
        warned="warning" in kinds,
        guards=guards,
        may_block=any(posting.may_block for posting in postings),
    )
