# SPDX-License-Identifier: Apache-2.0
"""One stream of a million entries: what is added to it, read from it, and how the hub comes up with it.

Everything runs on one store, filled once: the rate of appending at 100,000 and at 1,000,000 entries, each beside the
bare engine at the same size; a page at that depth; the walk through 100,000; the poll that finds nothing new; and from
the start of the hub's process until it is ready, beside that of a hub without a history.

A second form fills ten million: what the hub holds in memory must not grow with what it has told.
"""

import asyncio
import gc
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import msgspec

from tocsin.agent.signed import SignedHub
from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found, resident_bytes
from tocsin.bench.append import BATCH, drafts_of, rate
from tocsin.bench.bare import Bare, bare_beside
from tocsin.bench.database import emptied, settle
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.hub.readable import PAGE, page, viewer_of
from tocsin.hub.streams import Origin, StreamHead
from tocsin.storage.store import Store
from tocsin.wire.cursor import Cursor, encode_cursor
from tocsin.wire.messages import encode

_FIRST = 100_000
_DEEP = 1_000_000
_DEEPEST = 10_000_000
_WALK = 100_000
_PAGES = 2
"""Of the hub's make a thousand entries."""
_AT_ONCE = 10
"""Batches that are made durable together while a store is filled, which is not measured."""
_MEASURED = 20
"""Batches, each made durable."""
_POLLS = 200
_STREAM = "members"


class _Made(msgspec.Struct, frozen=True):
    """What the store holds, and what it took."""

    rates: tuple[float, ...]
    """Entries per second at each size."""
    resident: tuple[int, ...]
    """Bytes of a hub that serves it, idle, at each size."""


