# SPDX-License-Identifier: Apache-2.0
"""What this agent may do with every value that it knows of: evidence from the replica, guards from its own house.

The rule itself is `tocsin.domain.level`; here is only what goes into it. Nothing is stored: a value's level is
computed from what stands in the replica now, so an erasure, an expiry or a new asset of the bank's is never missed.
A judgement follows from postings and guards alone, so that it is not made again while those are what they were.
The hub's bands count only parties whose marking permits others to act, so a report that forbids it adds nothing, and
takes nothing from what others said.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import groupby

import msgspec

from tocsin.agent.history.doubt import LATE_LIMIT
from tocsin.agent.history.replica import StreamRow
from tocsin.clock import MINUTE, Instant
from tocsin.domain.level import Band, Evidence, Judgement, Level, judge
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked
from tocsin.storage.store import Store

UNWITNESSED_LIMIT = 15 * MINUTE
"""The declared partner may be missing this long before nothing steps to block by itself (DESIGN §3.4)."""

_REMEMBERED = 10_000
"""Judgements that are kept for the next look: about 20 MB."""

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


_RANKS = {str(band): rank for rank, band in enumerate(Band)}


class Levels:
    """The levels of one agent."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self._store = store
        self._judge = lru_cache(_REMEMBERED)(partial(_judge, guard))

    def known(self, now: Instant) -> Iterator[KnownValue]:
        """Every value that still counts, in the order of its text.

        While the declared partner is late, what it had witnessed before keeps its full weight. After 15 minutes
        nothing new steps to block by itself; after a day nothing new counts at all.
        """
        return self._judged("known_values", now)

    def _judged(self, query: str, now: Instant) -> Iterator[KnownValue]:
        with self._store.reading("known values") as tx:
            postings = tx.all(query, {"now": now}, into=_Posting)
            late = [row.late for row in tx.all("streams", {}, into=StreamRow) if row.late]
        absence = now - min(late) if late else 0
        if absence > LATE_LIMIT:
            postings = [posting for posting in postings if posting.firm]
        for value, group in groupby(postings, key=lambda posting: posting.value):
            yield self._judge(value, tuple(group), late=absence > UNWITNESSED_LIMIT)

    def blocked(self, now: Instant) -> list[Blocked]:
        """What is at level block now, the newest first."""
        with self._store.reading("who warned") as tx:
            authors = {row.id: row.author for row in tx.all("warning_authors", {}, into=_Author)}
        found = [
            Blocked(
                observable=one.observable,
                reason="; ".join(one.judgement.reasons),
                reference=one.reference,
                since=one.since,
                expires=one.expires,
                source=authors.get(one.reference, str(one.named)),
            )
            for one in self._judged("blockable_values", now)
            if one.judgement.level is Level.BLOCK
        ]
        return sorted(found, key=lambda one: (-one.since, one.observable))

    def next_expiry(self, now: Instant) -> Instant | None:
        """When the next value stops counting; None when none ever does."""
        with self._store.reading("next expiry") as tx:
            row = tx.one("next_expiry", {"now": now}, into=_At)
        return Instant(row.at) if row is not None and row.at else None


def _judge(guard: Guard, value: str, postings: Sequence[_Posting], *, late: bool) -> KnownValue:
    """One value, by all its postings, the oldest first."""
    kind, _, text = value.partition(":")
    observable = Observable(Kind(kind), text)
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
