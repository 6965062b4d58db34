# SPDX-License-Identifier: Apache-2.0
"""The same moves on real processes, by the commands that people type: the second driver.

It does what a person or a bad day can do to processes on one machine. What needs a clock, a wire or a disk that can be
taken in hand is refused (NotBuilt) and belongs to the world in one process. What must hold at the end is looked for in
the stores' files: everything that was said is there once, where it belongs and nowhere else.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tocsin.agent.app import SETTINGS
from tocsin.agent.outbox import Settled
from tocsin.config import AgentConfig, load, save
from tocsin.domain.party import Role
from tocsin.errors import NotBuilt
from tocsin.hub.edge.app import MadeEdge
from tocsin.hub.verbs.edges import EdgeCode
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.world import moves
from tocsin.world.alliance import Alliance, Member, raise_alliance
from tocsin.world.moves import EDGE, HUB, Move
from tocsin.world.processes import Processes, ask, free_port

MEMBERS = (
    Member("ayr", "Ayr Bank plc", Role.BANK, "ayr.example"),
    Member("bute", "Bute Bank plc", Role.BANK, "bute.example"),
    Member("esk", "Esk Office", Role.AGENCY, "esk.example"),
)
_REST_SECONDS = 60.0


class Told(msgspec.Struct, frozen=True):
    """One thing that was said and receipted, and the stream that it is for."""

    by: str
    fact: str
    stream: str
    kind: str = "sighting"
    """As entries have it."""


class _Sent(msgspec.Struct, frozen=True):
    id: str
    settled: Settled | None = None


class _Stands(msgspec.Struct, frozen=True):
    party: str


class _Roster(msgspec.Struct, frozen=True):
    group: str


class Outside:
    """One alliance of real processes."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self.alliance: Alliance = raise_alliance(folder, MEMBERS, processes, lambda line: None)
        self.told: list[Told] = []
        self.members: set[str] = set()
        """Who is in the group."""
        self.left: set[str] = set()
        """Who was in it, and keeps what it had."""
        self._edge_port = free_port()
        self._has_edge = False
        self._does: dict[type[Move], Callable[[Any], None]] = {
            moves.Sight: self._sight,
            moves.Warn: self._warn,
            moves.Acknowledge: self._acknowledge,
            moves.Erase: self._erase,
            moves.Suspend: self._suspend,
            moves.Reinstate: self._reinstate,
            moves.JoinGroup: self._join_group,
            moves.LeaveGroup: self._leave_group,
            moves.RaiseEdge: self._raise_edge,
            moves.ReadFrom: self._read_from,
            moves.Kill: self._kill,
            moves.Start: self._start,
            moves.Wait: lambda move: time.sleep(move.seconds),
        }

    def do(self, move: Move) -> None:
        """Do one move; NotBuilt for one that needs a simulated machine."""
        if type(move) not in self._does:
            raise NotBuilt(f"{type(move).__name__} needs a simulated machine: tocsin.world.inside has them.")
        self._does[type(move)](move)

    def _sight(self, move: moves.Sight) -> None:
        folder = str(self.alliance.seats[move.by].folder)
        command = ["agent", "sight", folder, f"lure-{move.value}.example", "--audience", move.audience]
        sent = ask([*command, "--yes"], _Sent)
        self.told.append(Told(move.by, sent.id, move.audience))

    def _warn(self, move: moves.Warn) -> None:
        command = ["agent", "warn", str(self.alliance.seats[move.by].folder)]
        about = ["--title", "A wave of calls", "--look-for", f"lure-{move.value}.example"]
        spoken = ["--measures", "Block the host.", "--audience", move.audience, "--by", "Inspector Okafor"]
        warning = ask([*command, "draft", *about, *spoken], _Sent).id
        for step in ("approve", "issue"):
            ask([*command, step, warning, "--by", "Superintendent Lindqvist"], _Sent)
        self.told.append(Told(move.by, warning, move.audience, "warning"))

    def _acknowledge(self, move: moves.Acknowledge) -> None:
        seat = self.alliance.seats[move.by]
        warnings = [one.fact for one in reversed(self.told) if one.kind == "warning"]
        warning = warnings[move.nth % len(warnings)]
        sent = ask(["agent", "ack", str(seat.folder), warning, "--answer", move.answer], _Sent)
        self.told.append(Told(move.by, sent.id, f"party:{seat.party}", "acknowledgement"))

    def _join_group(self, move: moves.JoinGroup) -> None:
        party = self.alliance.seats[move.who].party
        self._group("--add", party, "--history", move.history)
        self.members.add(move.who)

    def _leave_group(self, move: moves.LeaveGroup) -> None:
        self._group("--remove", self.alliance.seats[move.who].party)
        self.members.remove(move.who)
        self.left.add(move.who)

    def _group(self, *change: str) -> None:
        ask(["hub", "group", str(self.folder / HUB), moves.GROUP, *change], _Roster)

    def _raise_edge(self, move: moves.RaiseEdge) -> None:
        code = ask(["hub", "edge", str(self.folder / HUB), EDGE], EdgeCode).code
        place = ["--url", self._edge_url, "--port", str(self._edge_port)]
        ask(
            [
                "hub",
                "follow",
                str(self.folder / EDGE),
                "--hub",
                self.alliance.hub_url,
                "--code",
                code,
                *place,
            ],
            MadeEdge,
        )
        self._start(moves.Start(EDGE))
        self._has_edge = True

    @property
    def _edge_url(self) -> str:
        return f"http://127.0.0.1:{self._edge_port}"

    def _read_from(self, move: moves.ReadFrom) -> None:
        settings = self.alliance.seats[move.who].folder / SETTINGS
        url = self._edge_url if move.place == EDGE else ""
        save(settings, msgspec.structs.replace(load(settings, AgentConfig), read_url=url))
        if self.processes.runs(move.who):
            self.processes.kill(move.who)
            self._start(moves.Start(move.who))

    def _erase(self, move: moves.Erase) -> None:
        own = [one for one in reversed(self.told) if one.by == move.by]
        folder = str(self.alliance.seats[move.by].folder)
        ask(["agent", "erase", folder, own[move.nth % len(own)].fact, "--reason", "mistake"], _Sent)

    def _suspend(self, move: moves.Suspend) -> None:
        self._stand("suspend", move.who)

    def _reinstate(self, move: moves.Reinstate) -> None:
        self._stand("reinstate", move.who)

    def _stand(self, step: str, who: str) -> None:
        party = self.alliance.seats[who].party
        ask(["hub", step, str(self.folder / "hub"), party, "--reason", "incident"], _Stands)

    def _kill(self, move: moves.Kill) -> None:
        self.processes.kill(move.who)

    def _start(self, move: moves.Start) -> None:
        if self.processes.runs(move.who):
            return
        kind = {HUB: HUB, EDGE: HUB, moves.PARTNER: moves.PARTNER}.get(move.who, "agent")
        arguments = [kind, "serve", str(self.folder / move.who)]
        if move.who == EDGE:
            arguments += ["--follow", self.alliance.hub_url]
        self.processes.serve(move.who, arguments, self.folder / f"{move.who}.log")

    def at_rest(self) -> list[str]:
        """What is wrong once everybody has had time to catch up; empty for a sound alliance."""
        deadline = time.monotonic() + _REST_SECONDS
        while (wrong := list(self._wrong())) and time.monotonic() < deadline:
            time.sleep(0.5)
        return wrong

    def _wrong(self) -> Iterator[str]:
        for name, readable in self._readers():
            held = Counter(
                _look(self.folder / name / f"{_STORES.get(name, 'agent')}.db", _ENTRIES[name in _STORES])
            )
            for one in self.told:
                if one.stream == _GROUP_STREAM and name in self.left:
                    continue
                meant = int(readable is None or one.stream in readable)
                if held[one.fact, one.stream] != meant:
                    yield f"{one.fact} of {one.by} is {held[one.fact, one.stream]} times at {name}, not {meant}."
                if elsewhere := sum(
                    n for (fact, at), n in held.items() if fact == one.fact and at != one.stream
                ):
                    yield f"{one.fact} of {one.by} is {elsewhere} times in other streams at {name}."

    def _readers(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Hub and edge, which hold all, and everybody with what it may read."""
        yield from ((name, None) for name in (HUB, *([EDGE] if self._has_edge else [])))
        for member in MEMBERS:
            names = {"all", f"role:{member.role}", f"party:{self.alliance.seats[member.short].party}"}
            names |= {"members"} if member.role is Role.BANK else set()
            names |= {_GROUP_STREAM} if member.short in self.members else set()
            yield member.short, frozenset(names)


_GROUP_STREAM = f"group:{moves.GROUP}"
_STORES = {HUB: "hub", EDGE: "edge"}
"""What holds every stream, in the hub's own tables."""
_ENTRIES = {
    True: "SELECT entry.fact, stream.name FROM entry JOIN stream ON stream.number = entry.stream",
    False: "SELECT fact, stream FROM entry",
}


def _look(path: Path, text: str) -> list[tuple[Any, ...]]:
    engine = SqliteEngine(path)
    try:
        return engine.fetch(Query("look", text, frozenset(), writes=False), {})[1]
    finally:
        engine.close()
