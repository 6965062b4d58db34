# SPDX-License-Identifier: Apache-2.0
"""An alliance in one process, of the product's own parts: hub, partner and agents over a clock that moves by hand.

Nothing of ours is imitated. What tests put in are the places where the parts meet the world: the way over the network
(the world's `Wire`, which can be cut), the way to the partner (`Witness`, which can be away, deaf or hostile), time and
chance.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
from tests.looking import look

from tocsin.agent.alarms import OVER
from tocsin.agent.history.directory import INFORMATION
from tocsin.agent.history.refilling import Refilling, claim
from tocsin.agent.history.replica import Replica
from tocsin.agent.house import House
from tocsin.agent.outbox import Outbox, Settled, check_receipt
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve, approve_by_rule, outgoing
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.shields.levels import KnownValue, Levels
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership, Vault
from tocsin.agent.verbs.join import join
from tocsin.agent.verbs.report import Prepared, send
from tocsin.clock import Instant, ManualClock, day_of, from_text
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.config.shields import Decay, Shields
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.domain.standing_rule import StandingRule
from tocsin.errors import TocsinError, Unreachable
from tocsin.follow.follower import Follower
from tocsin.halves.witness import Proposal
from tocsin.hub.assembly import Hub, assemble, assemble_restoring, exchange
from tocsin.hub.joining import hub_verifier
from tocsin.hub.reading import following
from tocsin.hub.restoring.steps import begin
from tocsin.hub.verbs.enrol import invite
from tocsin.hub.views.directory import state_key
from tocsin.ids import new_id
from tocsin.partner.witnessing import Witnessing
from tocsin.privacy.box import Box
from tocsin.proof.note import KeyKind, VerifierKey
from tocsin.proof.signing import SigningKey
from tocsin.storage.sqlite import open_sqlite, put_in_place
from tocsin.storage.store import Params, Store, Value
from tocsin.wire.ceremony import AskHeld, Held
from tocsin.wire.messages import Outcome, Report, SignedReceipt, Told, decode, encode
from tocsin.wire.parties import KeyEvent
from tocsin.wire.stix21 import mint
from tocsin.world.network import Door, Wire

START = Instant(from_text("2026-11-21T08:30:00Z"))
URL = "http://hub.example"
HUB_SEEDS = b"h" * 32 + b"c" * 32
"""The seeds of every hub in these tests: its signing key, its cursor key."""
PARTNER_SEED = b"p" * 32
PATIENCE_SECONDS = 10.0
ROUND_SECONDS = following._ROUND_SECONDS
"""How often a hub process looks at its store, as the product has it."""
AMBER = Marking()
PHISH = StandingRule("phish", frozenset({Attack.PHISHING}), frozenset(Kind))
"""By which a report leaves unattended."""


class Witness:
    """The partner as the hub reaches it."""

    def __init__(self, folder: Path, hub_key: VerifierKey, clock: ManualClock, seed: bytes = PARTNER_SEED):
        signing = SigningKey.from_seed(seed)
        self.folder = folder
        self.key = VerifierKey("partner.example", KeyKind.COSIGNATURE, signing.public)
        self.store = open_sqlite(folder / "partner.db", "partner")
        self.witnessing = Witnessing(self.store, hub_key, self.key.name, signing, clock)
        self.away = False
        self.deaf = 0
        """So many of its next answers get lost on the way."""
        self.says: TocsinError | str | None = None
        """What it answers instead of doing its work."""
        self.asked: list[Proposal] = []

    async def witness(self, proposal: Proposal) -> str:
        self.asked.append(proposal)
        if self.away:
            raise Unreachable("The partner is away.")
        if isinstance(self.says, TocsinError):
            raise self.says
        answer = self.says or self.witnessing.witness(proposal)
        if self.deaf:
            self.deaf -= 1
            raise Unreachable("The answer was lost.")
        return answer

    async def held(self, ask: AskHeld) -> Held:
        if self.away:
            raise Unreachable("The partner is away.")
        return self.witnessing.held(ask)

    async def close(self) -> None:
        """It outlives the hub."""


class Agent:
    """One party's agent, with everything but its command line."""

    def __init__(self, alliance: "Alliance", short: str, config: AgentConfig, folder: Path) -> None:
        self.alliance = alliance
        self.short = short
        self.clock = alliance.clock
        self.entropy = random.Random(f"{alliance.seed}/{short}").randbytes
        folder.mkdir()
        box = Box(self.entropy(32), self.entropy)
        store = open_sqlite(folder / "agent.db", "agent")
        outbox = Outbox(store, box, self.clock, self.entropy)
        self.house = House(folder, config, store, Vault(store, box), outbox, self.clock, self.entropy)
        self.http = httpx.AsyncClient(transport=alliance.wire, timeout=PATIENCE_SECONDS)
        self.membership: Membership
        self.following: asyncio.Task[None] | None = None
        self.refilling: asyncio.Task[None] | None = None
        self.news = 0

    @property
    def database(self) -> Path:
        return self.house.folder / "agent.db"

    @property
    def party(self) -> str:
        return self.membership.party

    @property
    def key(self) -> SigningKey:
        return SigningKey.from_seed(self.membership.signing_seed)

    def hub(self) -> SignedHub:
        return SignedHub(self.http, URL, self.membership, self.clock, self.entropy)

    def replica(self) -> Replica:
        return Replica(self.house.store, self.membership, Decay(), self.clock)

    def levels(self) -> Levels:
        own = self.house.config.own
        return Levels(self.house.store, guard_for(own, Classifier(own_assets(own))))

    def known(self) -> dict[str, KnownValue]:
        """Every value with its level."""
        return {one.observable.value: one for one in self.levels().known(self.clock.now())}

    def level(self, value: str) -> str:
        """The level of one value; empty when it is not known."""
        known = self.known()
        return str(known[value].judgement.level) if value in known else ""

    def alarms(self) -> list[str]:
        """What people were alarmed by: neither the end of an outage nor what is for their information."""
        told = (str(sentence) for (sentence,) in look(self.database, "SELECT sentence FROM alarm"))
        return [one for one in told if one != OVER and not one.startswith(INFORMATION)]

    def sizes(self) -> dict[str, int]:
        """How far each stream has proved itself."""
        return dict(look(self.database, "SELECT name, size FROM stream"))

    def follow(self, sleep: Callable[[float], Any] = asyncio.sleep) -> None:
        """Begin to follow."""

        def count() -> None:
            self.news += 1

        async def patiently(seconds: float) -> None:
            await sleep(min(seconds, 0.01))

        replica, refilling = self.replica(), Refilling(self.house.store, self.hub())
        replica.refill = refilling.offer
        follower = Follower(self.hub().stream, replica, self.clock, self.entropy, patiently)
        self.following = asyncio.create_task(follower.run(count))
        self.refilling = asyncio.create_task(refilling.run())

    async def unfollow(self) -> None:
        tasks = [task for task in (self.following, self.refilling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.following = self.refilling = None

    def _disclosure(self, values: tuple[Observable, ...], marking: Marking) -> Disclosure:
        indicators = tuple(Indicator(value, "link") for value in values)
        report = new_id("rpt", self.entropy)
        return Disclosure(report, Attack.PHISHING, day_of(self.clock.now()), indicators, (), marking)

    def queue_report(
        self,
        *values: Observable,
        audiences: tuple[str, ...] = (),
        marking: Marking = AMBER,
        unattended: bool = False,
        case: str = "",
    ) -> str:
        """Approve and queue a report of these values, by a person or by a standing rule; its identifier."""
        draft = Draft(self._disclosure(values, marking), (), ())
        prepared = Prepared("a.eml", draft.disclosure.report_id.encode(), Reading("mail"), draft)
        now = self.clock.now()
        asked = outgoing(draft, "mail", "named", audiences)
        approved = approve_by_rule(draft, asked, (PHISH,), now) if unattended else approve(draft, "Test", now)
        return send(self.house, prepared, approved, "named", audiences, case=case).report

    async def report(
        self,
        *values: Observable,
        audiences: tuple[str, ...] = (),
        marking: Marking = AMBER,
        unattended: bool = False,
    ) -> str:
        """Report these values and have the receipt; its identifier."""
        report = self.queue_report(*values, audiences=audiences, marking=marking, unattended=unattended)
        (settled,) = await self.deliver()
        assert settled.receipt is not None, settled.problem
        return report

    async def deliver(self) -> list[Settled]:
        """Send what waits, as `agent serve` does."""
        await claim(self.house.store, self.hub(), self.clock.now())
        return await self.house.outbox.flush(self.hub(), self.membership)

    async def tell(self, path: str, message: Told) -> tuple[Outcome, ...]:
        """Send a message without the outbox; what became of each object, from the checked receipt."""
        answer = decode(await self.hub().post(path, encode(message)), SignedReceipt)
        with self.house.store.reading("the hub's keys") as tx:
            return check_receipt(tx, answer, self.membership, message.id).outcomes

    def report_message(
        self, *values: Observable, audiences: tuple[str, ...] = (), marking: Marking = AMBER
    ) -> Report:
        """A report as the agent would send it, for tests that change it."""
        disclosure = self._disclosure(values, marking)
        objects = mint(disclosure, self.membership.alliance_identity, self.entropy)
        return Report(
            id=disclosure.report_id,
            sent=self.clock.now(),
            audiences=audiences,
            objects=tuple(msgspec.Raw(encode(one)) for one in objects),
        )

    def message_id(self) -> str:
        return new_id("msg", self.entropy)

    async def close(self) -> None:
        await self.unfollow()
        await self.http.aclose()
        self.house.store.close()


class Alliance:
    """The hub, its partner if it has one, and whoever joined."""

    def __init__(
        self, folder: Path, *, witnessed: bool = True, seed: int = 20261121, heartbeat: int = 15
    ) -> None:
        self.folder = folder
        self.seed = seed
        self.clock = ManualClock(START)
        self.entropy = random.Random(seed).randbytes
        self.door = Door()
        self.wire = Wire({"hub.example": [self.door]})
        self.agents: dict[str, Agent] = {}
        self.config = HubConfig(alliance="City Alliance", public_url=URL, heartbeat_seconds=heartbeat)
        self.exchange = exchange(self.config, HUB_SEEDS, self.clock, self.entropy)
        self.hub_key = hub_verifier(self.exchange)
        self.witness = Witness(folder, self.hub_key, self.clock)
        self.hub: Hub
        self._stack = AsyncExitStack()
        self._declared = False
        self._founded = False
        if witnessed:
            self.declare_partner()

    async def __aenter__(self) -> Self:
        await self.start_hub()
        return self

    async def __aexit__(self, *_: object) -> None:
        for agent in self.agents.values():
            await agent.close()
        await self.stop_hub()
        self.witness.store.close()

    @property
    def database(self) -> Path:
        return self.folder / "hub.db"

    def open_store(self) -> Store:
        """One more connection to the hub's store."""
        return open_sqlite(self.database)

    def look(self, text: str, params: Params | None = None) -> list[tuple[Value, ...]]:
        """What a statement that is nobody's query gives."""
        return look(self.database, text, params)

    def declare_partner(self) -> None:
        """What `tocsin hub partner` does, with effect from the next start."""
        self.config = msgspec.structs.replace(
            self.config, partner=PartnerLink(url="http://partner.example", key=str(self.witness.key))
        )
        self._declared = True
        self._announce("partner", str(self.witness.key))

    def _announce(self, holder: str, key: str) -> None:
        store = self.open_store()
        store.run("announce", lambda tx: state_key(tx, self.exchange, KeyEvent(holder=holder, key=key)))
        store.close()

    async def start_hub(self) -> None:
        following._ROUND_SECONDS = 0.1  # a test has no second to lose
        if not self._founded:
            self._announce("hub", str(self.hub_key))
            self._founded = True
        stores = (self.open_store(), self.open_store())
        self.hub = assemble(self.exchange, self.config, *stores, self.witness if self._declared else None)
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(
            self.hub.application.router.lifespan_context(self.hub.application)
        )
        self.door.open(self.hub.application)
        self.wire.mend()

    def back_up(self, file: Path) -> None:
        """What `tocsin hub backup` does while the hub serves."""
        store = self.open_store()
        store.copy(file)
        store.close()

    async def lose_hub(self) -> None:
        """The hub's machine is gone, with everything that was on it."""
        await self.stop_hub()
        for path in self.folder.glob("hub.db*"):
            path.unlink()

    async def restore_hub(self, file: Path) -> None:
        """What `tocsin hub restore` and then `tocsin hub serve` do."""
        put_in_place(file, self.database)
        store = self.open_store()
        store.run("begin restore", lambda tx: begin(tx, self.hub_key))
        store.close()
        partner = self.witness if self._declared else None
        application = assemble_restoring(
            self.exchange, self.config, self.open_store, lambda: partner
        ).application()
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(application.router.lifespan_context(application))
        self.door.open(application)
        self.wire.mend()

    async def stop_hub(self) -> None:
        self.wire.cut()
        self.door.shut()
        await self._stack.aclose()

    def invite(
        self, name: str, role: Role = Role.BANK, jurisdiction: str = "GB", *, namesake: bool = False
    ) -> str:
        """A one-time code, as `tocsin hub enrol` makes it."""
        store = self.open_store()
        try:
            return store.run(
                "invite", lambda tx: invite(tx, self.exchange, name, role, jurisdiction, namesake=namesake)
            )
        finally:
            store.close()

    async def join(
        self,
        short: str,
        role: Role = Role.BANK,
        jurisdiction: str = "GB",
        *,
        follow: bool = True,
        agreement: str = "",
    ) -> Agent:
        """A new party with its agent, which follows."""
        name = f"{short.capitalize()} {'Bank plc' if role is Role.BANK else 'Office'}"
        own = OwnAssets(legal_name=name, domains=(f"{short}.example",))
        config = AgentConfig(hub_url=URL, master_key="", own=own, shields=Shields(csv="block.csv"))
        agent = Agent(self, short, config, self.folder / short)
        self.agents[short] = agent
        await join(agent.house, self.invite(name, role, jurisdiction), agent.http, agreement)
        agent.membership = agent.house.vault.membership()
        if follow:
            agent.follow()
        return agent

    def sizes(self) -> dict[str, int]:
        """Every stream with its length."""
        return dict(self.look("SELECT name, size FROM stream"))

    def numbers(self) -> dict[str, int]:
        """Every stream with its number."""
        return dict(self.look("SELECT name, number FROM stream"))

    def entries(self, stream: str) -> list[tuple[int, str, str, bytes | None]]:
        """seq, kind, fact and body of every entry of a stream, at the hub."""
        rows = self.look(
            "SELECT entry.seq, entry.kind, entry.fact, body.body FROM entry "
            "JOIN stream ON stream.number = entry.stream "
            "LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
            "WHERE stream.name = :stream ORDER BY entry.seq",
            {"stream": stream},
        )
        return [(int(str(seq)), str(kind), str(fact), body and bytes(body)) for seq, kind, fact, body in rows]

    async def settled(self) -> None:
        """Wait until every agent that follows has proved what the hub holds for it, as it should be signed."""
        await until(self._is_settled)

    def _is_settled(self) -> bool:
        sizes = self.sizes()
        noted = dict(self.look("SELECT name, noted_size FROM stream"))
        stand = self.hub.noting.stand
        told = {name: row.noted_size for name, row in stand.streams.items()}
        if any(size and told.get(name) != size for name, size in noted.items()):
            return False  # it is durable, and the event loop has not heard of it yet
        if sizes != noted or (self._declared and not self.witness.away and stand.witness != "witnessed"):
            return False
        for agent in self.agents.values():
            if agent.following is None:
                continue
            held = agent.sizes()
            if any(held.get(name, 0) != sizes[name] for name in held) or not held:
                return False
            if any(sizes[name] and name not in held for name in self.readable(agent)):
                return False
            signed = {str(how) for (how,) in look(agent.database, "SELECT witness FROM stream")}
            if stand.witness == "witnessed" and signed != {"witnessed"}:
                return False
        return True

    def readable(self, agent: Agent) -> list[str]:
        """The streams there are that an agent may read."""
        member = agent.membership
        names = {DIRECTORY, "all", f"role:{member.role}", f"jurisdiction:{member.jurisdiction}"}
        names |= {f"role:{member.role}+jurisdiction:{member.jurisdiction}", f"party:{member.party}"}
        if member.role in (Role.BANK, Role.DESK):
            names.add("members")
        return [name for name in self.sizes() if name in names]


async def until(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until it holds; a test fails when it does not come to in that time, and in a hundred looks for each second.

    On a busy machine looks are rare, and whatever is looked for is as late as they are.
    """
    loop = asyncio.get_running_loop()
    deadline, looks = loop.time() + seconds, 0
    while not holds():
        looks += 1
        assert loop.time() < deadline or looks < 100 * seconds, f"waited {seconds} s in vain"
        await asyncio.sleep(0.005)
