# SPDX-License-Identifier: Apache-2.0
"""Composition root of an edge: with the hub's own, the only file here that names a database, the clock and chance."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from tocsin.clock import SystemClock
from tocsin.config.files import load, save
from tocsin.config.hub import EdgeConfig, EdgeListen
from tocsin.errors import Malformed, Taken
from tocsin.hub.edge.assembly import Edge, Replication, assemble
from tocsin.hub.edge.charter import Charter, demand_hub, read_charter, write_charter
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.web.calling import SignedClient, check_url, outbound, post
from tocsin.web.serving import check_listen
from tocsin.web.serving import serve as serve_http
from tocsin.wire.edges import AdmitEdge, EdgeAdmitted
from tocsin.wire.messages import decode, encode

SETTINGS = "edge.toml"
_CHARTER = "edge.keys"
_STORE = "edge.db"
_COMMAND_SECONDS = 15.0
_STREAM_SECONDS = 10.0
"""The hub says something every second: after so long without, the connection is dead."""
_MAX_CONNECTIONS = 8_192


class MadeEdge(msgspec.Struct, frozen=True):
    """A new edge."""

    edge: str
    name: str
    hub: str


def init(folder: Path, hub_url: str, code: str, public_url: str, port: int) -> MadeEdge:
    """Make an edge in an empty folder with the one-time code that `tocsin hub edge` printed."""
    if (folder / SETTINGS).exists():
        raise Taken(f"{folder} holds an edge already.")
    if (folder / "hub.toml").exists():
        raise Taken(f"{folder} holds a hub: an edge has a folder of its own.")
    if not code.strip().partition(".")[2].startswith("hub_"):
        raise Malformed("That is no code of an edge: it is what tocsin hub edge prints, with the hub's name.")
    check_url(public_url)
    check_url(hub_url)
    config = EdgeConfig(public_url=public_url, listen=EdgeListen(port=port))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    charter = write_charter(folder / _CHARTER, lambda: asyncio.run(_admit(config, hub_url.rstrip("/"), code)))
    save(folder / SETTINGS, config)
    return MadeEdge(charter.admitted.edge, charter.admitted.name, charter.hub)


async def _admit(config: EdgeConfig, hub_url: str, code: str) -> Charter:
    seed = os.urandom(KEY_SIZE)
    ask = AdmitEdge(code=code, signing_key=SigningKey.from_seed(seed).public)
    async with outbound(config.proxy, config.authority_file, _COMMAND_SECONDS) as http:
        headers = {"Content-Type": "application/json"}
        answer = decode(await post(http, f"{hub_url}/v1/edges", encode(ask), headers), EdgeAdmitted)
    hub = code.strip().partition(".")[2]
    demand_hub(hub, answer)
    return Charter(hub, seed, answer)


def serve(folder: Path, port: int | None, follow: str, ready: Callable[[str], None]) -> None:
    """Follow the hub at `follow` and serve readers until told to stop; `ready` is told the address."""
    config = load(folder / SETTINGS, EdgeConfig)
    listen = config.listen if port is None else msgspec.structs.replace(config.listen, port=port)
    check_listen(listen)
    check_url(follow)
    edge = application(folder, config, follow)
    serve_http(edge.application, listen, ready, edge.following.end_connections, connections=_MAX_CONNECTIONS)


def application(folder: Path, config: EdgeConfig, follow: str) -> Edge:
    """The edge as an ASGI application; its parts start and stop with it."""
    charter, clock = read_charter(folder / _CHARTER), SystemClock()
    stores = (open_sqlite(folder / _STORE), open_sqlite(folder / _STORE), open_sqlite(folder / _STORE))
    ask = _replication(config, follow, charter, clock)
    return assemble(charter, config, follow, stores, ask, clock, os.urandom)


def _replication(config: EdgeConfig, follow: str, charter: Charter, clock: SystemClock) -> Replication:
    """The way to the hub. A client for each connection: it belongs to the loop in which it is used."""

    @asynccontextmanager
    async def ask(body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """The hub's answer, in chunks, for as long as it sends."""
        http: httpx.AsyncClient
        async with outbound(config.proxy, config.authority_file, _STREAM_SECONDS) as http:
            hub = SignedClient(http, follow, charter.admitted.edge, charter.key, clock, os.urandom)
            async with hub.stream_of("/v1/replica", body) as chunks:
                yield chunks

    return ask
