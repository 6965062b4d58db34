# SPDX-License-Identifier: Apache-2.0
"""From sending a report to its disclosure at a reader, for each class, on real processes: hub, relay and partner, as
operators serve them, with a path whose slots are short.

24 members send cover into every slot all the while. `named` and `now` go ten a second; `mixed` goes a few in a slot,
each in the place of somebody's cover, at a moment of its own, as agents draw it. What a `mixed` report waits for, until
its slot may be collected, is the slot's length and nothing else: it stands beside, and grows with the slot. Not
measured is what comes before, from a person's word to the next slot.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from tocsin.agent.vault import Membership
from tocsin.bench.alliance import report
from tocsin.bench.envelopes import present
from tocsin.bench.path import BenchPath, found_path
from tocsin.bench.result import Beside, Row
from tocsin.clock import SECOND, SystemClock
from tocsin.ids import new_id
from tocsin.wire.messages import Entry, Header, Report, decode
from tocsin.wire.slot import SENDING, closing_after
from tocsin.wire.sse import EventParser
from tocsin.world.processes import Processes

_TARGET_SECONDS = 1.0
"""DESIGN §9, for `named`; `mixed` has it on top of the longest wait for its slot."""
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0
_SETTLING_SECONDS = 3.0


class Load(msgspec.Struct, frozen=True):
    """How much of it."""

    members: int = 24
    slot_seconds: int = 2
    at_once: int = 100
    """Reports of class `named`, and as many of class `now`."""
    slots: int = 15
    """In each of which some report."""
    in_slot: int = 8
    """Reports of class `mixed`: as many as a record has results."""


class _Sent(msgspec.Struct, frozen=True):
    """One report that left."""

    report: str
    began: float
    """Monotonic seconds just before its first byte."""
    waits: float
    """Seconds until something can come of it: until its slot may be collected, or its sender is answered."""


def measured(chance: random.Random, load: Load) -> Iterator[Row]:
    """Two rows for each class: the median, and what 99 in 100 stay below."""
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        path = found_path(Path(folder), load.members, load.slot_seconds, chance)
        for name in ("partner", "relay", "hub"):
            processes.serve(name, [name, "serve", str(Path(folder) / name)], Path(folder) / f"{name}.log")
        sent, seen = asyncio.run(_play(path, load, chance))
    longest = load.slot_seconds * (1 - SENDING[0]) + 2 * closing_after(load.slot_seconds) / SECOND
    for name, target in (("named", 0.0), ("now", 0.0), ("mixed", longest)):
        what = f"the wait for slots of {load.slot_seconds} s" if target else "the wait for its answer"
        yield from _rows(name, sent[name], seen, target + _TARGET_SECONDS, what)


def _rows(
    name: str, sent: Sequence[_Sent], seen: dict[str, float], target: float, what: str
) -> Iterator[Row]:
    took = [seen.get(one.report, float("inf")) - one.began for one in sent]
    waits = [one.waits for one in sent]
    share = Beside(f"of 100 parts of all, {what}", 100 * sum(waits) / sum(took))
    slowest = Beside(f"{what}, p99", _percentile(waits, 99) * 1000)
    for part, beside in ((50, share), (99, slowest)):
        row = f"{name}, from sending to a reader, p{part}"
        yield Row(row, _percentile(took, part) * 1000, "ms", "lower", target * 1000, beside).judged()


def _percentile(values: Sequence[float], part: int) -> float:
    return sorted(values)[-(-len(values) * part // 100) - 1]


async def _play(
    path: BenchPath, load: Load, chance: random.Random
) -> tuple[dict[str, list[_Sent]], dict[str, float]]:
    """What was sent by each class, and when a reader had the last of each report."""
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
        run = _Run(path, http, chance)
        reading = asyncio.create_task(run.read())
        await asyncio.sleep(_SETTLING_SECONDS)
        around = int(2 * load.at_once * _PAUSE_SECONDS / load.slot_seconds) + 1
        covering = asyncio.create_task(run.slots([0] * around))
        sent = {"named": await run.named(load.at_once), "now": await run.now(load.at_once)}
        await covering
        sent["mixed"] = await run.slots([load.in_slot] * load.slots)
        await asyncio.sleep(load.slot_seconds + _SETTLING_SECONDS)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return sent, run.seen


class _Run:
    """Senders and a reader."""

    def __init__(self, path: BenchPath, http: httpx.AsyncClient, chance: random.Random) -> None:
        self._path, self._http, self._chance = path, http, chance
        self.seen: dict[str, float] = {}
        """When the newest entry of each report came; monotonic seconds."""

    async def read(self) -> None:
        """Be a reader, for ever."""
        parser = EventParser()
        async with self._path.way(self._path.reader, self._http).stream("") as chunks:
            async for chunk in chunks:
                for _, data in parser.feed(chunk):
                    if data.startswith(b'{"kind":"entry"'):
                        header = decode(decode(data, Entry).header, Header)
                        self.seen[header.fact] = time.monotonic()

    async def named(self, count: int) -> list[_Sent]:
        """So many reports by name."""
        sent = []
        for number in range(count):
            bank = self._bank(number)
            values = [f"login-{self._chance.randrange(10**12)}.example" for _ in range(3)]
            body = report(bank, values, SystemClock(), self._chance)
            began = time.monotonic()
            await self._path.way(bank, self._http).post("/v1/reports", body)
            sent.append(_Sent(decode(body, Report).id, began, time.monotonic() - began))
            await asyncio.sleep(_PAUSE_SECONDS)
        return sent

    async def now(self, count: int) -> list[_Sent]:
        """So many of class ``now``."""
        sent = []
        for number in range(count):
            name = new_id("rpt", self._chance.randbytes)
            blob = self._path.epoch.report(self._chance, "now", name)
            slot = await self._slot_with_room()
            began = time.monotonic()
            if await self._path.send(self._http, self._bank(number), blob, slot, "now"):
                sent.append(_Sent(name, began, time.monotonic() - began))
            await asyncio.sleep(_PAUSE_SECONDS)
        return sent

    async def _slot_with_room(self) -> int:
        """The present slot, or the next one in its second half: an envelope that comes after it is taken by nobody."""
        document = self._path.epoch.document
        slot, room = document.slot_at(present()), document.slot_seconds * SECOND // 2
        if (left := document.slot_begins(slot + 1) - present()) < room:
            await asyncio.sleep(left / SECOND)
            slot += 1
        return slot

    async def slots(self, reports: Sequence[int]) -> list[_Sent]:
        """Everybody's envelope in each of the next slots, so many of them reports."""
        epoch, tasks = self._path.epoch, []
        first = epoch.document.slot_at(present()) + 1
        for slot, count in enumerate(reports, first):
            names = [new_id("rpt", self._chance.randbytes) for _ in range(count)]
            blobs = [(one, epoch.report(self._chance, report=one)) for one in names]
            blobs += [("", blob) for blob in epoch.covers(len(self._path.members) - count)]
            self._chance.shuffle(blobs)
            for bank, (name, blob) in zip(self._path.members, blobs, strict=True):
                tasks.append(asyncio.create_task(self._leave(slot, bank, name, blob)))
            await asyncio.sleep(max(0, epoch.document.slot_begins(slot) - present()) / SECOND)
        return [one for one in await asyncio.gather(*tasks) if one and one.report]

    async def _leave(self, slot: int, bank: Membership, name: str, blob: bytes) -> _Sent | None:
        """One envelope, at its moment of the slot; None when it was late."""
        document = self._path.epoch.document
        begins, length = document.slot_begins(slot), document.slot_seconds * SECOND
        leaves = begins + int(self._chance.uniform(*SENDING) * length)
        await asyncio.sleep(max(0, leaves - present()) / SECOND)
        began, opens = time.monotonic(), begins + length + 2 * closing_after(document.slot_seconds)
        waits = (opens - present()) / SECOND
        return _Sent(name, began, waits) if await self._path.send(self._http, bank, blob, slot) else None

    def _bank(self, number: int) -> Membership:
        return self._path.members[number % len(self._path.members)]
