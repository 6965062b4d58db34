# SPDX-License-Identifier: Apache-2.0
"""The machines of a simulated alliance: hub, partner, edge and agents, each a disk, its keys, clock and network.

Everything that runs on them is the product's own, put together as its composition roots do; what differs is the store
in memory, the clock, the dice and the wires. A machine can be started, stopped, killed, backed up and restored.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
from starlette.routing import Route

from tocsin.agent.anonymous.client import RelayClient
from tocsin.agent.anonymous.settling import restored
from tocsin.agent.house import House
from tocsin.agent.outbox import Outbox
from tocsin.agent.vault import Membership, Vault
from tocsin.agent.work import work
from tocsin.clock import Instant, ManualClock
from tocsin.config.agent import AgentConfig
from tocsin.config.hub import EdgeConfig, HubConfig
from tocsin.files import NumberedSecrets
from tocsin.halves.epochs import Operator
from tocsin.hub.anonymous.path import Means
from tocsin.hub.assembly import KEYS_BYTES, SEED_BYTES, assemble, assemble_restoring, exchange
from tocsin.hub.edge.assembly import assemble as assemble_edge
from tocsin.hub.edge.charter import Charter
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import Noting
from tocsin.hub.heads.witness_client import HttpPartner
from tocsin.hub.restoring.steps import begin, begun, what_partner_holds
from tocsin.hub.verbs.keys import rotate_hub_key
from tocsin.partner.assembly import mixing
from tocsin.partner.routes import routes
from tocsin.partner.witnessing import Witnessing, take_back
from tocsin.privacy.box import KEY_BYTES, Box
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Transaction
from tocsin.web.calling import SignedClient
from tocsin.wire.ceremony import Held
from tocsin.world.machine import Disk, Process
from tocsin.world.network import Door, Wire

T = TypeVar("T")

HUB_HOST = "hub.example"
PARTNER_HOST = "partner.example"
RELAY_HOST = "relay.example"
EDGE_HOST = "edge.example"
EDGE_URL = f"https://{EDGE_HOST}"
"""A member is told of an edge by its settings, which want TLS; the wire does not look."""
_READ_SECONDS = 45.0


def client(wire: Wire) -> httpx.AsyncClient:
    """A client over this wire."""
    return httpx.AsyncClient(transport=wire, timeout=_READ_SECONDS, trust_env=False)


class SkewedClock:
    """The clock of one machine: the world's, and so much wrong."""

    def __init__(self, world: ManualClock) -> None:
        self._world = world
        self.ahead = 0
        """Microseconds."""

    def now(self) -> Instant:
        """What this machine takes for the present."""
        return Instant(self._world.now() + self.ahead)


class Machine(ABC):
    """What hub, partner and agents have in common."""

    def __init__(
        self, name: str, kind: str, loop: asyncio.AbstractEventLoop, clock: ManualClock, seed: str
    ) -> None:
        self.name = name
        self.kind = kind
        self.clock = SkewedClock(clock)
        self.entropy = random.Random(f"{seed}/{name}").randbytes  # noqa: S311 a repeatable world, not a secret
        self.disk = Disk(kind)
        self.process: Process | None = None
        self.started = Instant(0)
        """When its process was started last, by its own clock."""
        self.forgotten = False
        """Whether the hub knows it no more and tells it nothing: an edge, once its hub was restored."""
        self._loop = loop
        self._stop: asyncio.Event | None = None

    @property
    def up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.alive

    @property
    def may_start(self) -> bool:
        """Whether its manual lets it be started now."""
        return True

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.up:
            return
        self.started = self.clock.now()
        self.process, self._stop = Process(self.name, self._loop), asyncio.Event()
        self.process.run(self._live(self.process, self._stop))

    async def stop(self) -> None:
        """Ask it to stop, as an operator does, and wait."""
        if self.process is not None and self._stop is not None:
            self._stop.set()
            await self.process.gone()
            self.process.alive = False

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self.process is not None:
            self.process.die()
            await self.process.gone()

    def command(self, name: str, do: Callable[[Transaction], T]) -> T:
        """What somebody does to the store by a command of its own, while the process may run."""
        return self.disk.open(Process(f"{self.name}: {name}")).run(name, do)

    @abstractmethod
    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """What the process does until it is asked to stop."""

    async def _live(self, process: Process, stop: asyncio.Event) -> None:
        try:
            await self.serve(process, stop)
        finally:
            process.die()


