# SPDX-License-Identifier: Apache-2.0
"""A hub that really serves, and a partner that gives it slots: one of reports only, then some of 5,000 envelopes while
banks report by name and 5,000 readers read.

The first gives the whole cost of a `mixed` report, from the partner's answer to the results given back. The others give
how long a `named` report takes to the slowest reader meanwhile; beside it, how long it takes before.
"""

import asyncio
import os
import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.agent.signed import SignedHub
from tocsin.bench import crowd
from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found
from tocsin.bench.child import child
from tocsin.bench.crowd import Address, Arrivals, Reader
from tocsin.bench.envelopes import declare, epoch_of, present
from tocsin.bench.fanout import Wave, cursor_of, send_wave
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.config.hub import PartnerLink
from tocsin.halves.asking import RESULTS, SLOTS
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import SigningKey
from tocsin.wire.messages import encode
from tocsin.wire.slot import ResultsTaken

_SLOT_SECONDS = 2
_PAUSE_SECONDS = 0.5
"""Between two named reports."""
_REST_SECONDS = 8.0
_SENDERS = 8
_OF_REPORTS = 2
"""The first batches: a single one, and those that are counted."""
_PATIENCE_SECONDS = 60.0


class Slotload(msgspec.Struct, frozen=True):
    """How much of it."""

    reports: int = 1_000
    """In one slot, and nothing else."""
    members: int = 5_000
    """Envelopes of each of the other slots, and readers."""
    among: int = 8
    """Reports in each of these: as many as a record has results."""
    batches: int = 3
    """Of these, with a rest between them: slots of five minutes have one."""
    waves: int = 20
    """Named reports before them."""


def measured(chance: random.Random, load: Slotload) -> Iterator[Row]:
    """Two rows."""
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", load.members + _SENDERS, chance)
        members = hub.banks[: load.members]
        keys = [SigningKey.from_seed(bank.signing_seed).public for bank in members]
        epoch = epoch_of(hub, [bank.party for bank in members], keys, _SLOT_SECONDS, present())
        batches = [Path(folder) / f"batch {number}" for number in range(_OF_REPORTS + load.batches)]
        for file, reports in zip(batches, (1, load.reports), strict=False):
            file.write_bytes(b"".join(epoch.report(chance) for _ in range(reports)))
        covers = list(epoch.covers(load.members - load.among))
        for file in batches[_OF_REPORTS:]:
            blobs = [*covers, *(epoch.report(chance) for _ in range(load.among))]
            chance.shuffle(blobs)
            file.write_bytes(b"".join(blobs))
        with child(_partner, batches) as pipe:
            url = pipe.recv()
            key = VerifierKey("partner.bench", KeyKind.COSIGNATURE, epoch.partner.key.public)
            declare(hub, epoch, url, PartnerLink(url=url, key=str(key)))
            with hub.served() as served:
                _cost(served.pid, pipe, 0)  # the hub loads its list of suffixes with the first report of all
                whole = _cost(served.pid, pipe, 1)
                began = cpu_seconds_of(served.pid)
                alone, beside = asyncio.run(_named(hub, load, pipe, chance))
                spent = cpu_seconds_of(served.pid) - began
    limit = Beside("seconds of all of that, with named reports and readers", spent)
    yield Row("a mixed report, whole", whole / load.reports * 1000, "ms CPU", "lower", 0.8, limit).judged()
    name = f"a named report to the slowest of {load.members:,} readers beside slots of as many, worst"
    yield Row(name, beside, "s", "lower", 1.0, Beside("worst without them", alone)).judged()


def _cost(pid: int, pipe: Connection, batch: int) -> float:
    """Seconds of a process's time from asking for a batch until its results are given."""
    began = cpu_seconds_of(pid)
    pipe.send(batch)
    pipe.recv()
    return cpu_seconds_of(pid) - began


async def _named(
    hub: BenchHub, load: Slotload, pipe: Connection, chance: random.Random
) -> tuple[float, float]:
    """Seconds from the first byte of a named report to the slowest reader, worst before the slots and beside them."""
    senders = hub.banks[load.members :]
    readers = [Reader(bank.party, bank.signing_seed) for bank in hub.banks[: load.members]]
    host, _, port = hub.url.removeprefix("http://").partition(":")
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http:
        ways = [SignedHub(http, hub.url, bank, SystemClock(), os.urandom) for bank in senders]
        first = await send_wave(ways[0], senders[0], chance)
        cursor = await cursor_of(ways[0])
        with child(crowd.run, Address(host, int(port)), readers, first.last + 1, cursor) as reading:
            await asyncio.to_thread(reading.recv)
            reading.send((0, 0))
            tasks: list[asyncio.Task[Wave]] = []

            async def send(until: Callable[[], bool]) -> int:
                """Named reports, two a second, each waiting for none of the others; how many there are in all."""
                while not until():
                    which = len(tasks) % len(ways)
                    tasks.append(asyncio.create_task(send_wave(ways[which], senders[which], chance)))
                    await asyncio.sleep(_PAUSE_SECONDS)
                return len(tasks)

            before = await send(lambda: len(tasks) >= load.waves)
            for number in range(load.batches):
                pipe.send(_OF_REPORTS + number)
                await send(pipe.poll)
                pipe.recv()
                rested = time.monotonic() + _REST_SECONDS
                await send(partial(_is_over, rested))
            waves = await asyncio.gather(*tasks)
            await asyncio.sleep(_PAUSE_SECONDS)
            reading.send((max(one.last for one in waves) + 1, _PATIENCE_SECONDS))
            arrivals: Arrivals = await asyncio.to_thread(reading.recv)
    took = [arrivals.slowest[one.last] - one.began for one in waves]
    return max(took[:before]), max(took[before:])


def _is_over(moment: float) -> bool:
    return time.monotonic() > moment


def _partner(pipe: Connection, batches: Sequence[Path]) -> None:
    """The process that stands for the partner: it gives a batch when it is told to, and else nothing."""
    told: list[bool] = []

    async def collect(request: Request) -> Response:
        """The blobs of the slot, once it may be collected; none before."""
        if not pipe.poll():
            return Response(b"", media_type="application/octet-stream")
        told.append(True)
        return Response(batches[pipe.recv()].read_bytes(), media_type="application/octet-stream")

    async def results(request: Request) -> Response:
        """Tell whoever measures that the slot was taken in."""
        if told:
            told.clear()
            pipe.send("given")
        return Response(encode(ResultsTaken(in_time=True)))

    routes = [Route(SLOTS, collect, methods=["POST"]), Route(RESULTS, results, methods=["POST"])]
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        pipe.send(f"http://127.0.0.1:{place.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False))
        server.run(sockets=[place])
