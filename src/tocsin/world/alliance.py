# SPDX-License-Identifier: Apache-2.0
"""An alliance on one machine: a hub, its partner and the agents of several parties, each a process of its own."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from tocsin.agent.app import SETTINGS, opened
from tocsin.agent.shields.switching import State
from tocsin.agent.verbs.join import Joined
from tocsin.agent.verbs.shield import switch
from tocsin.agent.work import protection
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.hub import PartnerLink
from tocsin.config.shields import Shields
from tocsin.domain.party import Role
from tocsin.hub.done import Code
from tocsin.hub.done import Made as HubMade
from tocsin.partner.app import Made as PartnerMade
from tocsin.world.processes import Processes, ask, free_port


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


class Alliance(msgspec.Struct, frozen=True):
    """Everything that runs."""

    folder: Path
    hub_url: str
    hub: str
    seats: dict[str, Seat]


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
) -> Alliance:
    """Make and start all of it, as its operators would: the same commands, in the same order."""
    place = place or Place(free_port())
    url = f"http://127.0.0.1:{place.port}"
    hub = _found(folder, url, place)
    for name in ("partner", "hub"):
        served = processes.serve(name, [name, "serve", str(folder / name)], folder / f"{name}.log")
        tell(f"{name:<8} process {served.pid}")
    seats = {}
    for member in members:
        seats[member.short] = _join(folder, folder / "hub", url, member)
        arguments = ["agent", "serve", str(seats[member.short].folder)]
        served = processes.serve(member.short, arguments, folder / f"{member.short}.log")
        tell(f"agent    process {served.pid}  {member.name} ({member.role})")
    return Alliance(folder, url, hub, seats)


def _found(folder: Path, url: str, place: Place) -> str:
    """A hub and its partner, which do not serve yet; the hub's identifier."""
    hub, partner, port = str(folder / "hub"), str(folder / "partner"), free_port()
    named = ["hub", "init", hub, "--alliance", "City Alliance", "--url", url]
    where = ["--port", str(place.listens or place.port), "--store", place.store]
    made = ask([*named, *where], HubMade)
    witness = ask(["partner", "init", partner, "--hub-key", made.key, "--port", str(port)], PartnerMade)
    ask(["hub", "partner", hub, "--url", f"http://127.0.0.1:{port}", "--key", witness.key], PartnerLink)
    return made.hub


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
