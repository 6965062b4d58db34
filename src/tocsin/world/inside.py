# SPDX-License-Identifier: Apache-2.0
"""A whole alliance in one process, on a clock that moves only when everybody waits: the first driver of the moves.

Hub, partner and agents are the product's own (`seats.py`); a move is done by `acts.py` or `adversary.py`. The same
seed and the same moves give the same world, whatever the machine does meanwhile.

What the world keeps for itself is what a bystander would know (`bystander.py`). The invariants (`invariants.py`,
`terms.py`) hold what the machines store against that.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tocsin.agent.anonymous.reports import SETTLED
from tocsin.agent.house import House
from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.join import join
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.clock import MINUTE, SECOND, Instant, ManualClock, from_text
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.config.shields import Shields
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.errors import RemoteError, TocsinError, Unknown
from tocsin.hub.verbs.enrol import invite
from tocsin.hub.verbs.keys import declare_partner
from tocsin.hub.views.directory import state_key
from tocsin.wire.parties import KeyEvent
from tocsin.world.bystander import (
    AGED,
    PARTIES,
    RETENTION_DAYS,
    Answered,
    End,
    Hidden,
    Party,
    Said,
    Stay,
    Suspension,
)
from tocsin.world.eventloop import WorldLoop
from tocsin.world.machine import Crash, adopting
from tocsin.world.moves import EDGE, HUB, PARTNER, RELAY, TWIN, Move
from tocsin.world.network import Door, Wire
from tocsin.world.relaying import RelayMachine, fate_of
from tocsin.world.seats import (
    EDGE_HOST,
    HUB_HOST,
    PARTNER_HOST,
    RELAY_HOST,
    AgentMachine,
    EdgeMachine,
    HubMachine,
    Machine,
    PartnerMachine,
    TwinHub,
)

T = TypeVar("T")

START = Instant(from_text("2026-11-21T08:30:00Z"))
_LONGEST_WAY_SECONDS = 0.02
"""The longest that one part of an answer is on its way."""
_NEXT_TRY = 5 * MINUTE + SECOND
"""After that long an outbox tries again whatever happened before."""
_FRESH = 130 * MINUTE
"""After that long every reader has opened its connection anew, and the hub had to show everything."""
_ROUND_SECONDS = 2.0
_ROUNDS = 120
"""How long a world that is whole may take to come to rest."""


class World:
    """One alliance."""

    def __init__(self, folder: Path, seed: int, parties: Iterable[Party] = PARTIES) -> None:
        self.seed = str(seed)
        self.clock = ManualClock(START)
        self.dice = random.Random(f"{seed}/world")  # noqa: S311 a repeatable world, not a secret
        self.loop = WorldLoop(self.clock, random.Random(f"{seed}/threads"))  # type: ignore[abstract]  # noqa: S311
        self.loop.set_task_factory(adopting)
        self.doors = {
            HUB_HOST: [Door(), Door()],
            PARTNER_HOST: [Door()],
            EDGE_HOST: [Door()],
            RELAY_HOST: [Door()],
        }
        self.partner = PartnerMachine(self.doors[PARTNER_HOST][0], self.loop, self.clock, self.seed)
        config = HubConfig(
            alliance="City Alliance",
            public_url=f"http://{HUB_HOST}",
            partner=PartnerLink(url=f"http://{PARTNER_HOST}", key=str(self.partner.key)),
            restore_seconds=30,
            retention_days=RETENTION_DAYS,
        )
        self.hub = HubMachine(config, self.wire(), self.doors[HUB_HOST][0], self.loop, self.clock, self.seed)
        self.twin: TwinHub | None = None
        self.edge: EdgeMachine | None = None
        self.relay: RelayMachine | None = None
        self.agents: dict[str, AgentMachine] = {}
        self.parties = {one.short: one for one in parties}
        self.names: dict[str, str] = {}
        """Each party's identifier by its short name."""
        self.said: list[Said] = []
        self.hidden: list[Hidden] = []
        self.answered: list[Answered] = []
        self.stays: list[Stay] = []
        self.suspended: dict[str, Suspension] = {}
        self.restored = False
        """Whether the hub was ever put in place from a backup."""
        self.latest = START
        """The latest that the hub's clock has ever shown."""
        self.backups: dict[str, bytes] = {}
        self.refused: list[str] = []
        """What the product answered to moves that could not be."""
        self.taken: list[str] = []
        """What the product should have refused, and did not."""
        self.deceived: dict[str, str] = {}
        """Readers that the hub lies to, and how."""
        self.folder = folder
        self._quiet = logging.getLogger("tocsin")

    def __enter__(self) -> Self:
        self._level = self._quiet.level
        self._quiet.setLevel(logging.CRITICAL)
        self._found()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for machine in self.machines().values():
            self.run(machine.kill())
        self.loop.close()
        self._quiet.setLevel(self._level)

    # putting it together

    def wire(self) -> Wire:
        """A new way into this world."""
        return Wire(self.doors, lambda: self.dice.random() * _LONGEST_WAY_SECONDS)

    def _found(self) -> None:
        """What `hub init`, `partner init`, `hub partner` and, for each party, `hub enrol` and `agent init` do."""
        hub, key = self.hub.exchange(), self.partner.key
        event = KeyEvent(holder="hub", key=str(hub.identity.key))
        self.hub.command("found the hub", lambda tx: state_key(tx, hub, event))
        self.hub.command("declare partner", lambda tx: declare_partner(tx, hub, key, b""))
        self.partner.hub_key = hub.identity.key
        self.partner.start()
        self.hub.start()
        self.flow(1)
        for party in self.parties.values():
            self._join(party)
        self.flow(3)

    def _join(self, party: Party) -> None:
        name = f"{party.short.capitalize()} {'Bank plc' if party.role is Role.BANK else 'Office'}"
        own = OwnAssets(legal_name=name, domains=(f"{party.short}.example",))
        config = AgentConfig(
            hub_url=f"http://{HUB_HOST}",
            master_key="",
            own=own,
            shields=Shields(csv="block.csv"),
            partner_url=f"http://{PARTNER_HOST}",
        )
        folder = self.folder / party.short
        agent = AgentMachine(party.short, config, folder, self.wire(), self.loop, self.clock, self.seed)
        hub = self.hub.exchange()
        code = self.hub.command("invite", lambda tx: invite(tx, hub, name, party.role, party.jurisdiction))
        self.agents[party.short] = agent
        self.asking(party.short, lambda house: self._redeem(agent, house, code))
        self.names[party.short] = agent.membership.party
        agent.start()

    async def _redeem(self, agent: AgentMachine, house: House, code: str) -> None:
        async with agent.http() as http:
            await join(house, code, http)
        switch(house, protection(house), "csv", State.ON, "operator", "the story is about what is blocked")

    def machines(self) -> dict[str, Machine]:
        """Every machine by its name; a second process of the hub and an edge, if there are any."""
        more = {TWIN: self.twin, EDGE: self.edge, RELAY: self.relay}
        found = {name: machine for name, machine in more.items() if machine is not None}
        return {PARTNER: self.partner, HUB: self.hub, **found, **self.agents}

    def wires(self) -> dict[str, list[Wire]]:
        """The wires of each machine that has any."""
        hubs = [self.hub.wire, *([self.twin.wire] if self.twin else [])]
        edges = {EDGE: [self.edge.wire]} if self.edge else {}
        relays = {RELAY: [self.relay.wire]} if self.relay else {}
        return {HUB: hubs, **edges, **relays, **{short: [agent.wire] for short, agent in self.agents.items()}}

    # letting it happen

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this, while everybody else does what they do."""
        result: T = self.loop.run_until_complete(work)
        return result

    def flow(self, seconds: float) -> None:
        """Time passes."""
        self.run(asyncio.sleep(seconds))

    def leap(self, minutes: int) -> None:
        """Time passes in which nobody does anything: as if every machine had slept."""
        self.clock.advance(minutes * MINUTE)
        self.flow(0.1)

    def asking(self, who: str, work: Callable[[House], Awaitable[T]]) -> T:
        """A command of a party that goes over its network."""

        async def within() -> T:
            """At most half a minute of the world's time."""
            async with asyncio.timeout(30):
                return await work(self.agents[who].house())

        return self.run(within())

    def play(self, moves: Iterable[Move], perform: "Callable[[World, Move], None]") -> None:
        """Do one move after the other; what the product refuses is an answer like any other."""
        for move in moves:
            self.do(move, perform)

    def do(self, move: Move, perform: "Callable[[World, Move], None]") -> None:
        """Do one move, and let what follows from it begin."""
        try:
            perform(self, move)
        except (TocsinError, TimeoutError) as refusal:
            self.refused.append(f"{move!r}: {refusal}")
        except Crash:
            self.refused.append(f"{move!r}: it died")
        self.flow(0.3)
        self.note_time()
        self.note_receipts()

    def note_time(self) -> None:
        """What the hub takes for the present now."""
        clocks = [machine.clock.now() for machine in (self.hub, self.twin) if machine is not None]
        self.latest = max(self.latest, *clocks)

    def note_receipts(self) -> None:
        """Who has the hub's word for what."""
        for short, agent in self.agents.items():
            own = [one for one in self.said if one.by == short]
            told: list[Said | End] = list(own)
            told += [end for said in own for end in said.ended if end.message != AGED]
            waiting = [one for one in told if not one.receipted]
            if waiting:
                rows = agent.disk.look("SELECT id FROM outbox WHERE state = 'receipted'")
                settled = {message for (message,) in rows}
                for one in waiting:
                    one.receipted = one.message in settled

    # coming to rest

    def settle(self) -> bool:
        """End everything that went wrong, and let everybody do what is to do; whether the world came to rest."""
        for machine in self.machines().values():
            machine.disk.deadly = None
            machine.clock.ahead = 0
        for wire in (wire for wires in self.wires().values() for wire in wires):
            wire.mend()
        self.clock.advance(_FRESH if self.deceived else _NEXT_TRY)
        for _ in range(_ROUNDS):
            for machine in self.machines().values():
                if not machine.up and machine.may_start:
                    machine.start()
            self.flow(_ROUND_SECONDS)
            self.note_time()
            if self.at_rest():
                self.flow(_ROUND_SECONDS)  # protection files follow the news
                self.note_receipts()
                return True
        self.note_receipts()
        return False

    def at_rest(self) -> bool:
        """Whether every active party has sent what it has to say, and holds what it may read under a witnessed head."""
        sizes = dict(self.hub.disk.look("SELECT name, size FROM stream"))
        if self.hub.disk.look("SELECT name FROM stream WHERE size > noted_size"):
            return False
        for short, agent in self.agents.items():
            if short in self.suspended or short in self.deceived:
                continue
            if agent.disk.look("SELECT id FROM outbox WHERE state = 'waiting'"):
                return False
            held = {name: (size, how) for name, size, how in agent.disk.look(
                "SELECT name, size, witness FROM stream"
            )}  # fmt: skip
            wanted = {name: (sizes[name], "witnessed") for name in self.readable(short) if sizes.get(name)}
            if any(held.get(name) != found for name, found in wanted.items()):
                return False
        return self._edge_at_rest(sizes) and not self.waiting_unseen()

    def waiting_unseen(self) -> list[Hidden]:
        """What active parties have still to send by the anonymous path, and can."""
        found = []
        for one in self.hidden:
            if one.forgotten or one.by in self.suspended:
                continue
            state, holds = fate_of(self.agents[one.by], one.id)
            if state not in SETTLED and holds:
                found.append(one)
        return found

    def _edge_at_rest(self, sizes: dict[str, int]) -> bool:
        edge = self.edge
        if edge is None or edge.forgotten:
            return True
        return dict(edge.disk.look("SELECT name, size FROM stream")) == sizes

    def all_witnessed(self) -> bool:
        """Whether the partner has co-signed the newest head, and nothing is without one."""
        open_heads = self.hub.disk.look("SELECT name FROM stream WHERE size > noted_size")
        return not open_heads and not self.hub.disk.look(
            "SELECT size FROM log WHERE cosigned IS NULL AND size = (SELECT max(size) FROM log)"
        )

    # what a bystander knows

    def readable(self, short: str) -> frozenset[str]:
        """The streams that a party may read, by who it is."""
        party = self.parties[short]
        role, country = f"role:{party.role}", f"jurisdiction:{party.jurisdiction}"
        names = {"directory", "all", role, country, f"{role}+{country}", f"party:{self.names[short]}"}
        groups = {f"group:{name}" for name in self.rosters(short)}
        return frozenset(names | groups | ({"members"} if party.role in (Role.BANK, Role.DESK) else set()))

    def rosters(self, short: str) -> dict[str, Instant]:
        """The groups that a party is in, with the time from which it reads, as the hub's own table has them."""
        return dict(
            self.hub.disk.look(
                "SELECT name, reads_from FROM membership WHERE party = :party AND until IS NULL",
                {"party": self.names.get(short, "")},
            )
        )

    def missed(self, short: str) -> bool:
        """Whether a party was not in the group from its beginning on, and so does not know all of it."""
        own = [stay for stay in self.stays if stay.who == short]
        return any(stay.upto is not None or stay.reads_from for stay in own)

    def recall(self, nth: int, which: Callable[[Said], bool]) -> Said:
        """What was said, counted from the newest; Unknown when there is nothing."""
        found = [one for one in reversed(self.said) if which(one)]
        if not found:
            raise Unknown("Nobody said anything of that kind.")
        return found[nth % len(found)]

    def value(self, number: int) -> Observable:
        """One of the values that the moves speak of."""
        return Observable(Kind.DOMAIN, f"lure-{number}.example")

    def audience(self, text: str) -> str:
        """An audience with a party's identifier in place of its short name."""
        kind, _, short = text.partition(":")
        return f"party:{self.names[short]}" if kind == "party" else text

    def accidents(self) -> list[str]:
        """What somebody should have handled, and nobody did."""
        found = []
        for context in self.loop.failures:
            error = context.get("exception")
            if not isinstance(error, (Crash, BaseExceptionGroup, RemoteError, asyncio.CancelledError)):
                found.append(f"{context.get('message')}: {error!r}")
        return found
