# SPDX-License-Identifier: Apache-2.0
"""From the first byte of a report to the last byte of its disclosure at the slowest of 5,000 readers.

One hub as the product serves it; 5,000 thin readers (`tocsin.bench.crowd`) and 50 agents that verify everything, in
processes of their own. 60 reports once a second, then 60 at ten a second; the worst of each. One reader in a hundred
stalls and one comes and goes: they must not hold up the others, and must miss nothing.

Beside it stands the raw limit (`tocsin.bench.raw`): the same bytes handed to the same crowd by uvloop alone.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import msgspec

from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.bench import crowd, raw, verifying
from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found, report, resident_bytes
from tocsin.bench.child import child
from tocsin.bench.crowd import Address, Arrivals, Reader
from tocsin.bench.database import emptied
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.wire.messages import Receipt, SignedReceipt, decode
from tocsin.wire.sse import EventParser

_READERS = 5_000
_AGENTS = 50
_SENDERS = 20
_WAVES = 60
_PART = 100
"""One reader in so many stalls, and one comes and goes."""
_TARGET_SECONDS = 1.0
_TARGET_BYTES = 250 * 1024 * 1024
_CATCH_UP_SECONDS = 60.0
_VALUES = 3
"""Indicators of one report; with its grouping four entries."""


class Wave(msgspec.Struct, frozen=True):
    """One report."""

    began: float
    """Monotonic seconds just before its first byte."""
    last: int
    """The seq of its last entry."""


class _Run(msgspec.Struct, frozen=True):
    """60 waves at one pace."""

    pace: int
    waves: tuple[Wave, ...]
    arrivals: Arrivals
    proved: tuple[Mapping[int, float], ...]
    cpu: float
    """Seconds of the hub's processor time, everything included."""

    def worst(self) -> float:
        """Seconds of the slowest wave; an entry that a steady reader missed counts as never."""
        missing = any(self.arrivals.missing.get(wave.last, 1) for wave in self.waves)
        return float("inf") if missing else max(self.arrivals.slowest[w.last] - w.began for w in self.waves)

    def worst_proved(self) -> float:
        """The same at the slowest of those that verify."""
        return max(
            min(at for size, at in one.items() if size > wave.last) - wave.began
            for wave in self.waves
            for one in self.proved
        )


