# SPDX-License-Identifier: Apache-2.0
"""A hub that really serves, and a partner that gives it two slots: one of reports only, one of 5,000 envelopes while
banks report by name.

The first gives the whole cost of a `mixed` report, from the partner's answer to the results given back. The second
gives how long a `named` report waits for its receipt meanwhile; beside it, how long it waits before.
"""

import asyncio
import random
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found
from tocsin.bench.child import child
from tocsin.bench.envelopes import BenchEpoch, epoch_of, present
from tocsin.bench.intake import signed_report
from tocsin.bench.result import Beside, Row
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.errors import RemoteError
from tocsin.files import NumberedSecrets
from tocsin.halves.asking import RESULTS, SLOTS
from tocsin.hub.views.anonymous import STATED
from tocsin.proof.encoding import to_base64
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Params
from tocsin.wire.messages import encode
from tocsin.wire.slot import ResultsTaken

_SLOT_SECONDS = 2
_PAUSE_SECONDS = 0.1
"""Between two named reports: ten a second."""


class Slotload(msgspec.Struct, frozen=True):
    """How much of it."""

    reports: int = 1_000
    """In the first slot, and nothing else."""
    members: int = 5_000
    """Envelopes of the second."""
    among: int = 20
    """Reports in the second."""
    alone_seconds: float = 5.0
    """For how long banks report by name before it."""


def measured(chance: random.Random, load_of: Slotload) -> Iterator[Row]:
    """Two rows."""
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", load_of.members, chance)
        keys = [SigningKey.from_seed(bank.signing_seed).public for bank in hub.banks]
        epoch = epoch_of(hub, [bank.party for bank in hub.banks], keys, _SLOT_SECONDS, present())
        first = b"".join(epoch.report(chance) for _ in range(load_of.reports))
        second = [epoch.report(chance) for _ in range(load_of.among)]
        second += epoch.covers(load_of.members - load_of.among)
        chance.shuffle(second)
        batches = [Path(folder) / name for name in ("first", "second")]
        for file, data in zip(batches, (first, b"".join(second)), strict=True):
            file.write_bytes(data)
        with child(_partner, batches) as pipe:
            _declare(hub, epoch, pipe.recv())
            with hub.served() as served:
                alone = asyncio.run(_named(hub, chance, _for(load_of.alone_seconds)))
                whole = _cost(served.pid, pipe, 0)
                began = cpu_seconds_of(served.pid)
                beside = asyncio.run(_named(hub, chance, _batch(pipe, 1)))
                batch = cpu_seconds_of(served.pid) - began
    limit = Beside("of one core, all of a slot of 5,000 with named reports", batch)
    yield Row("a mixed report, whole", whole / load_of.reports * 1000, "ms CPU", "lower", 0.8, limit).judged()
    name = f"a named report beside a slot of {load_of.members:,}, worst"
    yield Row(name, max(beside), "s", "lower", 1.0, Beside("worst without it", max(alone))).judged()


def _declare(hub: BenchHub, epoch: BenchEpoch, url: str) -> None:
    """What makes the hub take that epoch for its own, and that partner."""
    config, own = load(hub.folder / "hub.toml", HubConfig), epoch.partner.key.public
    relay = to_base64(epoch.relay.key.public)
    path = AnonymousPath(
        operator="Bench Alliance", relay_url=url, relay_key=relay, slot_seconds=_SLOT_SECONDS, slots=200_000
    )
    link = PartnerLink(url=url, key=str(VerifierKey("partner.bench", KeyKind.COSIGNATURE, own)))
    save(hub.folder / "hub.toml", msgspec.structs.replace(config, anonymous=path, partner=link))
    NumberedSecrets(hub.folder / "hub.epochs").keep(1, epoch.kept)
    store = hub.open()
    row: Params = {"number": 1, "document": epoch.live.data, "roster": encode(epoch.roster), "state": STATED}
    store.run("bench epoch", lambda tx: tx.run("keep_epoch", row))
    store.close()


def _cost(pid: int, pipe: Connection, batch: int) -> float:
    """Seconds of a process's time from asking for a batch until its results are given."""
    began = cpu_seconds_of(pid)
    pipe.send(batch)
    pipe.recv()
    return cpu_seconds_of(pid) - began


async def _named(hub: BenchHub, chance: random.Random, until: Callable[[], Awaitable[None]]) -> list[float]:
    """How long each of ten named reports a second waits for its receipt, in seconds, until that is over."""
    host, _, port = hub.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    over, waited = asyncio.ensure_future(until()), list[float]()
    while not over.done():
        began = time.perf_counter()
        writer.write(signed_report(hub, hub.banks[len(waited) % 8], chance))
        status = (await reader.readline()).split()[1]
        headers = await reader.readuntil(b"\r\n\r\n")
        said = await reader.readexactly(
            int(headers.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        )
        if status != b"200":
            raise RemoteError(f"A report was refused: {said[:300]!r}.")
        waited.append(time.perf_counter() - began)
        await asyncio.sleep(_PAUSE_SECONDS)
    await over
    writer.close()
    return waited


def _for(seconds: float) -> Callable[[], Awaitable[None]]:
    return partial(asyncio.sleep, seconds)


def _batch(pipe: Connection, number: int) -> Callable[[], Awaitable[None]]:
    async def given() -> None:
        """Say that a slot is there, and wait until it may be collected."""
        pipe.send(number)
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    return given


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
