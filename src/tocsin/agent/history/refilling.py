# SPDX-License-Identifier: Apache-2.0
"""Giving a restored hub back what it lost: entries from this agent's replica, then receipts from its outbox.

The hub asks (`Restoring`, on the stream); this agent hands in what it holds beyond, each part with the proof that it
belongs under the newest head that needs no further witness. It tells nothing that the hub had not told before. Where
the hub knows this party, it says at the end that this was everything.

When the hub goes on, this party shows the receipts that it was given since the backup. Of what it then lacks the
messages go back into line: the hub answers a message that it knows with the receipt it knows, so nothing is doubled.
"""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial

import msgspec

from tocsin.agent.history import proved
from tocsin.agent.signed import SignedHub
from tocsin.clock import MINUTE, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import BadProof, TocsinError
from tocsin.proof.merkle import consistency_proof_from
from tocsin.storage.store import Store
from tocsin.wire.ceremony import MAX_UNKNOWN, Claim, Claimed, Lacking, Refill, Refilled, Restoring
from tocsin.wire.messages import Entry, Head, Receipt, SignedReceipt, decode, encode

log = logging.getLogger("tocsin.agent")

_PART_BYTES = 512 * 1024
"""About so much goes into one refill."""
_DIRECTORY_BYTES = MAX_UNKNOWN // 4
"""Of the directory: the hub may not know this agent's key yet. In a message it is at most twice as long."""
_PART_ENTRIES = 500
_RECEIPTS = 50
_TRIES = 5
_PAUSE_SECONDS = 1.0


class _ReceiptRow(msgspec.Struct, frozen=True):
    id: str
    answer: bytes


class _MarkRow(msgspec.Struct, frozen=True):
    value: str


class Refilling:
    """What one agent does for a hub that comes back. Used from the event loop only."""

    def __init__(self, store: Store, hub: SignedHub) -> None:
        self._store = store
        self._hub = hub
        self._asked = asyncio.Event()
        self._offer: Restoring | None = None

    def offer(self, offer: Restoring) -> None:
        """The hub says what it lacks; the newest word counts."""
        self._offer = offer
        self._asked.set()

    async def run(self) -> None:
        """Hand in whenever the hub asks, for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            for _ in range(_TRIES):
                if self._offer is None or self._asked.is_set():
                    break
                try:
                    await self.hand_in(self._offer)
                    break
                except TocsinError as error:
                    log.info("refilling: %s", error)  # the hub may have opened meanwhile
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def hand_in(self, offer: Restoring) -> None:
        """Everything that this agent holds and the hub lacks, the directory first."""
        lacking = {one.stream: one for one in offer.streams}
        for head in self._heads():
            if head.stream == DIRECTORY or offer.party:
                try:
                    await self._refill(head, lacking.get(head.stream, Lacking(head.stream, 0)))
                except BadProof as error:  # its end was given up while this agent was away, say
                    log.info("refilling %s: %s", head.stream, error)
                if head.stream == DIRECTORY and not offer.party:
                    return
        if directory := next((head for head in self._heads() if head.stream == DIRECTORY), None):
            await self._send(Refill(head=directory, entries=(), path=()))

    async def _refill(self, head: Head, lacking: Lacking) -> None:
        size = lacking.size
        while size < head.size:
            entries = self._entries(head.stream, size, head.size)
            size = max(entries[-1].seq + 1, await self._send(self._proved(head, entries)))
        for start, stop in _runs(lacking.bodies):
            entries = self._entries(head.stream, start, min(stop, head.size))
            if any(entry.body is not None for entry in entries):
                await self._send(self._proved(head, entries))

    async def _send(self, refill: Refill) -> int:
        return decode(await self._hub.post("/v1/refills", encode(refill)), Refilled).size

    def _proved(self, head: Head, entries: list[Entry]) -> Refill:
        """These entries with the proof that the tree up to the last is the beginning of the head's."""
        with self._store.reading("prove refill") as tx:
            leaves = partial(proved.leaves, tx, head.stream)
            path = consistency_proof_from(leaves, entries[-1].seq + 1, head.size)
        return Refill(head=head, entries=tuple(entries), path=path)

    def _heads(self) -> list[Head]:
        """The newest firm head of each stream, the directory first."""
        with self._store.reading("firm heads") as tx:
            return proved.firm_heads(tx)

    def _entries(self, stream: str, start: int, stop: int) -> list[Entry]:
        """The next entries of a stream, as many as go into one part."""
        with self._store.reading("entries to hand in") as tx:
            held = proved.entries(tx, stream, start, min(stop, start + _PART_ENTRIES))
        entries, size = [], 0
        for one in held:
            entries.append(one)
            size += len(one.header) + len(one.body or b"")
            if size > (_DIRECTORY_BYTES if stream == DIRECTORY else _PART_BYTES):
                break
        return entries


async def claim(store: Store, hub: SignedHub, now: Instant) -> int:
    """After a restart: show the receipts given since the backup; how many messages go back into line.

    What lies in a stream that is not whole yet is claimed again a minute later.
    """
    with store.reading("what to claim") as tx:
        mark = tx.one("mark", {"name": "claim"}, into=_MarkRow)
        rows = tx.all("receipted_messages", {}, into=_ReceiptRow) if mark else []
    if mark is None:
        return 0
    since, _, after = mark.value.partition(" ")
    if now < int(after or 0):
        return 0
    receipts = [decode(row.answer, SignedReceipt) for row in rows]
    given = [one for one in receipts if decode(one.receipt, Receipt).added > int(since)]
    again, later = 0, 0
    for at in range(0, len(given), _RECEIPTS):
        part = Claim(receipts=tuple(given[at : at + _RECEIPTS]))
        answer = decode(await hub.post("/v1/claims", encode(part)), Claimed)
        with store.transaction("send again") as tx:
            tx.run_each("send_again", [{"id": one} for one in answer.missing])
        again, later = again + len(answer.missing), later + len(answer.later)
    with store.transaction("claimed") as tx:
        if later:
            tx.run("save_mark", {"name": "claim", "value": f"{since} {now + MINUTE}"})
        else:
            tx.run("drop_claim", {"value": mark.value})
    return again


def _runs(seqs: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Neighbouring numbers as ranges."""
    start = None
    for at, seq in enumerate(seqs):
        start = seq if start is None else start
        if at + 1 == len(seqs) or seqs[at + 1] != seq + 1:
            yield start, seq + 1
            start = None
