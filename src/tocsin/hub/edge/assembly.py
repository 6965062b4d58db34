# SPDX-License-Identifier: Apache-2.0
"""How the parts of an edge are put together. Which database, clock and network it gets is `tocsin.hub.edge.app`'s word.

Three stores, because one connection belongs to one thread and one use: nonces, the replica, readers.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from starlette.applications import Starlette

from tocsin.clock import Clock
from tocsin.config.hub import EdgeConfig
from tocsin.errors import TocsinError, Unreachable
from tocsin.follow.follower import Follower, Sleep
from tocsin.hub.commits import Commits
from tocsin.hub.door import Door
from tocsin.hub.edge.charter import Charter, side_of
from tocsin.hub.edge.hearing import Hearing
from tocsin.hub.edge.replica import EdgeReplica
from tocsin.hub.edge.routes import EdgeRoutes
from tocsin.hub.reading.following import Following
from tocsin.ids import Entropy
from tocsin.proof.httpsig import authority_of
from tocsin.storage.store import Store
from tocsin.wire.edges import Chart, Replicate
from tocsin.wire.messages import Entry, decode, encode, peek
from tocsin.wire.sse import EventParser

log = logging.getLogger("tocsin.edge")

_WATCH_SECONDS = 0.5
"""How often an edge asks itself whether it still hears its hub."""

Replication = Callable[[bytes], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Sends a `replicate` to the hub; gives the bytes of the answer as they come."""


class Edge(msgspec.Struct, frozen=True):
    """An edge that can be served, with the parts that a test looks into."""

    application: Starlette
    following: Following
    hearing: Hearing
    replica: EdgeReplica


class Ear:
    """What comes from the hub, heeded on its way to the follower."""

    def __init__(self, ask: Replication, replica: EdgeReplica, hearing: Hearing) -> None:
        self._ask = ask
        self._replica = replica
        self._hearing = hearing

    @asynccontextmanager
    async def connect(self, cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the stream of everything; whatever ends it is judged here, before another attempt."""
        try:
            async with self._ask(encode(Replicate(sizes=self._replica.sizes()))) as chunks:
                yield self._heed(chunks)
        except Unreachable:
            raise  # silence tells
        except TocsinError as error:
            self._hearing.refused(error)
            raise

    async def _heed(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        parser = EventParser()
        async for chunk in chunks:
            self._hearing.heard()
            for _, data in parser.feed(chunk):
                match peek(data).kind:
                    case "chart":
                        self._replica.chart(decode(data, Chart))
                    case "entry":
                        self._hearing.came(decode(data, Entry))
            yield chunk


def assemble(
    charter: Charter,
    config: EdgeConfig,
    hub_url: str,
    stores: tuple[Store, Store, Store],
    ask: Replication,
    clock: Clock,
    entropy: Entropy,
    sleep: Sleep = asyncio.sleep,
) -> Edge:
    """All parts, wired; they start and stop with the application, and close the stores."""
    writer, keeper, reader = stores
    commits = Commits(writer)
    hearing = Hearing(clock, hub_url, config.silence_seconds)
    replica = EdgeReplica(keeper, charter, hearing, clock)
    side = side_of(charter, clock)
    following = Following(side, reader, replica.heads, config.heartbeat_seconds, lambda party, names: None)
    hearing.cut = following.cut
    door = Door(clock, commits, reader, authority_of(config.public_url))
    follower = Follower(Ear(ask, replica, hearing).connect, replica, clock, entropy, sleep)

    async def watch() -> None:
        """Cut readers off while this edge may not serve them: it has not heard the hub for too long."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if not hearing.serves:
                following.end_connections()

    async def follow() -> None:
        """Follow the hub, whatever ended the last attempt."""
        while True:
            try:
                await follower.run(following.committed)
            except Exception:  # one failed round must not end the service: the next one starts from the store
                log.exception("the hub could not be followed")
                await asyncio.sleep(_WATCH_SECONDS)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """Start what runs beside requests; at the end stop it in the reverse order, the stores last."""
        await following.start()
        tasks = [asyncio.create_task(follow()), asyncio.create_task(watch())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await following.stop()
        commits.close()
        for store in stores:
            store.close()

    application = EdgeRoutes(door, following, hearing, hub_url).application(lifespan)
    return Edge(application, following, hearing, replica)
