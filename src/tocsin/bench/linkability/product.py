# SPDX-License-Identifier: Apache-2.0
"""The product's own anonymous path under test: hub, relay, partner and agents of production code, in one process.

They are the machines of the simulated alliance (`tocsin.world`), on its clock, over wires that are tapped, with their
databases in memory. A report is let go by the agent's own verb one slot before its own, which is when the envelope of
its slot is built; it is not held after a start, because everything starts at once here.

A slot has two seconds, so that a world is short. The alliance's slots begin before the story's: in the first ones no
agent knows yet whom it would be among.
"""

import tempfile
from hashlib import sha256
from pathlib import Path

import msgspec

from tocsin.agent.anonymous.reports import Way
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.redact import Draft
from tocsin.agent.verbs.join import join
from tocsin.agent.verbs.report import Prepared, send
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY, Member, Played, Story, View
from tocsin.bench.linkability.taps import Overheard, TappedWire, Taps
from tocsin.clock import SECOND, Instant, day_of
from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.errors import RemoteError
from tocsin.files import NumberedSecrets
from tocsin.hub.verbs.enrol import invite
from tocsin.ids import new_id
from tocsin.wire.epoch import EpochDocument, EpochEvent, read_document
from tocsin.wire.messages import decode
from tocsin.world.bystander import Party
from tocsin.world.inside import World
from tocsin.world.relaying import SETTINGS, RelayMachine, means
from tocsin.world.seats import (
    HUB_HOST,
    PARTNER_HOST,
    RELAY_HOST,
    AgentMachine,
    HubMachine,
    PartnerMachine,
)

SLOT_SECONDS = 2
_BEFORE = 3
"""Slots before the story's first."""
_BEHIND = 6
"""Slots behind its last: in the last ones of an epoch no report goes."""
_ISSUE_SECONDS, _REST_SECONDS = 14, 4
_LONGEST_PAUSE = 0.02
_PATIENCE = 120
_SEED_BYTES = 8


