# SPDX-License-Identifier: Apache-2.0
"""Keeping no longer than agreed: reports and sightings are erased when they have reached the alliance's age.

Long before, they are too old to confirm anything, and the bands that counted them fall.

An erasure by age is an erasure like any other: an entry says so, readers obey it, the history still proves itself.
Warnings end by their own expiry, and the directory, the rosters and the restarts are what the history rests on: they
stay. After any erasure the files still hold the old bytes while somebody reads an older moment; so the files are
scrubbed again and again.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from tocsin.clock import DAY, HOUR, MINUTE, SECOND, Instant
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import StreamHead, closed_streams
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.views.sources import aged, fade
from tocsin.storage.store import Store, Transaction

log = logging.getLogger("tocsin.hub")

_AGES = frozenset({"object", "sighting"})
"""Kinds of entry that are erased by age: what names values."""

_SCRUB_SECONDS = MINUTE // SECOND
_SWEEP_ROUNDS = HOUR // MINUTE
"""Every so many scrubs it is looked for what has reached its age."""

_AT_ONCE = 256
"""Entries that one transaction looks at."""


class _AgedRow(msgspec.Struct, frozen=True):
    seq: int
    kind: str
    fact: str


class _Meta(msgspec.Struct, frozen=True):
    value: bytes


def expire(tx: Transaction, hub: Exchange, before: Instant) -> bool:
    """Erase some of what was added before then, where the last call stopped; whether there may be more."""

    def erase(stream: StreamHead, rows: list[_AgedRow]) -> None:
        for fact in sorted({one.fact for one in rows if one.kind in _AGES}):
            erase_fact(tx, hub, fact, "retention")

    return _walk(tx, "expired", before, erase)


def lower(tx: Transaction, hub: Exchange) -> bool:
    """Lower some of the bands whose sources have aged, where the last call stopped; whether there may be more."""

    def count_anew(stream: StreamHead, rows: list[_AgedRow]) -> None:
        for fact in fade(tx, hub, stream.name, stream.number, rows[0].seq, rows[-1].seq):
            erase_fact(tx, hub, fact, "retention")

    return _walk(tx, "lowered", aged(hub), count_anew)


def _walk(
    tx: Transaction, mark: str, before: Instant, visit: Callable[[StreamHead, list[_AgedRow]], None]
) -> bool:
    """Visit what was added before then, each stream from where the last walk of that mark stopped; whether there may be
    more.
    """
    more = False
    closed = {row.key for row in closed_streams(tx)}
    for stream in tx.all("stream_heads", {}, into=StreamHead):
        key = f"{mark}/{stream.number}"
        row = tx.one("get_meta", {"key": key}, into=_Meta)
        after = int(row.value) if row else -1
        span = {"stream": stream.number, "after": after, "upto": after + _AT_ONCE, "before": before}
        rows = tx.all("aged_entries", span, into=_AgedRow)
        if not rows or stream.key in closed:
            continue
        visit(stream, rows)
        tx.run("set_meta", {"key": key, "value": str(rows[-1].seq).encode()})
        more = more or len(rows) == _AT_ONCE
    return more


class Retention:
    """The slow tick of one hub process."""

    def __init__(self, hub: Exchange, commits: Commits, store: Store, days: int) -> None:
        """`days` is how long reports and sightings are kept."""
        self._hub = hub
        self._commits = commits
        self._lightly = store.scrubs_lightly
        self._days = days

    async def run(self) -> None:
        """Scrub every minute and erase by age every hour, for ever."""
        rounds = 0
        while True:
            try:
                if rounds % _SWEEP_ROUNDS == 0:
                    await self.sweep()
                if self._lightly:
                    await self._commits.run(lambda tx: None, quiet=True, erases=True)
            except Exception:  # one failed round must not end the service: the next one starts from the store
                log.exception("what has reached its age could not be erased")
            rounds += 1
            await asyncio.sleep(_SCRUB_SECONDS)

    async def sweep(self) -> None:
        """Erase everything that has reached its age by now, and lower the bands that rest on what is too old."""
        before = Instant(self._hub.clock.now() - self._days * DAY)
        while await self._commits.run(lambda tx: expire(tx, self._hub, before), erases=True):
            log.info("erasing what was added more than %d days ago", self._days)
        while await self._commits.run(lambda tx: lower(tx, self._hub), erases=True):
            log.info("lowering bands whose sources have aged")
