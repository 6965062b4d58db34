# SPDX-License-Identifier: Apache-2.0
"""Taking in the envelopes of class ``mixed``, slot by slot.

1. When a slot is closed, the partner is asked for its blobs.
2. They are opened and judged away from the event loop and in no transaction.
3. Everything is taken in at once, stamped with the slot's end; the same transaction notes that the slot was collected.
   Where another process of this hub was faster, nothing is.
4. Results go back for the slot's record, with the hub's signature for the blobs that it was given. Those for which
   there is no place, or that come too late, wait for the next.

A slot that was collected twice, after a crash say, is harmless: what was taken in is known by its token.
"""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256

import msgspec

from tocsin.clock import Instant
from tocsin.errors import RemoteError, TocsinError, Unknown
from tocsin.hub.anonymous.epochs import Live, LiveEpochs
from tocsin.hub.anonymous.issuing import issued_in
from tocsin.hub.anonymous.judging import MIXED, Judged, judge
from tocsin.hub.anonymous.operators import MixOperator
from tocsin.hub.anonymous.taking import take
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.views.anonymous import EpochRow, epochs
from tocsin.proof.signing import Context
from tocsin.storage.store import Store, Transaction
from tocsin.wire.envelope import SEALED_RESULT_BYTES
from tocsin.wire.epoch import EpochDocument
from tocsin.wire.listing import SALT_BYTES, listing_of
from tocsin.wire.slot import Delivered, SlotResults, closing_after, delivered_bytes

log = logging.getLogger("tocsin.hub")

_COLLECTED = "collected"
AT_ONCE = 32
"""Blobs that are opened in one turn of the thread."""
_MAX_WAITING = 4_096
"""Results that wait for a place; their senders send again."""


class _Fact(msgspec.Struct, frozen=True):
    value: bytes


class Collected(msgspec.Struct, frozen=True):
    """The newest slot that was taken in."""

    epoch: int
    slot: int


def collected(tx: Transaction) -> Collected:
    """As the store has it; epoch 0 before the first."""
    row = tx.one("get_meta", {"key": _COLLECTED}, into=_Fact)
    return msgspec.msgpack.decode(row.value, type=Collected) if row and row.value else Collected(0, -1)


def due(rows: list[EpochRow], live: LiveEpochs, last: Collected, now: Instant) -> tuple[Live, int] | None:
    """The next slot that is closed and was not collected, if any."""
    for row in rows:
        found = live.of(row) if row.number >= last.epoch else None
        if found is None:
            continue
        document = found.document
        closed = document.slot_at(Instant(now - 2 * closing_after(document.slot_seconds)))
        first = last.slot + 1 if row.number == last.epoch else 0
        if first < min(closed, document.slots):
            return found, first
    return None


class Slots:
    """The collector of one hub process. Used from one event loop."""

    def __init__(
        self, hub: Exchange, live: LiveEpochs, partner: MixOperator, commits: Commits, reader: Store
    ) -> None:
        self._hub, self._live, self._partner = hub, live, partner
        self._commits, self._reader = commits, reader
        self._results: deque[bytes] = deque(maxlen=_MAX_WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hub-opener")

    async def look(self) -> None:
        """Collect every slot that is due."""
        while True:
            with self._reader.reading("epochs") as tx:
                last = collected(tx)
                found = due(epochs(tx), self._live, last, self._hub.clock.now())
            if found is None:
                return
            await self._collect(*found, last)

    def close(self) -> None:
        """Open nothing more."""
        self._thread.shutdown(cancel_futures=True)

    async def _collect(self, live: Live, slot: int, last: Collected) -> None:
        document = live.document
        judged, digests = await self._judged(live, await self._blobs(document, slot))  # (1) (2)
        end = document.slot_begins(slot + 1)

        def work(tx: Transaction) -> tuple[list[bytes], int] | None:
            """Take the slot in, and note that it was: its sealed results, and how many members have tokens."""
            if collected(tx) != last:
                return None
            sealed = take(tx, self._hub, document.number, judged, end)
            place = msgspec.msgpack.encode(Collected(document.number, slot))
            tx.run("set_meta", {"key": _COLLECTED, "value": place})
            return sealed, issued_in(tx, document.number)

        done = await self._commits.run(work, quiet=not judged)  # (3)
        if done is not None:
            sealed, issued = done
            self._results.extend(sealed)
            await self._give(live, slot, digests, issued)  # (4)

    async def _blobs(self, document: EpochDocument, slot: int) -> list[bytes]:
        """All blobs of a slot; none when the partner has lost them.

        They are read before the first is opened: how fast they are taken would tell the partner, who sends them in a
        known order, which of them hold something.
        """
        found: list[bytes] = []
        parts = self._partner.collect(document.number, slot, document.blob_bytes, document.members)
        with suppress(Unknown):  # their senders see it in the record
            async for blobs in parts:
                found += blobs
        return found

    async def _judged(self, live: Live, blobs: list[bytes]) -> tuple[list[Judged], list[bytes]]:
        """What is in them, and the SHA-256 of each; they are let go as they are opened."""
        loop, found, digests = asyncio.get_running_loop(), list[Judged](), list[bytes]()
        while blobs:
            some, blobs = blobs[:AT_ONCE], blobs[AT_ONCE:]
            judged, hashed = await loop.run_in_executor(self._thread, _judge, self._hub, live, some)
            found += judged
            digests += hashed
        return found, digests

    async def _give(self, live: Live, slot: int, digests: list[bytes], issued: int) -> None:
        document = live.document
        salt = self._hub.entropy(SALT_BYTES)
        word = await asyncio.get_running_loop().run_in_executor(
            self._thread, _delivered, live, slot, digests, issued, salt
        )
        going = [self._results.popleft() for _ in range(min(len(self._results), document.results))]
        filling = [self._hub.entropy(SEALED_RESULT_BYTES) for _ in range(document.results - len(going))]
        results = tuple(sorted(going + filling))  # both look random: their order tells nothing
        told = SlotResults(epoch=document.number, slot=slot, results=results, delivered=word)
        try:
            if await self._partner.give(told):
                return
        except (RemoteError, TocsinError) as error:
            log.warning("the partner was not given the results of a slot: %s", error.title())
        self._results.extendleft(reversed(going))


def _judge(hub: Exchange, live: Live, blobs: list[bytes]) -> tuple[list[Judged], list[bytes]]:
    return judge(hub, live, blobs, MIXED), [sha256(blob).digest() for blob in blobs]


def _delivered(live: Live, slot: int, digests: list[bytes], issued: int, salt: bytes) -> Delivered:
    """The hub's word on what it was given."""
    document = live.document
    listing = listing_of(digests, salt, document.members)
    signed = delivered_bytes(document.number, slot, issued, listing)
    signature = live.keys.signing.sign(Context("slot-delivered", document.realm, document.hub), signed)
    return Delivered(salt, issued, signature)