class HubMachine(Machine):
    """The hub."""

    def __init__(
        self,
        config: HubConfig,
        wire: Wire,
        door: Door,
        loop: asyncio.AbstractEventLoop,
        clock: ManualClock,
        seed: str,
        name: str = "hub",
    ) -> None:
        super().__init__(name, "hub", loop, clock, seed)
        self.config = config
        self.keys = self.entropy(KEYS_BYTES)
        self.wire = wire
        """To the partner."""
        self.door = door
        self.noting: Noting | None = None
        self.means: Callable[[Exchange], Means | None] = lambda hub: None
        """What it needs for the anonymous path, once there is one."""

    def exchange(self) -> Exchange:
        """The hub as its verbs see it, with the keys that it has now."""
        return exchange(self.config, self.keys, self.clock, self.entropy)

    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """The hub, or the ceremony of one that comes back from a backup."""
        process.at_death(self.door.shut)
        hub = self.exchange()
        with self.disk.open(process).reading("is it whole") as tx:
            lost = begun(tx) is not None
        if lost:
            restart = assemble_restoring(
                hub,
                self.config,
                lambda: self.disk.open(process),
                lambda: self._partner(hub),
                open_path=lambda: self.means(hub),
            )
            application = restart.application()
        else:
            stores = self.disk.open(process), self.disk.open(process)
            made = assemble(hub, self.config, *stores, self._partner(hub), anonymous=self.means(hub))
            application = made.application
        async with application.router.lifespan_context(application):
            self.door.open(application)
            await stop.wait()
            self.door.shut()

    def _partner(self, hub: Exchange) -> HttpPartner | None:
        if self.config.partner is None:
            return None
        key = VerifierKey.parse(self.config.partner.key)
        return HttpPartner(self.config.partner.url, key, self.config.witness_seconds, hub, self.wire)

    def rotate(self) -> None:
        """The next key, as `tocsin hub rotate` makes it; whoever serves must be started again."""
        hub, seed = self.exchange(), self.entropy(SEED_BYTES)
        before, after = hub.identity.signing_key, SigningKey.from_seed(seed)
        self.command("rotate the hub's key", lambda tx: rotate_hub_key(tx, hub, before, after))
        self.keys = seed + self.keys[SEED_BYTES:KEYS_BYTES] + hub.identity.first_key

    def restore(self, image: bytes) -> None:
        """Put a backup in place, as `tocsin hub restore` does; the ceremony begins with the next start."""
        self.disk = Disk(self.kind, image)
        key = self.exchange().identity.key
        self.command("begin restore", lambda tx: begin(tx, key))

    @property
    def restoring(self) -> bool:
        """Whether it comes back from a backup just now."""
        rows = self.disk.look("SELECT value FROM meta WHERE key = 'restoring'")
        return bool(rows and rows[0][0])

    def witnessed(self) -> Held:
        """What the partner last co-signed, as `tocsin hub witnessed` writes it."""
        with self.disk.open(Process("hub: witnessed")).reading("what was witnessed") as tx:
            return what_partner_holds(tx)


class TwinHub(HubMachine):
    """Another process of the same hub, on the same store and behind the same name."""

    def __init__(
        self,
        first: HubMachine,
        wire: Wire,
        door: Door,
        loop: asyncio.AbstractEventLoop,
        clock: ManualClock,
        seed: str,
    ) -> None:
        super().__init__(first.config, wire, door, loop, clock, seed, name="twin")
        self._first = first
        self.disk = first.disk

    @property
    def may_start(self) -> bool:
        """As its manual says: not while the ceremony goes on that takes a hub back from a backup."""
        return not self._first.restoring

    def start(self) -> None:
        """Start it on the store, and with the keys and settings, that the hub has now."""
        self.disk, self.keys = self._first.disk, self._first.keys
        self.config, self.means = self._first.config, self._first.means
        super().start()


