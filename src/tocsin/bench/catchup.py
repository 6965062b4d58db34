# SPDX-License-Identifier: Apache-2.0
"""How long an agent that holds nothing takes to prove and keep a whole history, and a hub with that history to start.

The hub is a real process that serves over loopback; the agent is this one, with its store on disk. Beside the catch-up
stands the least that keeping a proved copy costs: the leaf of each entry computed, and the same rows in the same
batches by the bare engine, on one core and without a network. Beside the start stands that of a hub without a history.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from tocsin.agent import app as agent_app
from tocsin.agent.history.replica import Replica
from tocsin.agent.signed import SignedHub, http_client
from tocsin.bench.alliance import BenchHub, found
from tocsin.bench.database import emptied
from tocsin.bench.result import Beside, Row
from tocsin.clock import day_of
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.follow.follower import Follower
from tocsin.hub import app as hub_app
from tocsin.hub.exchange import Exchange
from tocsin.hub.readable import StoredEntry, stored
from tocsin.hub.reading.backlog import PART
from tocsin.hub.streams import Draft, Origin
from tocsin.ids import Entropy, new_id
from tocsin.proof.leaf import LeafParts, check_body, commit_header, leaf_of
from tocsin.storage.sqlite import open_sqlite
from tocsin.wire.messages import encode
from tocsin.wire.stix21 import mint

_BATCH = 1_000
_STREAM = "members"
_CATCH_UP_SECONDS = 180.0
"""For a million entries; a shorter history has its share of it."""
_START_SECONDS = 5.0
_MILLION = 1_000_000
_SHORT = 100_000
_SAMPLE = 100_000
"""Entries of which the bare engine's figure is made at most; a longer history takes its multiple."""


def run(seed: int) -> Iterator[Row]:
    """Two rows at 100,000 entries."""
    return measure(seed, _SHORT)


def run_million(seed: int) -> Iterator[Row]:
    """Two rows at a million entries; minutes, and 5 GB of disk."""
    return measure(seed, _MILLION)


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same two, for a hub whose store is an empty database of PostgreSQL; the agent's is a file, as ever."""
    with emptied(url):
        yield from measure(seed, _SHORT, url, ", PostgreSQL")


def measure(seed: int, entries: int, store: str = "hub.db", engine: str = "") -> Iterator[Row]:
    """Two rows: seconds until the agent has kept it all, and seconds until the hub serves."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub = found(folder / "hub", 0, chance, store)
        with _timed(hub) as empty:
            code = hub_app.enrol(hub.folder, "A", Role.BANK, "GB").code
            agent_app.init(folder / "agent", hub.url, code, OWN, None)
        _fill(hub, chance.randbytes, entries)
        with _timed(hub) as started:
            caught_up = asyncio.run(_catch_up(folder / "agent", hub.url, entries))
        bare = _bare(hub, folder / "bare.db", min(entries, _SAMPLE)) * entries / min(entries, _SAMPLE)
    beside = Beside("leaves and rows by the bare engine", bare)
    target = _CATCH_UP_SECONDS * entries / _MILLION
    title = f"cold agent at {entries:,} entries{engine}"
    yield Row(title, caught_up, "seconds", "lower", target, beside).judged()
    beside, title = Beside("start without a history", empty), f"hub start at {entries:,} entries{engine}"
    yield Row(title, started, "seconds", "lower", _START_SECONDS, beside).judged()


OWN = OwnAssets(legal_name="Bench Bank plc", domains=("bench.example",))


@contextmanager
def _timed(hub: BenchHub) -> Iterator[float]:
    """While it serves: seconds until it did."""
    began = time.perf_counter()
    with hub.served():
        yield time.perf_counter() - began


def _fill(hub: BenchHub, entropy: Entropy, entries: int) -> None:
    """Reports of a thousand domains each, as their senders' agents mint them."""
    store, origin = hub.open(), Origin("prt_bench", bytes(200))
    for start in range(0, entries, _BATCH):
        report = new_id("rpt", entropy)
        bodies = _bodies(hub.exchange, report, min(_BATCH, entries - start), entropy)
        with store.transaction("bench fill") as tx:
            hub.exchange.streams.append(
                tx, _STREAM, [Draft("object", report, body) for body in bodies], origin
            )
    store.close()


def _bodies(hub: Exchange, report: str, count: int, entropy: Entropy) -> Iterator[bytes]:
    values = (Observable(Kind.DOMAIN, f"login-{entropy(6).hex()}.example") for _ in range(count))
    indicators = tuple(Indicator(value, "link") for value in values)
    disclosure = Disclosure(report, Attack.PHISHING, day_of(hub.clock.now()), indicators, (), Marking())
    for minted in mint(disclosure, hub.identity.alliance_identity, entropy)[1:]:
        yield encode(minted)


async def _catch_up(folder: Path, url: str, entries: int) -> float:
    with agent_app.opened(folder) as house:
        membership = house.vault.membership()
        replica = Replica(house.store, membership, house.config.decay, house.clock)
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


def _bare(hub: BenchHub, file: Path, entries: int) -> float:
    """The same leaves and rows, with nothing fetched, proved, judged or looked up."""
    store = hub.open()
    open_sqlite(file, "agent").close()
    bare = apsw.Connection(str(file))
    bare.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
    bare.execute("PRAGMA cache_size = -16000")
    spent = 0.0
    for start in range(0, entries, PART):
        with store.reading("bench page") as tx:
            rows = stored(tx, 1, start, PART)
        began = time.perf_counter()
        _keep_barely(bare, hub.exchange, rows)
        spent += time.perf_counter() - began
    bare.close()
    store.close()
    return spent


def _keep_barely(bare: apsw.Connection, hub: Exchange, rows: list[StoredEntry]) -> None:
    at = [(_STREAM, row, _leaf(hub, row)) for row in rows]
    entries = [
        (name, one.seq, one.header, one.salt_h, one.origin_c, one.body_c, leaf, one.kind, one.fact, one.added)
        for name, one, leaf in at
    ]
    bodies = [(name, one.seq, one.salt_b, one.body) for name, one, _ in at]
    postings = [(f"domain:{leaf.hex()[:18]}", name, one.seq, one.fact, 0, 0) for name, one, leaf in at]
    with bare:
        bare.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
        bare.executemany("INSERT INTO body VALUES (?, ?, ?, ?)", bodies)
        bare.executemany("INSERT INTO posting VALUES (?, ?, ?, ?, 'named', 1, ?, ?)", postings)


def _leaf(hub: Exchange, row: StoredEntry) -> bytes:
    assert row.salt_b is not None, "nothing was erased"
    assert row.body is not None, "nothing was erased"
    check_body(row.body_c, row.salt_b, row.body)
    header = commit_header(row.salt_h, row.header)
    identity = hub.identity
    return leaf_of(LeafParts(identity.id, identity.realm, _STREAM, row.origin_c, header, row.body_c))
