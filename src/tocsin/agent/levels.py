# SPDX-License-Identifier: Apache-2.0
"""What this agent may do with every value that it knows of: evidence from the replica, guards from its own house.

The rule itself is `tocsin.domain.level`; here is only what goes into it. Nothing is stored: a value's level is
computed from what stands in the replica now, so an erasure, an expiry or a new asset of the bank's is never missed.
"""

from collections.abc import Callable, Iterator
from itertools import groupby

import msgspec

from tocsin.agent.replica import StreamRow
from tocsin.clock import MINUTE, Instant
from tocsin.domain.level import Band, Evidence, Judgement, Level, judge
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked
from tocsin.storage.store import Store

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


_BANDS = tuple(Band)


class Levels:
    """The levels of one agent."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self._store = store
        self._guard = guard

    def known(self, now: Instant) -> Iterator[KnownValue]:
        """Every value that still counts, in the order of its text."""
        with self._store.reading("known values") as tx:
            postings = tx.all("known_values", {"now": now}, into=_Posting)
            late = [row.late for row in tx.all("streams", {}, into=StreamRow) if row.late]
        witnessed = not late or now - min(late) <= UNWITNESSED_LIMIT
        for value, group in groupby(postings, key=lambda posting: posting.value):
            yield self._judge(value, list(group), witnessed=witnessed)

    def blocked(self, now: Instant) -> list[Blocked]:
        """What is at level block now, the newest first."""
        found = [
            Blocked(
                observable=one.observable,
                reason="; ".join(one.judgement.reasons),
                reference=one.reference,
                since=one.since,
                expires=one.expires,
            )
            for one in self.known(now)
            if one.judgement.level is Level.BLOCK
        ]
        return sorted(found, key=lambda one: (-one.since, one.observable))

    def _judge(self, value: str, postings: list[_Posting], *, witnessed: bool) -> KnownValue:
        kind, _, text = value.partition(":")
        observable = Observable(Kind(kind), text)
        published = [Band(posting.named) for posting in postings if posting.named]
        one_named = any(posting.kind in ("named", "sighting") for posting in postings)
        named = max([*published, Band.ONE if one_named else Band.NONE], key=_BANDS.index)
        warnings = [posting for posting in postings if posting.kind == "warning"]
        evidence = Evidence(
            named=named,
            anonymous=any(posting.kind == "anonymous" for posting in postings),
            warned=bool(warnings),
            guards=self._guard(observable),
            witnessed=witnessed,
            may_block=all(posting.may_block for posting in postings),
        )
        last = (warnings or postings)[-1]
        return KnownValue(
            observable=observable,
            judgement=judge(evidence),
            named=named,
            since=Instant(postings[0].since),
            expires=Instant(max(posting.expires for posting in postings)),
            reference=last.fact,
        )