class EdgeMachine(Machine):
    """An edge that the hub's operator has admitted."""

    def __init__(
        self,
        charter: Charter,
        wire: Wire,
        door: Door,
        loop: asyncio.AbstractEventLoop,
        clock: ManualClock,
        seed: str,
    ) -> None:
        super().__init__("edge", "hub", loop, clock, f"{seed}/{charter.admitted.edge}")
        self.charter = charter
        self.wire = wire
        """To the hub."""
        self.door = door
        self.config = EdgeConfig(public_url=EDGE_URL)
        self.disk.open(Process("edge: made"))

    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """Follow the hub and serve readers."""
        process.at_death(self.door.shut)
        stores = self.disk.open(process), self.disk.open(process), self.disk.open(process)
        edge = assemble_edge(
            self.charter, self.config, f"http://{HUB_HOST}", stores, self._ask, self.clock, self.entropy
        )
        async with edge.application.router.lifespan_context(edge.application):
            self.door.open(edge.application)
            await stop.wait()
            self.door.shut()

    @asynccontextmanager
    async def _ask(self, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        async with client(self.wire) as http:
            charter = self.charter
            hub = SignedClient(
                http, f"http://{HUB_HOST}", charter.admitted.edge, charter.key, self.clock, self.entropy
            )
            async with hub.stream_of("/v1/replica", body) as chunks:
                yield chunks


class PartnerMachine(Machine):
    """The partner."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop, clock: ManualClock, seed: str) -> None:
        super().__init__("partner", "partner", loop, clock, seed)
        self.door = door
        self.signing = SigningKey.from_seed(self.entropy(SEED_BYTES))
        name = sha256(b"tocsin/partner/v1" + self.signing.public).digest()[:16].hex()
        self.key = VerifierKey(f"partner_{name}", KeyKind.COSIGNATURE, self.signing.public)
        self.hub_key: VerifierKey | None = None
        """The hub whose history it witnesses."""
        self.secrets: NumberedSecrets | None = None
        """The keys of its gateway, once it is part of the anonymous path."""

    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """Witness what it is asked to."""
        assert self.hub_key is not None, "a partner is made for one hub"
        process.at_death(self.door.shut)
        store = self.disk.open(process)
        witnessing = Witnessing(store, self.hub_key, self.key.name, self.signing, self.clock)
        more: list[Route] = []
        if self.secrets is not None:
            hub, _, realm = self.hub_key.name.partition("/heads/")
            operator = Operator("partner", "Vault Trust", hub, realm, self.signing)
            more = mixing(store, operator, witnessing, self.secrets, self.clock, self.entropy).routes
        self.door.open(routes(witnessing, self.key.name, self.clock, store.close, more))
        await stop.wait()
        self.door.shut()

    def restore(self, image: bytes, shown: Held) -> None:
        """Put a backup in place with what it last co-signed, as `tocsin partner restore` does."""
        assert self.hub_key is not None, "a partner is made for one hub"
        hub_key, now = self.hub_key, self.clock.now()
        self.disk = Disk(self.kind, image)
        self.command("take back", lambda tx: take_back(tx, shown, hub_key, self.key, now))


class AgentMachine(Machine):
    """One party's agent."""

    def __init__(
        self,
        short: str,
        config: AgentConfig,
        folder: Path,
        wire: Wire,
        loop: asyncio.AbstractEventLoop,
        clock: ManualClock,
        seed: str,
    ) -> None:
        super().__init__(short, "agent", loop, clock, seed)
        self.config = config
        self.folder = folder
        self.wire = wire
        self._key = self.entropy(KEY_BYTES)
        self.folder.mkdir(parents=True)

    def house(self, process: Process | None = None) -> House:
        """The agent as its verbs see it, for one command or for the process that serves."""
        store = self.disk.open(process or Process(f"{self.name}: a command"))
        box = Box(self._key, self.entropy)
        outbox = Outbox(store, box, self.clock, self.entropy)
        return House(self.folder, self.config, store, Vault(store, box), outbox, self.clock, self.entropy)

    def http(self) -> httpx.AsyncClient:
        """A client over this party's own wire."""
        return client(self.wire)

    @property
    def membership(self) -> Membership:
        """Who it is."""
        return self.house().vault.membership()

    async def serve(self, process: Process, stop: asyncio.Event) -> None:
        """Everything that `tocsin agent serve` does."""
        async with self.http() as http:
            working = process.run(work(self.house(process), http, RelayClient("", "", self.wire)))
            await stop.wait()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def read_from(self, url: str) -> None:
        """Read from this edge from now on, or with no URL from the hub; if it runs, it is started anew."""
        self.config = msgspec.structs.replace(self.config, read_url=url)
        if self.up:
            await self.stop()
            self.start()

    def restore(self, image: bytes) -> None:
        """Put a backup in place, as `tocsin agent restore` does."""
        self.disk = Disk(self.kind, image)
        vault, now = self.house().vault, self.clock.now()
        self.command("restored", lambda tx: restored(tx, vault, now))
