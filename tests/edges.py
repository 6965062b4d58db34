# SPDX-License-Identifier: Apache-2.0
"""An edge of the alliance of `tests.alliance`, in the same process over the same clock, and agents that read there."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import httpx
from tests.alliance import PATIENCE_SECONDS, URL, Agent, Alliance, until
from tests.looking import look

from tocsin.agent.reading import Reading
from tocsin.agent.signed import SignedHub
from tocsin.config.hub import EdgeConfig
from tocsin.follow.follower import Follower
from tocsin.hub.edge.assembly import Edge, assemble
from tocsin.hub.edge.charter import Charter
from tocsin.hub.verbs.edges import invite_edge, revoke_edge
from tocsin.proof.signing import SigningKey
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Transaction
from tocsin.web.calling import SignedClient, post
from tocsin.wire.edges import AdmitEdge, EdgeAdmitted
from tocsin.wire.messages import Entry, decode, encode, peek
from tocsin.wire.sse import EventParser
from tocsin.world.network import Door, Wire

EDGE_URL = "http://edge.example"


async def patiently(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


def edge_code(alliance: Alliance, name: str = "north") -> str:
    """What `tocsin hub edge` does."""
    return str(by_the_operator(alliance, lambda tx: invite_edge(tx, alliance.exchange, name)).code)


def revoke(alliance: Alliance, name: str = "north") -> None:
    by_the_operator(alliance, lambda tx: revoke_edge(tx, name))


def by_the_operator(alliance: Alliance, work: Callable[[Transaction], Any]) -> Any:
    """What a command does: a store of its own, beside the hub that serves."""
    store = open_sqlite(alliance.database)
    try:
        return store.run("command", work)
    finally:
        store.close()


class Recorded:
    """One connection of an agent's to some place, byte for byte."""

    def __init__(self, place: SignedHub, cursor: str = "") -> None:
        self.data = b""
        self._place, self._cursor = place, cursor
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with self._place.stream(self._cursor) as chunks:
            async for chunk in chunks:
                self.data += chunk

    async def ended(self) -> None:
        """Wait until it is over; raises what ended it, if that was a refusal."""
        await asyncio.wait_for(asyncio.shield(self._task), PATIENCE_SECONDS)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def cursor(self) -> str:
        """The newest position that was given."""
        found = re.findall(rb"^id: (\S+)$", self.data, re.M)
        return found[-1].decode() if found else ""

    @property
    def places(self) -> set[tuple[str, int]]:
        """Where the entries stand that were sent."""
        events = (data for _, data in EventParser().feed(self.data) if peek(data).kind == "entry")
        return {(entry.stream, entry.seq) for entry in (decode(data, Entry) for data in events)}


class NearEdge:
    """One edge, with its own wires to the hub and to its readers."""

    def __init__(self, alliance: Alliance, *, silence: int = 30) -> None:
        self.alliance = alliance
        self.folder = alliance.folder / "edge"
        self.door = Door()
        self.wire, self.to_hub = Wire({"edge.example": [self.door]}), Wire({"hub.example": [alliance.door]})
        self.config = EdgeConfig(public_url=EDGE_URL, silence_seconds=silence)
        self.entropy = random.Random("edge").randbytes
        self.charter: Charter
        self.edge: Edge
        self._stack = AsyncExitStack()
        self._http: list[httpx.AsyncClient] = []
        self._recorded: list[Recorded] = []

    async def __aenter__(self) -> Self:
        self.folder.mkdir()
        seed = b"e" * 32
        ask = AdmitEdge(code=edge_code(self.alliance), signing_key=SigningKey.from_seed(seed).public)
        async with httpx.AsyncClient(transport=self.to_hub) as http:
            answer = await post(http, f"{URL}/v1/edges", encode(ask), {})
        self.charter = Charter(self.alliance.exchange.identity.id, seed, decode(answer, EdgeAdmitted))
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for recorded in self._recorded:
            await recorded.close()
        for http in self._http:
            await http.aclose()

    async def start(self) -> None:
        """`tocsin hub serve DIR --follow URL`"""
        stores = (self._open(), self._open(), self._open())
        self.edge = assemble(
            self.charter, self.config, URL, stores, self._ask, self.alliance.clock, self.entropy, patiently
        )
        self._stack = AsyncExitStack()
        lifespan = self.edge.application.router.lifespan_context(self.edge.application)
        await self._stack.enter_async_context(lifespan)
        self.door.open(self.edge.application)
        self.wire.mend()

    async def stop(self) -> None:
        self.wire.cut()
        await self._stack.aclose()

    def _open(self) -> Any:
        return open_sqlite(self.folder / "edge.db")

    @asynccontextmanager
    async def _ask(self, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        async with httpx.AsyncClient(transport=self.to_hub, timeout=PATIENCE_SECONDS) as http:
            keyid, key = self.charter.admitted.edge, self.charter.key
            client = SignedClient(http, URL, keyid, key, self.alliance.clock, self.entropy)
            async with client.stream_of("/v1/replica", body) as chunks:
                yield chunks

    def read(self, agent: Agent, cursor: str = "") -> Recorded:
        """One connection of an agent's to this edge."""
        return self.record(self.client(agent), cursor)

    def record(self, place: SignedHub, cursor: str = "") -> Recorded:
        """One connection to any place, ended with this edge at the latest."""
        self._recorded.append(Recorded(place, cursor))
        return self._recorded[-1]

    def client(self, agent: Agent, kind: type[SignedHub] = SignedHub) -> SignedHub:
        """The edge as an agent reaches it."""
        http = httpx.AsyncClient(transport=self.wire, timeout=PATIENCE_SECONDS)
        self._http.append(http)
        return kind(http, EDGE_URL, agent.membership, agent.clock, agent.entropy)

    async def ready(self, *agents: Agent) -> None:
        """Wait until the edge serves and knows these parties."""
        await until(lambda: self.edge.hearing.serves and {one.party for one in agents} <= self.parties())

    def parties(self) -> set[str]:
        return {str(party) for (party,) in look(self.folder / "edge.db", "SELECT id FROM party")}

    def serve(self, agent: Agent, kind: type[SignedHub] = SignedHub) -> Reading:
        """Let an agent follow as `agent serve` does when its settings name this edge."""
        reading = Reading(agent.hub(), self.client(agent, kind), EDGE_URL)
        replica = agent.replica()
        replica.through_edge = lambda: reading.through_edge

        def count() -> None:
            agent.news += 1

        follower = Follower(reading.connect, replica, agent.clock, agent.entropy, patiently)
        agent.following = asyncio.create_task(follower.run(count))
        return reading