def run(seed: int) -> Iterator[Row]:
    """Rows of both paces, of what is lost, and of the hub's memory."""
    return _measured(seed, "hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same for a hub whose store is an empty database of PostgreSQL."""
    with emptied(url):
        yield from _measured(seed, url, ", PostgreSQL")


def _measured(seed: int, store: str, engine: str) -> Iterator[Row]:
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", _READERS + _AGENTS + _SENDERS, chance, store)
        with hub.served() as served:
            idle = resident_bytes(served.pid)
            runs, memory = asyncio.run(_measure(hub, served.pid, chance))
    size = 2_000 * (_VALUES + 1)
    bare = _bare(hub.banks[:_READERS], size)
    yield from _rows(runs, bare, engine)
    beside = Beside("without connections", idle / 2**20)
    name = f"hub with {_READERS:,} connections, resident{engine}"
    yield Row(name, memory / 2**20, "MiB", "lower", _TARGET_BYTES / 2**20, beside).judged()


def _rows(runs: Sequence[_Run], bare: float, engine: str) -> Iterator[Row]:
    beside = Beside("raw uvloop, same bytes", bare * 1000)
    for one in runs:
        pace = f"at {one.pace}/s{engine}"
        limit = _TARGET_SECONDS * 1000
        yield Row(
            f"report to slowest reader {pace}", one.worst() * 1000, "ms", "lower", limit, beside
        ).judged()
        yield Row(
            f"report to slowest proof {pace}", one.worst_proved() * 1000, "ms", "lower", limit, beside
        ).judged()
        cpu = one.cpu / _WAVES * 1000
        yield Row(f"hub's CPU per report {pace}", cpu, "ms", "lower", limit / one.pace, beside).judged()
        lost = Beside("connections that the hub ended", one.arrivals.dropped)
        yield Row(
            f"readers that miss an entry {pace}", one.arrivals.lost, "readers", "lower", 0, lost
        ).judged()


async def _measure(hub: BenchHub, pid: int, chance: random.Random) -> tuple[list[_Run], int]:
    readers, agents, senders = _split(hub)
    host, _, port = hub.url.removeprefix("http://").partition(":")
    async with httpx.AsyncClient(timeout=60) as http:
        ways = [SignedHub(http, hub.url, bank, SystemClock(), os.urandom) for bank in senders]
        first = await send_wave(ways[0], senders[0], chance)
        cursor = await cursor_of(ways[0])
        told = [Reader(bank.party, bank.signing_seed) for bank in readers]
        with (
            child(verifying.run, hub.folder, hub.url, agents, first.last + 1) as verifiers,
            child(crowd.run, Address(host, int(port)), told, first.last + 1, cursor) as reading,
        ):
            await asyncio.to_thread(verifiers.recv)
            await asyncio.to_thread(reading.recv)
            runs = []
            for pace in (1, 10):
                runs.append(await _waves(pace, ways, senders, chance, reading, verifiers, pid))
            return runs, resident_bytes(pid)


def _split(hub: BenchHub) -> tuple[Sequence[Membership], Sequence[Membership], Sequence[Membership]]:
    banks = hub.banks
    return banks[:_READERS], banks[_READERS : _READERS + _AGENTS], banks[_READERS + _AGENTS :]


async def _waves(
    pace: int,
    ways: Sequence[SignedHub],
    senders: Sequence[Membership],
    chance: random.Random,
    reading: Connection,
    verifiers: Connection,
    pid: int,
) -> _Run:
    reading.send((_READERS // _PART, _READERS // _PART))
    await asyncio.sleep(2.0)
    cpu, started = cpu_seconds_of(pid), time.monotonic()
    tasks = []
    for number in range(_WAVES):
        await asyncio.sleep(max(0.0, started + number / pace - time.monotonic()))
        sender = number % len(ways)
        tasks.append(asyncio.create_task(send_wave(ways[sender], senders[sender], chance)))
    waves = tuple(await asyncio.gather(*tasks))
    await asyncio.sleep(2.0)
    cpu = cpu_seconds_of(pid) - cpu
    target = max(wave.last for wave in waves) + 1
    reading.send((target, _CATCH_UP_SECONDS))
    arrivals = await asyncio.to_thread(reading.recv)
    verifiers.send(target)
    return _Run(pace, waves, arrivals, tuple(await asyncio.to_thread(verifiers.recv)), cpu)


async def send_wave(way: SignedHub, bank: Membership, chance: random.Random) -> Wave:
    """Report three values by name, and wait for the receipt."""
    values = [f"login-{chance.randrange(10**12)}.example" for _ in range(_VALUES)]
    body = report(bank, values, SystemClock(), chance)
    began = time.monotonic()
    answer = decode(await way.post("/v1/reports", body), SignedReceipt)
    return Wave(began, max(one.seq for one in decode(answer.receipt, Receipt).outcomes))


async def cursor_of(way: SignedHub) -> str:
    """Where somebody is who has read everything."""
    parser = EventParser()
    async with way.stream("") as chunks:
        async for chunk in chunks:
            for cursor, _ in parser.feed(chunk):
                if cursor:
                    return cursor
    raise AssertionError("a stream ends only when its hub does")


def _bare(readers: Sequence[Membership], size: int) -> float:
    """Seconds of the slowest wave by uvloop alone."""
    told = [Reader(bank.party, bank.signing_seed) for bank in readers]
    with child(raw.run) as server:
        address = Address("127.0.0.1", server.recv())
        with child(crowd.run, address, told, 0, "") as reading:
            reading.recv()
            reading.send((0, 0))
            time.sleep(1)
            began = []
            for seq in range(20):
                server.send((seq, size))
                began.append(server.recv())
                time.sleep(0.5)
            reading.send((20, 10.0))
            arrivals: Arrivals = reading.recv()
    return float(max(arrivals.slowest[seq] - began[seq] for seq in range(20)))
