# SPDX-License-Identifier: Apache-2.0
"""How long an agent that holds nothing takes to prove and keep a whole history, and a hub with that history to start.

The hub is a real process that serves over loopback; the agent is this one, with its store on disk. Beside the catch-up
stands the least that keeping a proved copy costs: the leaf of each entry computed, and the same rows in the same
batches by the bare engine, on one core and without a network. Beside the start stands that of a hub without a history.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from tocsin.agent import app as agent_app
from tocsin.agent.history.replica import Replica
from tocsin.agent.signed import SignedHub, http_client
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock, day_of
from tocsin.config import HubConfig, OwnAssets, load
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.follow.follower import Follower
from tocsin.hub import app as hub_app
from tocsin.hub.assembly import exchange
from tocsin.hub.exchange import Exchange
from tocsin.hub.keyfile import read_keys
from tocsin.hub.readable import StoredEntry, stored
from tocsin.hub.reading.backlog import PART
from tocsin.hub.streams import Draft, Origin
from tocsin.ids import Entropy, new_id
from tocsin.proof.leaf import LeafParts, check_body, commit_header, leaf_of
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store
from tocsin.wire.messages import encode
from tocsin.wire.stix21 import mint
from tocsin.world.processes import Processes, free_port

_BATCH = 1_000
_STREAM = "members"
_CATCH_UP_SECONDS = 180.0
"""For a million entries; a shorter history has its share of it."""
_START_SECONDS = 5.0
_MILLION = 1_000_000
_SAMPLE = 100_000
"""Entries of which the bare engine's figure is made at most; a longer history takes its multiple."""


def run(seed: int) -> Iterator[Row]:
    """Two rows at 100,000 entries."""
    return measure(seed, 100_000)


def run_million(seed: int) -> Iterator[Row]:
    """Two rows at a million entries; minutes, and 5 GB of disk."""
    return measure(seed, _MILLION)


def measure(seed: int, entries: int) -> Iterator[Row]:
    """Two rows: seconds until the agent has kept it all, and seconds until the hub serves."""
    with tempfile.TemporaryDirectory() as name, Processes() as processes:
        folder, port = Path(name), free_port()
        url = f"http://127.0.0.1:{port}"
        hub_app.init(folder / "hub", "Bench", url, port, "hub.db")
        serve = ["hub", "serve", str(folder / "hub"), "--port", str(port)]
        empty = _started(processes, serve, folder / "empty.log")
        agent_app.init(
            folder / "agent", url, hub_app.enrol(folder / "hub", "A", Role.BANK, "GB").code, OWN, None
        )
        processes.stop()
        _fill(folder / "hub", seed, entries)
        started = _started(processes, serve, folder / "hub.log")
        caught_up = asyncio.run(_catch_up(folder / "agent", url, entries))
        processes.stop()
        bare = _bare(folder, min(entries, _SAMPLE)) * entries / min(entries, _SAMPLE)
    limit = Beside("leaves and rows by the bare engine", bare)
    target = _CATCH_UP_SECONDS * entries / _MILLION
    yield Row(f"cold agent at {entries:,} entries", caught_up, "seconds", "lower", target, limit).judged()
    beside = Beside("start without a history", empty)
    yield Row(
        f"hub start at {entries:,} entries", started, "seconds", "lower", _START_SECONDS, beside
    ).judged()


OWN = OwnAssets(legal_name="Bench Bank plc", domains=("bench.example",))


def _started(processes: Processes, serve: list[str], log: Path) -> float:
    began = time.perf_counter()
    processes.serve("hub", serve, log)
    return time.perf_counter() - began


def _hub(folder: Path) -> tuple[Exchange, Store]:
    config = load(folder / "hub.toml", HubConfig)
    return exchange(config, read_keys(folder / "hub.keys"), SystemClock(), os.urandom), open_sqlite(
        folder / "hub.db"
    )