def run(seed: int) -> Iterator[Row]:
    """Rows of appending, restart, memory and reading."""
    return _measured(seed, "hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same in an empty database of PostgreSQL, which is empty again at the end."""
    with emptied(url):
        yield from _measured(seed, url, ", PostgreSQL")


def run_ten_million(seed: int) -> Iterator[Row]:
    """Rows of appending and memory at ten million; a quarter of an hour, and 20 GB of disk."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        made = _fill(found(Path(folder) / "hub", 1, chance), chance, (_DEEP, _DEEPEST))
    beside = Beside(f"at {_DEEP:,}", made.rates[0])
    name = f"append at {_DEEPEST:,} stored"
    yield Row(name, made.rates[1], "entries/s", "higher", 10_000.0, beside).judged()
    yield _resident(made, (_DEEP, _DEEPEST), "")


def _measured(seed: int, store: str, engine: str) -> Iterator[Row]:
    chance, sizes = random.Random(seed), (_FIRST, _DEEP)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", 1, chance, store)
        empty = Beside("start without a history", _start(hub))
        made = _fill(hub, chance, sizes)
        bodies = [draft.body for draft in drafts_of(chance)]
        with closing(bare_beside(store, Path(folder), bodies)) as bare:
            for size, ours, limit in zip(sizes, made.rates, _fill_bare(bare, store, sizes), strict=True):
                beside = Beside("bare engine, same rows", limit)
                name = f"append at {size:,} stored{engine}"
                yield Row(name, ours, "entries/s", "higher", max(10_000.0, limit / 3), beside).judged()
            yield _resident(made, sizes, engine)
            yield Row(f"restart at {_DEEP:,}{engine}", _start(hub), "s", "lower", 5.0, empty).judged()
            yield from _reading(hub, bare, engine)
        yield _polling(hub, engine)


def _start(hub: BenchHub) -> float:
    """Seconds until the hub's process serves."""
    began = time.perf_counter()
    with hub.served():
        return time.perf_counter() - began


def _resident(made: _Made, sizes: tuple[int, int], engine: str) -> Row:
    """What a hub holds in memory at the second size, beside the first."""
    less, more = (resident / 2**20 for resident in made.resident)
    name, beside = f"hub at {sizes[1]:,}, resident{engine}", Beside(f"at {sizes[0]:,}", less)
    return Row(name, more, "MiB", "lower", less * 1.1, beside).judged()


def _fill(hub: BenchHub, chance: random.Random, sizes: tuple[int, int]) -> _Made:
    drafts, origin = drafts_of(chance), Origin(hub.banks[0].party, bytes(200))
    store, rates, resident, held = hub.open(), [], [], 0

    def append(batches: int = 1) -> None:
        """So many batches in one transaction."""
        with store.transaction("bench append") as tx:
            for _ in range(batches):
                hub.exchange.streams.append(tx, _STREAM, drafts, origin)

    for size in sizes:
        while held < size:
            append(_AT_ONCE)
            held += _AT_ONCE * BATCH
        settle(hub.store)
        rates.append(rate(append, _MEASURED))
        held += _MEASURED * BATCH
        with hub.served() as served:
            resident.append(resident_bytes(served.pid))
    store.close()
    return _Made(tuple(rates), tuple(resident))


def _fill_bare(bare: Bare, store: str, sizes: tuple[int, int]) -> Iterator[float]:
    for size in sizes:
        while bare.held < size:
            bare.append()
        settle(store)
        yield rate(bare.append, _MEASURED)


def _reading(hub: BenchHub, bare: Bare, engine: str) -> Iterator[Row]:
    """A page and a walk. A database works in processes of its own: there what passes is measured, here what is used."""
    meter, unit = (time.perf_counter, "") if engine else (time.process_time, " CPU")
    store = hub.open()
    size = _head(store).size

    def both(count: int, times: int) -> tuple[float, Beside]:
        """Ours and the bare engine's best of so many times, for that many entries."""
        ours = _best(partial(_walk, store, hub, size - count, count), meter, times)
        limit = _best(partial(_bare_walk, bare, bare.held - count, count), meter, times)
        return ours, Beside("bare engine, same rows", limit)

    spent, beside = both(_PAGES * PAGE, 5)
    beside = msgspec.structs.replace(beside, value=beside.value * 1000)
    name = f"page of {_PAGES * PAGE:,} at that depth{engine}"
    yield Row(name, spent * 1000, f"ms{unit}", "lower", 10.0, beside).judged()
    spent, beside = both(_WALK, 1)
    yield Row(f"walk of {_WALK:,} entries{engine}", spent, f"s{unit}", "lower", 2.0, beside).judged()
    store.close()


def _head(store: Store) -> StreamHead:
    with store.reading("bench head") as tx:
        head = tx.one("stream_head", {"name": _STREAM}, into=StreamHead)
    assert head is not None, "it was filled"
    return head


def _walk(store: Store, hub: BenchHub, start: int, count: int) -> None:
    """Page after page, encoded as they are sent."""
    now, head = SystemClock().now(), _head(store)
    for at in range(start, start + count, PAGE):
        with store.reading("bench page") as tx:
            viewer = viewer_of(tx, hub.banks[0].party)
            assert viewer is not None, "the bank was enrolled"
            entries = page(tx, viewer, head, at, now)
        sent = [encode(entry) for entry in entries]
        assert len(sent) == PAGE, "the stream holds as many"


def _bare_walk(bare: Bare, start: int, count: int) -> None:
    for at in range(start, start + count, _PAGES * PAGE):
        assert bare.read(at, _PAGES * PAGE) == _PAGES * PAGE, "the table holds as many"


def _best(work: Callable[[], None], meter: Callable[[], float], times: int) -> float:
    """Seconds of the fastest of a few: everything is in memory, and nothing waits."""
    gc.collect()
    spans = []
    for _ in range(times):
        started = meter()
        work()
        spans.append(meter() - started)
    return min(spans)


def _polling(hub: BenchHub, engine: str) -> Row:
    """A reader who comes with a cursor after which there is nothing, beside the least that the same server answers."""
    with hub.served() as served:
        poll, health = asyncio.run(_poll(hub, served.pid))
    beside = Beside("a health check", health)
    return Row(f"poll that finds nothing{engine}", poll, "ms CPU", "lower", 1.0, beside).judged()


async def _poll(hub: BenchHub, pid: int) -> tuple[float, float]:
    """Milliseconds of the hub's time for each of the two."""
    store = hub.open()
    with store.reading("bench heads") as tx:
        heads = tx.all("stream_heads", {}, into=StreamHead)
    store.close()
    identity = hub.exchange.identity
    cursor = Cursor(0, tuple((head.number, head.size) for head in heads))
    text = encode_cursor(cursor, identity.id, identity.cursor_key)
    async with httpx.AsyncClient() as http:
        way = SignedHub(http, hub.url, hub.banks[0], SystemClock(), os.urandom)

        async def poll() -> None:
            """A reader that has everything asks for more."""
            async with way.stream(text) as chunks:
                await anext(chunks)

        async def check() -> None:
            """The cheapest answer there is, on a connection of its own."""
            await http.get(f"{hub.url}/v1/health", headers={"Connection": "close"})

        return await _cost(poll, pid), await _cost(check, pid)


async def _cost(ask: Callable[[], Awaitable[None]], pid: int) -> float:
    """Milliseconds of a process's time for each, after a few to warm it."""
    started = 0.0
    for number in range(_POLLS + 20):
        if number == 20:
            started = cpu_seconds_of(pid)
        await ask()
    return (cpu_seconds_of(pid) - started) / _POLLS * 1000