class Product:
    """A path under test."""

    def play(self, story: Story) -> Played:
        """In a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory() as folder, _Alliance(Path(folder), story) as alliance:
            return alliance.played()


class _Alliance(World):
    """One world, from its founding to the end of its story."""

    def __init__(self, folder: Path, story: Story) -> None:
        self._story, self._naming = story, HUB
        parties = [Party(f"bank{number}", Role.BANK) for number in range(story.members)]
        places = {HUB_HOST: HUB, RELAY_HOST: RELAY, PARTNER_HOST: PARTNER}
        self.taps = Taps(self._time, places)
        self.overheard = Overheard(self._time)
        seed = int.from_bytes(sha256(story.seed.encode()).digest()[:_SEED_BYTES])
        super().__init__(folder / "world", seed, parties)
        self._place = folder
        self._replace_machines()

    def _time(self) -> Instant:
        """By the world's clock, which its founding makes."""
        return self.clock.now()

    # putting it together

    def wire(self) -> TappedWire:
        """A tapped one, for whoever is being made."""
        return TappedWire(self.doors, lambda: self.dice.random() * _LONGEST_PAUSE, self.taps, self._naming)

    def _replace_machines(self) -> None:
        seed = self.seed
        self.partner = PartnerMachine(self.doors[PARTNER_HOST][0], self.loop, self.clock, seed)
        self.partner.secrets = NumberedSecrets(self._place / "partner.epochs")
        slots = self._story.slots + _BEFORE + _BEHIND
        settings = msgspec.structs.replace(
            SETTINGS,
            slot_seconds=SLOT_SECONDS,
            slots=slots,
            issue_seconds=_ISSUE_SECONDS,
            rest_seconds=_REST_SECONDS,
            quota=self._story.slots,
            floor=self._story.members // 2,
        )
        config = HubConfig(
            alliance="City Alliance",
            public_url=f"http://{HUB_HOST}",
            partner=PartnerLink(url=f"http://{PARTNER_HOST}", key=str(self.partner.key)),
            anonymous=settings,
        )
        hub = HubMachine(config, self.wire(), self.doors[HUB_HOST][0], self.loop, self.clock, seed)
        hub.means = lambda exchange: means(exchange, config, hub.wire, self._place / "hub.epochs")
        self.hub = hub

    def _join(self, party: Party) -> None:
        name = f"{party.short.capitalize()} Bank plc"
        own = OwnAssets(legal_name=name, domains=(f"{party.short}.example",))
        config = AgentConfig(hub_url=f"http://{HUB_HOST}", master_key="", own=own)
        self._naming = party.short
        wire = self.wire()
        agent = AgentMachine(
            party.short, config, self.folder / party.short, wire, self.loop, self.clock, self.seed
        )
        hub = self.hub.exchange()
        code = self.hub.command("invite", lambda tx: invite(tx, hub, name, party.role, party.jurisdiction))
        self.agents[party.short] = agent

        async def redeem() -> None:
            """Join with the code, as a new member does."""
            async with agent.http() as http:
                await join(agent.house(), code, http)

        self.run(redeem())
        found = self.names[party.short] = agent.membership.party
        address = f"192.0.2.{len(self.agents)}"
        wire.peers |= {HUB_HOST: found, RELAY_HOST: address, PARTNER_HOST: address}
        agent.start()

    # the story

    def played(self) -> Played:
        """Let it happen."""
        self._naming = RELAY
        hub_key, door = self.hub.exchange().identity.key, self.doors[RELAY_HOST][0]
        self.relay = RelayMachine(hub_key, self.wire(), door, self.loop, self.clock, self.seed)
        self.relay.start()
        with self.overheard.everything():
            begins = self._happen()
        return Played(self._members(), begins, {one: self._view(one) for one in (HUB, RELAY, PARTNER)})

    def _happen(self) -> tuple[Instant, ...]:
        document = self._document()
        begins = [document.slot_begins(slot + _BEFORE) for slot in range(self._story.slots + 1)]
        for slot in range(1, self._story.slots):
            self._until(begins[slot - 1])
            for one in self._story.reports:
                if one.slot == slot:
                    self._let_go(one.member, one.value)
        self._until(begins[-1])
        return (self.started_at, *begins[1:])

    def _document(self) -> EpochDocument:
        self.started_at = self.clock.now()
        for _ in range(_PATIENCE):
            self.flow(1.0)
            rows = self.hub.disk.look(
                "SELECT body.body FROM entry JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
                "WHERE entry.kind = 'epoch'"
            )
            if rows:
                return read_document(decode(bytes(rows[0][0]), EpochEvent).document)
        raise RemoteError("There was no epoch document.")

    def _until(self, moment: int) -> None:
        self.flow(max(0, moment - self.clock.now()) / SECOND)

    def _let_go(self, member: int, value: str) -> None:
        house = self.agents[f"bank{member}"].house()
        now = self.clock.now()
        found = Indicator(Observable(Kind.DOMAIN, value), "link")
        disclosure = Disclosure(
            new_id("rpt", house.entropy), Attack.PHISHING, day_of(now), (found,), (), Marking()
        )
        draft = Draft(disclosure, (), ())
        prepared = Prepared("a.eml", value.encode(), Reading("mail"), draft)
        send(
            house,
            prepared,
            approve(draft, "Analyst", now),
            "mixed",
            ("members",),
            way=Way("mixed", hold=False),
        )

    # what is left

    def _members(self) -> tuple[Member, ...]:
        found = []
        for number in range(self._story.members):
            agent = self.agents[f"bank{number}"]
            seed = agent.membership.signing_seed.hex()
            found.append(
                Member(
                    f"192.0.2.{number + 1}",
                    agent.membership.party,
                    (f"Bank{number} Bank plc", seed, *_cases(agent)),
                )
            )
        return tuple(found)

    def _view(self, party: str) -> View:
        machine = self.machines()[party]
        packets, lines = tuple(self.taps.packets[party]), tuple(self.overheard.lines[party])
        return View(packets, lines, {f"{party}.db": machine.disk.image()})


def _cases(agent: AgentMachine) -> list[str]:
    """The identifiers of its cases, which it tells nobody."""
    return [str(case) for (case,) in agent.disk.look("SELECT id FROM vault_case")]
