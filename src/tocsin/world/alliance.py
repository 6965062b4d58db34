# SPDX-License-Identifier: Apache-2.0
"""An alliance on one machine: a hub, its partner and the agents of several parties, each a process of its own.

With `Slots` there is a relay too, and one more process with banks for which nobody acts (`tocsin.world.crowd`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from tocsin.agent.app import SETTINGS, opened
from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.join import Joined
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.config.agent import AgentConfig
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.config.shields import Shields
from tocsin.domain.party import Role
from tocsin.hub.done import Code
from tocsin.hub.done import Made as HubMade
from tocsin.partner.app import Made as PartnerMade
from tocsin.relay.app import Made as RelayMade
from tocsin.world.processes import Processes, Served, ask, free_port

HUB_SETTINGS = "hub.toml"
_FOUNDING_SECONDS = 4.0
"""What three commands take on a machine that has nothing else to do, and a little more."""
_LONGEST = 5
"""Times that a slot is made longer, at most."""


class Member(msgspec.Struct, frozen=True):
    """One party of the story, before it joins."""

    short: str
    """Name of its folder."""
    name: str
    role: Role
    domain: str


class Seat(msgspec.Struct, frozen=True):
    """One party that joined, with its agent's folder."""

    member: Member
    folder: Path
    party: str


class Slots(msgspec.Struct, frozen=True):
    """The anonymous path of an alliance that was founded a moment ago, and does not wait for days."""

    seconds: int
    """Of each slot."""
    number: int
    """Of an epoch."""
    issue_seconds: int
    rest_seconds: int
    simulated: int
    """Banks in one process beside the members."""

    def paced(self, took: float) -> Self:
        """The same for a machine on which founding took so many seconds: who is busy gets longer slots."""
        longer = min(max(1, int(took / _FOUNDING_SECONDS)), _LONGEST)
        seconds, issue_seconds = self.seconds * longer, self.issue_seconds * longer
        return msgspec.structs.replace(self, seconds=seconds, issue_seconds=issue_seconds)


class Alliance(msgspec.Struct, frozen=True):
    """Everything that runs."""

    folder: Path
    hub_url: str
    hub: str
    seats: dict[str, Seat]
    slots: Slots | None = None
    """Of its anonymous path, as this machine bears them."""


class Place(msgspec.Struct, frozen=True):
    """Where a hub is."""

    port: int
    """Of its address."""
    listens: int = 0
    """Where it listens itself, if somebody else stands at its address."""
    store: str = "hub.db"
    """A file in its folder, or a URL of an empty database of PostgreSQL."""


def raise_alliance(
    folder: Path,
    members: tuple[Member, ...],
    processes: Processes,
    tell: Callable[[str], None],
    place: Place | None = None,
    slots: Slots | None = None,
) -> Alliance:
    """Make and start all of it, as its operators would: the same commands, in the same order.

    The relay begins last: with its word the first epoch is made, and whoever joins later is not in it.
    """
    place = place or Place(free_port())
    url = f"http://127.0.0.1:{place.port}"
    began = time.monotonic()
    hub, hub_key, partner_url = _found(folder, url, place, slots)
    if slots:
        slots = slots.paced(time.monotonic() - began)
        _relay(folder, hub_key, url, partner_url, slots)

    def begin(name: str) -> None:
        """Start one of the servers."""
        served = processes.serve(name, [name, "serve", str(folder / name)], folder / f"{name}.log")
        tell(f"{name:<8} process {served.pid}")

    for name in ("partner", "hub"):
        begin(name)
    crowd = _crowd(folder, url, processes, slots) if slots else None
    seats = {}
    for member in members:
        seats[member.short] = _join(folder, folder / "hub", url, member)
        arguments = ["agent", "serve", str(seats[member.short].folder), "--port", "0"]
        served = processes.serve(member.short, arguments, folder / f"{member.short}.log")
        tell(f"agent    process {served.pid}  {member.name} ({member.role})")
    if slots and crowd:
        processes.await_ready(crowd)
        tell(f"agents   process {crowd.pid}  {slots.simulated} more banks, simulated: nobody acts for them")
        begin("relay")
    return Alliance(folder, url, hub, seats, slots)


def _crowd(folder: Path, url: str, processes: Processes, slots: Slots) -> Served:
    """The simulated banks, which join while others do."""
    words = [str(slots.simulated), str(folder / "hub"), str(folder / "simulated"), url]
    return processes.start("simulated", words, folder / "simulated.log", module="tocsin.world.crowd")


def _found(folder: Path, url: str, place: Place, slots: Slots | None) -> tuple[str, str, str]:
    """A hub and its partner, which do not serve yet: the hub's identifier and key, the partner's address."""
    hub, partner, port = str(folder / "hub"), str(folder / "partner"), free_port()
    named = ["hub", "init", hub, "--alliance", "City Alliance", "--url", url]
    where = ["--port", str(place.listens or place.port), "--store", place.store]
    made = ask([*named, *where], HubMade)
    operator = ["--operator", "Vault Trust AG"] if slots else []
    asked = ["--hub-key", made.key, "--port", str(port), *operator]
    witness = ask(["partner", "init", partner, *asked], PartnerMade)
    partner_url = f"http://127.0.0.1:{port}"
    ask(["hub", "partner", hub, "--url", partner_url, "--key", witness.key], PartnerLink)
    return made.hub, made.key, partner_url


def _relay(folder: Path, hub_key: str, hub_url: str, partner_url: str, slots: Slots) -> None:
    """A third legal person's relay, which the hub declares, with the numbers of an exercise in its settings."""
    hub, port = folder / "hub", free_port()
    url = f"http://127.0.0.1:{port}"
    where = ["--url", url, "--hub", hub_url, "--partner", partner_url, "--port", str(port)]
    named = ["--operator", "Post Office plc", "--hub-key", hub_key]
    made = ask(["relay", "init", str(folder / "relay"), *named, *where], RelayMade)
    operator = ["--operator", "Alliance Services Ltd"]
    ask(["hub", "relay", str(hub), *operator, "--url", url, "--key", made.key], AnonymousPath)
    config = load(hub / HUB_SETTINGS, HubConfig)
    assert config.anonymous is not None, "it was declared just now"
    numbers = msgspec.structs.replace(
        config.anonymous,
        slot_seconds=slots.seconds,
        slots=slots.number,
        issue_seconds=slots.issue_seconds,
        rest_seconds=slots.rest_seconds,
        rehearsal=True,
    )
    save(hub / HUB_SETTINGS, msgspec.structs.replace(config, anonymous=numbers))


def _join(folder: Path, hub: Path, url: str, member: Member) -> Seat:
    invited = ["--name", member.name, "--role", member.role, "--jurisdiction", "GB"]
    code = ask(["hub", "enrol", str(hub), *invited], Code).code
    home = folder / member.short
    named = ["--legal-name", member.name, "--domain", member.domain]
    joined = ask(["agent", "init", str(home), "--hub", url, "--code", code, *named], Joined)
    config = load(home / SETTINGS, AgentConfig)
    shields = Shields(csv="shields/block.csv", rpz="shields/block.rpz", suricata="shields/block.rules")
    save(home / SETTINGS, msgspec.structs.replace(config, shields=shields))
    with opened(home) as house:
        for name in ("csv", "rpz", "suricata"):
            switch(
                house,
                protection(house),
                name,
                State.ON,
                "operator",
                "the demonstration shows what is blocked",
            )
    return Seat(member, home, joined.party)