def _fill(folder: Path, seed: int, entries: int) -> None:
    """Reports of a thousand domains each, as their senders' agents mint them."""
    hub, store = _hub(folder)
    entropy = random.Random(seed).randbytes  # noqa: S311 a repeatable load, not a secret
    origin = Origin("prt_bench", bytes(200))
    for start in range(0, entries, _BATCH):
        report = new_id("rpt", entropy)
        with store.transaction("bench fill") as tx:
            drafts = [Draft("object", report, body) for body in _bodies(hub, report, start, entries, entropy)]
            hub.streams.append(tx, _STREAM, drafts, origin)
    store.close()


def _bodies(hub: Exchange, report: str, start: int, entries: int, entropy: Entropy) -> Iterator[bytes]:
    count = min(_BATCH, entries - start)
    values = (Observable(Kind.DOMAIN, f"login-{entropy(6).hex()}.example") for _ in range(count))
    indicators = tuple(Indicator(value, "link") for value in values)
    disclosure = Disclosure(report, Attack.PHISHING, day_of(hub.clock.now()), indicators, (), Marking())
    for minted in mint(disclosure, hub.identity.alliance_identity, entropy)[1:]:
        yield encode(minted)


async def _catch_up(folder: Path, url: str, entries: int) -> float:
    with agent_app.opened(folder) as house:
        membership = house.vault.membership()
        replica = Replica(house.store, membership, house.config.shields.life_days, house.clock)
        began = time.perf_counter()
        async with http_client(house.config) as http:
            hub = SignedHub(http, url, membership, house.clock, house.entropy)
            follower = Follower(hub.stream, replica, house.clock, house.entropy, asyncio.sleep)
            following = asyncio.create_task(follower.run(lambda: None))
            while not replica.cursor() or replica.state(_STREAM).frontier.size < entries:
                await asyncio.sleep(0.2)
                if following.done():
                    following.result()
            spent = time.perf_counter() - began
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    return spent


def _bare(folder: Path, entries: int) -> float:
    """The same leaves and rows, with nothing fetched, proved, judged or looked up."""
    hub, store = _hub(folder / "hub")
    open_sqlite(folder / "bare.db", "agent").close()
    bare = apsw.Connection(str(folder / "bare.db"))
    bare.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
    bare.execute("PRAGMA cache_size = -16000")
    spent = 0.0
    for start in range(0, entries, PART):
        with store.reading("bench page") as tx:
            rows = stored(tx, 1, start, PART)
        began = time.perf_counter()
        _keep_barely(bare, hub, rows)
        spent += time.perf_counter() - began
    bare.close()
    store.close()
    return spent


def _keep_barely(bare: apsw.Connection, hub: Exchange, rows: list[StoredEntry]) -> None:
    leaves = [_leaf(hub, row) for row in rows]
    stream = _STREAM
    entries = [
        (
            stream,
            row.seq,
            row.header,
            row.salt_h,
            row.origin_c,
            row.body_c,
            leaf,
            row.kind,
            row.fact,
            row.added,
        )
        for row, leaf in zip(rows, leaves, strict=True)
    ]
    with bare:
        bare.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
        bare.executemany(
            "INSERT INTO body VALUES (?, ?, ?, ?)", [(stream, row.seq, row.salt_b, row.body) for row in rows]
        )
        bare.executemany(
            "INSERT INTO posting VALUES (?, ?, ?, ?, 'named', 1, ?, ?)",
            [
                (f"domain:{leaf.hex()[:18]}", stream, row.seq, row.fact, 0, 0)
                for row, leaf in zip(rows, leaves, strict=True)
            ],
        )


def _leaf(hub: Exchange, row: StoredEntry) -> bytes:
    assert row.salt_b is not None, "nothing was erased"
    assert row.body is not None, "nothing was erased"
    check_body(row.body_c, row.salt_b, row.body)
    header = commit_header(row.salt_h, row.header)
    identity = hub.identity
    return leaf_of(LeafParts(identity.id, identity.realm, _STREAM, row.origin_c, header, row.body_c))
