# SPDX-License-Identifier: Apache-2.0
"""One stream of a million entries: what is added to it, read from it, and how the hub comes up with it.

Everything runs on one file, filled once: the rate of appending at 100,000 and at 1,000,000 entries, each beside the
bare engine at the same size; a page at that depth; the walk through 100,000; the poll that finds nothing new; and from
the start of the hub's process until it is ready.

A second form fills ten million: what the hub holds in memory must not grow with what it has told.
"""

import asyncio
import gc
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import apsw
import httpx
import msgspec

from tocsin.agent.signed import SignedHub
from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found, resident_bytes
from tocsin.bench.append import BATCH, Bare, drafts_of
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
_AT_ONCE = 10
"""Batches that are made durable together while a file is filled, which is not measured."""
_MEASURED = 20
"""Batches, each made durable."""
_POLLS = 200
_STREAM = "members"


class _Made(msgspec.Struct, frozen=True):
    """What the file holds, and what it took."""

    rates: tuple[float, ...]
    """Entries per second at each size."""
    resident: tuple[int, ...]
    """Bytes of a hub that serves it, idle, at each size."""


def run(seed: int) -> Iterator[Row]:
    """Rows of appending, restart, memory and reading."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", 1, chance)
        made = _fill(hub, chance, (_FIRST, _DEEP))
        bare_file = Path(folder) / "bare.db"
        bare = _fill_bare(bare_file, chance)
        for size, rate, limit in zip((_FIRST, _DEEP), made.rates, bare, strict=True):
            beside = Beside("bare engine, same rows", limit)
            target = max(10_000.0, limit / 3)
            name = f"append at {size:,} stored"
            yield Row(name, rate, "entries/s", "higher", target, beside).judged()
        yield _resident(made, (_FIRST, _DEEP))
        yield from _reading(hub, bare_file)


def run_ten_million(seed: int) -> Iterator[Row]:
    """Rows of appending and memory at ten million; a quarter of an hour, and 20 GB of disk."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        made = _fill(found(Path(folder) / "hub", 1, chance), chance, (_DEEP, _DEEPEST))
    beside = Beside(f"at {_DEEP:,}", made.rates[0])
    name = f"append at {_DEEPEST:,} stored"
    yield Row(name, made.rates[1], "entries/s", "higher", 10_000.0, beside).judged()
    yield _resident(made, (_DEEP, _DEEPEST))


def _resident(made: _Made, sizes: tuple[int, int]) -> Row:
    """What a hub holds in memory at the second size, beside the first."""
    less, more = (resident / 2**20 for resident in made.resident)
    name, beside = f"hub at {sizes[1]:,}, resident", Beside(f"at {sizes[0]:,}", less)
    return Row(name, more, "MiB", "lower", less * 1.1, beside).judged()


def _fill(hub: BenchHub, chance: random.Random, sizes: tuple[int, int]) -> _Made:
    drafts, origin = drafts_of(chance), Origin(hub.banks[0].party, bytes(200))
    store, rates, resident, held = hub.open(), [], [], 0
    for size in sizes:
        while held < size:
            held += _AT_ONCE * BATCH
            with store.transaction("bench fill") as tx:
                for _ in range(_AT_ONCE):
                    hub.exchange.streams.append(tx, _STREAM, drafts, origin)
        started = time.perf_counter()
        for _ in range(_MEASURED):
            with store.transaction("bench append") as tx:
                hub.exchange.streams.append(tx, _STREAM, drafts, origin)
        rates.append(_MEASURED * BATCH / (time.perf_counter() - started))
        held += _MEASURED * BATCH
        with hub.served() as served:
            resident.append(resident_bytes(served.pid))
    store.close()
    return _Made(tuple(rates), tuple(resident))


def _fill_bare(file: Path, chance: random.Random) -> list[float]:
    bare, rates = Bare(file, [draft.body for draft in drafts_of(chance)]), []
    for size in (_FIRST, _DEEP):
        while bare.held < size:
            bare.append()
        started = time.perf_counter()
        for _ in range(_MEASURED):
            bare.append()
        rates.append(_MEASURED * BATCH / (time.perf_counter() - started))
    bare.close()
    return rates


def _reading(hub: BenchHub, bare_file: Path) -> Iterator[Row]:
    started = time.perf_counter()
    with hub.served() as served:
        ready = time.perf_counter() - started
        poll, health = asyncio.run(_poll(hub, served.pid))
    opened = time.perf_counter()
    connection = apsw.Connection(str(bare_file))
    connection.execute("SELECT header FROM entry WHERE stream = 0 AND seq = 0").fetchall()
    opened = time.perf_counter() - opened
    yield Row(
        f"restart at {_DEEP:,}", ready, "s", "lower", 5.0, Beside("bare engine opens it", opened)
    ).judged()
    store = hub.open()
    head = _head(store)
    start = head.size - 2 * PAGE - 10
    ours = _best(lambda: _walk(store, hub, start, 2 * PAGE)) * 1000
    bare = _best(lambda: _bare_walk(connection, _DEEP, 1_000)) * 1000
    yield Row(
        "page of 1,000 at that depth", ours, "ms CPU", "lower", 10.0, Beside("bare engine, same rows", bare)
    ).judged()
    ours = _best(lambda: _walk(store, hub, 500_000, 100_000), times=1)
    bare = _best(lambda: _bare_walk(connection, 500_000, 100_000), times=1)
    yield Row(
        "walk of 100,000 entries", ours, "s CPU", "lower", 2.0, Beside("bare engine, same rows", bare)
    ).judged()
    yield Row(
        "poll that finds nothing", poll, "ms CPU", "lower", 1.0, Beside("a health check", health)
    ).judged()
    store.close()
    connection.close()


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


def _bare_walk(connection: apsw.Connection, start: int, count: int) -> None:
    for at in range(start, start + count, 1_000):
        rows = connection.execute(
            "SELECT header, a, b, c, salt, body FROM entry JOIN body USING (stream, seq) "
            "WHERE stream = 0 AND seq > ? AND seq <= ? ORDER BY seq",
            (at, at + 1_000),
        ).fetchall()
        assert len(rows) == 1_000, "the table holds as many"


def _best(work: Callable[[], None], times: int = 5) -> float:
    """Processor seconds of the fastest of a few: everything is in memory, and nothing waits."""
    gc.collect()
    spans = []
    for _ in range(times):
        started = time.process_time()
        work()
        spans.append(time.process_time() - started)
    return min(spans)


async def _poll(hub: BenchHub, pid: int) -> tuple[float, float]:
    """Milliseconds of the hub's time for a reader who comes with a cursor after which there is nothing, and for the
    least that the same server answers.
    """
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
            async with way.stream(text) as chunks:
                await anext(chunks)

        async def check() -> None:
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
