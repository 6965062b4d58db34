# SPDX-License-Identifier: Apache-2.0
"""An alliance of production code on four machines whose power can be cut: hub, partner, and the agents of two banks.

What is a failure: a report whose receipt was given and that does not stand in the stream exactly once; a report that
was approved and is gone; a damaged store; a root, a head or a view that is not what the entries make it; a head that
somebody was shown, or a cosignature that was given out, that its maker does not remember. What is none: a report in the
middle of whose approval the bank's own power went.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
import tests.alliance
from tests.alliance import Agent, Alliance
from tests.crash import found
from tests.crash.disk import Disk
from tests.crash.steps import Fuse, WatchedEngine, watch
from tests.looking import look

from tocsin.agent import outbox
from tocsin.agent.house import House
from tocsin.agent.outbox import Outbox
from tocsin.agent.vault import Vault
from tocsin.agent.verbs.erase import erase
from tocsin.clock import MINUTE
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import StorageError, TocsinError, Unreachable
from tocsin.halves.witness import Proposal
from tocsin.partner.witnessing import Witnessing
from tocsin.proof.note import open_note
from tocsin.proof.signing import SigningKey
from tocsin.storage.sqlite import DIALECT
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Store

BANKS = ("ayr", "bute")
MACHINES = ("hub", "partner", *BANKS)


class Machines:
    """Everything that runs, what was promised, and how it comes back after a cut."""

    def __init__(self, folder: Path, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.fuse = Fuse()
        self.dice = random.Random(seed)
        self.folder = folder
        for machine in MACHINES:
            disk = Disk(f"{folder.parent.name}-{folder.name}-{machine}", self.dice.randrange(2**32))
            self.fuse.protect(machine, disk)
        self._engines: dict[str, list[WatchedEngine]] = {machine: [] for machine in MACHINES}
        patch.setattr(tests.alliance, "open_sqlite", self._open)
        watch(self.fuse, patch)
        self.receipted: set[str] = set()
        """Messages whose receipt an agent held in its hands."""
        self.approvals: dict[str, str] = {}
        """Reports whose approval was done, and the bank's."""
        self.cosigned: dict[int, bytes] = {}
        """Every head that the partner's cosignature was given out for: size and root."""
        patch.setattr(outbox, "_read", self._noting_receipts(outbox._read))
        self.alliance = Alliance(folder, seed=seed)

    async def __aenter__(self) -> Self:
        await self.alliance.__aenter__()
        self._watch_partner()
        for short in BANKS:
            await self.alliance.join(short)
        await self.alliance.settled()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.alliance.__aexit__()
        for disk in self.fuse.disks.values():
            disk.unregister()

    @property
    def agents(self) -> list[Agent]:
        return [self.alliance.agents[short] for short in BANKS]

    @property
    def shown(self) -> dict[int, bytes]:
        """Every head of the log that an agent was shown: size and root."""
        notes = [row for agent in self.agents for row in look(agent.database, "SELECT size, root FROM note")]
        return {int(str(size)): bytes(root) for size, root in notes}

    def store_of(self, machine: str) -> Path:
        """Where a machine's store is."""
        if machine in BANKS:
            return self.folder / machine / "agent.db"
        return self.folder / f"{machine}.db"

    async def busy(self) -> None:
        """What a moment of an alliance under attack brings: two reports of each bank at once, and one taken back."""
        for agent in self.agents:
            with suppress(StorageError):
                for number in range(2):
                    value = f"login-{self.dice.randrange(12)}.phish-{number}.example"
                    self.approvals[agent.queue_report(normalise(Kind.DOMAIN, value))] = agent.short
        own = [report for report, bank in self.approvals.items() if bank == self.agents[0].short]
        if len(own) > 4:
            with suppress(StorageError):
                erase(self.agents[0].house, self.dice.choice(own[-8:]), "mistake", "Test")
        await asyncio.gather(*(self._deliver(agent) for agent in self.agents))
        for _ in range(20):  # what follows the receipts: heads, cosignatures, readers
            await asyncio.sleep(0.01)
            if self.fuse.blown:
                break

    async def _deliver(self, agent: Agent) -> None:
        with suppress(TocsinError):
            await agent.deliver()

    async def power_up(self) -> None:
        """Whatever lost its power comes back, after what survived was looked at; then everything is sent and proved."""
        for machine, disk in self.fuse.disks.items():
            if not disk.on:
                await self._end(machine)
                disk.power_up()
                found.check(self, machine)
                await self._begin(machine)
        await self.settle()

    async def settle(self) -> None:
        """Send what waits until nothing does, and have it proved."""
        for _ in range(6):
            self.alliance.clock.advance(6 * MINUTE)
            for agent in self.agents:
                await self._deliver(agent)
            if not self.waiting():
                break
        assert not self.waiting()
        await self.alliance.settled()

    def standing(self) -> str:
        """How far everybody is, for whoever reads of a failure."""
        stand = self.alliance.hub.noting.stand
        refused = self.alliance.hub.noting.last_refusal
        noted = {name: row.noted_size for name, row in stand.streams.items()}
        agents = {
            agent.short: (agent.sizes(), agent.following and agent.following.done(), agent.alarms()[-3:])
            for agent in self.agents
        }
        return f"hub {self.alliance.sizes()}, heads {noted} {stand.witness} {refused!r}, agents {agents}"

    def waiting(self) -> int:
        """Messages without an answer."""
        return sum(len(agent.house.outbox.waiting()) for agent in self.agents)

    async def _end(self, machine: str) -> None:
        """The processes of a machine are gone."""
        if machine == "hub":
            with suppress(StorageError, *(engine.failure for engine in self._engines[machine])):
                await self.alliance.stop_hub()
        elif machine != "partner":
            await self.alliance.agents[machine].unfollow()
        for engine in self._engines[machine]:
            with suppress(engine.failure):
                engine.close()
        self._engines[machine] = []

    async def _begin(self, machine: str) -> None:
        if machine == "hub":
            await self.alliance.start_hub()
        elif machine == "partner":
            witness = self.alliance.witness
            witness.store = self._open(witness.folder / "partner.db", "partner")
            key = SigningKey.from_seed(tests.alliance.PARTNER_SEED)
            clock, hub_key = self.alliance.clock, self.alliance.hub_key
            witness.witnessing = Witnessing(witness.store, hub_key, witness.key.name, key, clock)
        else:
            self._begin_agent(self.alliance.agents[machine])

    def _begin_agent(self, agent: Agent) -> None:
        old = agent.house
        store = self._open(agent.database, "agent")
        box = old.vault.box
        fresh = Outbox(store, box, agent.clock, agent.entropy)
        agent.house = House(
            old.folder, old.config, store, Vault(store, box), fresh, agent.clock, agent.entropy
        )
        agent.membership = agent.house.vault.membership()
        agent.follow()

    def _open(self, path: Path, schema: str = "hub", disk: str | None = None) -> Store:
        machine = {"hub": "hub", "partner": "partner", "agent": path.parent.name}[schema]
        engine = WatchedEngine(path, machine, self.fuse)
        self._engines[machine].append(engine)
        return open_store(engine, DIALECT, SQL / schema)

    def _noting_receipts(self, read: Callable[..., object]) -> Callable[..., object]:
        def noting(*arguments: object) -> object:
            answer = read(*arguments)
            self.receipted.add(str(arguments[-1]))
            return answer

        return noting

    def _watch_partner(self) -> None:
        """Between hub and partner lies a network: a partner without power does not answer."""
        witness, asked = self.alliance.witness, self.alliance.witness.witness

        async def answer(proposal: Proposal) -> str:
            self.fuse.hear("hub", "head (2) partner asked")
            try:
                note = await asked(proposal)
            except StorageError:
                raise Unreachable("The partner has no power.") from None
            if not self.fuse.disks["partner"].on:
                raise Unreachable("The partner has no power.")
            checkpoint = open_note(note, self.alliance.hub_key).checkpoint
            self.cosigned[checkpoint.size] = checkpoint.root
            self.fuse.hear("hub", "after head (2) partner asked")
            return note

        witness.witness = answer  # type: ignore[method-assign]
