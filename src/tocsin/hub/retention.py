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
from tocsin.errors import HubRestoring, StorageError, TocsinError
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


class _Left(msgspec.Struct, frozen=True):
    """What a walk had to leave: something of it stands in a stream that was closed then."""

    after: int
    closed: frozenset[bytes]


def expire(tx: Transaction, hub: Exchange, before: Instant) -> bool:
    """Erase some of what was added before then, where the last call stopped; whether there may be more."""

    def erase(stream: StreamHead, rows: list[_AgedRow]) -> set[str]:
        """Those whose age has an end."""
        return _erase_each(tx, hub, {one.fact for one in rows if one.kind in _AGES})

    return _walk(tx, "expired", before, erase)


def lower(tx: Transaction, hub: Exchange) -> bool:
    """Lower some of the bands whose sources have aged, where the last call stopped; whether there may be more."""

    def count_anew(stream: StreamHead, rows: list[_AgedRow]) -> set[str]:
        """Bands of these entries whose sources are too old to count."""
        return _erase_each(tx, hub, set(fade(tx, hub, stream.name, stream.number, rows[0].seq, rows[-1].seq)))

    return _walk(tx, "lowered", aged(hub), count_anew)


def _erase_each(tx: Transaction, hub: Exchange, facts: set[str]) -> set[str]:
    """Erase these, each by itself; those that must wait, because something of them stands in a closed stream."""
    left = set()
    for fact in sorted(facts):
        try:
            with tx.savepoint():
                erase_fact(tx, hub, fact, "retention")
        except StorageError:
            raise
        except HubRestoring:
            left.add(fact)
        except TocsinError as error:
            log.warning("%s has reached its age and cannot be erased: %s", fact, error)
    return left


def _walk(
    tx: Transaction, mark: str, before: Instant, visit: Callable[[StreamHead, list[_AgedRow]], set[str]]
) -> bool:
    """Visit what was added before then, each stream from where the last walk of that mark stopped; whether there may be
    more. `visit` gives the facts that it had to leave: they are visited again when other streams are closed than now.
    """
    more = False
    streams = tx.all("stream_heads", {}, into=StreamHead)
    closed = frozenset(row.key for row in closed_streams(tx)) & {stream.key for stream in streams}
    for stream in streams:
        if stream.key in closed:
            continue
        key = f"{mark}/{stream.number}"
        after, left = _stopped(tx, key, closed)
        span = {"stream": stream.number, "after": after, "upto": after + _AT_ONCE, "before": before}
        rows = tx.all("aged_entries", span, into=_AgedRow)
        if not rows:
            continue
        facts = visit(stream, rows)
        waiting = [row.seq for row in rows if row.fact in facts]
        if waiting and left is None:
            tx.run(
                "set_meta",
                {"key": f"{key}/left", "value": msgspec.msgpack.encode(_Left(waiting[0] - 1, closed))},
            )
        tx.run("set_meta", {"key": key, "value": str(rows[-1].seq).encode()})
        more = more or len(rows) == _AT_ONCE
    return more


def _stopped(tx: Transaction, key: str, closed: frozenset[bytes]) -> tuple[int, _Left | None]:
    """After which entry a walk goes on, and what it left and still has to leave."""
    row = tx.one("get_meta", {"key": f"{key}/left"}, into=_Meta)
    left = msgspec.msgpack.decode(row.value, type=_Left) if row and row.value else None
    if left is not None and left.closed != closed:
        tx.run("set_meta", {"key": f"{key}/left", "value": b""})
        return left.after, None
    row = tx.one("get_meta", {"key": key}, into=_Meta)
    return (int(row.value) if row else -1), left


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
