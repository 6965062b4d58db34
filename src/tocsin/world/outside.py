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

from tocsin.agent.outbox import Settled
from tocsin.domain.party import Role
from tocsin.errors import NotBuilt
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.world import moves
from tocsin.world.alliance import Alliance, Member, raise_alliance
from tocsin.world.moves import HUB, Move
from tocsin.world.processes import Processes, ask

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


class _Sent(msgspec.Struct, frozen=True):
    id: str
    settled: Settled | None = None


class _Stands(msgspec.Struct, frozen=True):
    party: str


class Outside:
    """One alliance of real processes."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self.alliance: Alliance = raise_alliance(folder, MEMBERS, processes, lambda line: None)
        self.told: list[Told] = []
        self._does: dict[type[Move], Callable[[Any], None]] = {
            moves.Sight: self._sight,
            moves.Erase: self._erase,
            moves.Suspend: self._suspend,
            moves.Reinstate: self._reinstate,
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
        kind = move.who if move.who in (HUB, moves.PARTNER) else "agent"
        arguments = [kind, "serve", str(self.folder / move.who)]
        self.processes.serve(move.who, arguments, self.folder / f"{move.who}.log")

    def at_rest(self) -> list[str]:
        """What is wrong once everybody has had time to catch up; empty for a sound alliance."""
        deadline = time.monotonic() + _REST_SECONDS
        while (wrong := list(self._wrong())) and time.monotonic() < deadline:
            time.sleep(0.5)
        return wrong

    def _wrong(self) -> Iterator[str]:
        for name, readable in self._readers():
            place = self.folder / name / ("hub.db" if name == HUB else "agent.db")
            held = Counter((fact, stream) for fact, stream in _look(place, _ENTRIES[name == HUB]))
            for one in self.told:
                meant = int(readable is None or one.stream in readable)
                if held[one.fact, one.stream] != meant:
                    yield f"{one.fact} of {one.by} is {held[one.fact, one.stream]} times at {name}, not {meant}."
                if elsewhere := sum(
                    n for (fact, at), n in held.items() if fact == one.fact and at != one.stream
                ):
                    yield f"{one.fact} of {one.by} is {elsewhere} times in other streams at {name}."

    def _readers(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """The hub, which holds all, and everybody with what it may read."""
        yield HUB, None
        for member in MEMBERS:
            yield member.short, frozenset({"all"} | ({"members"} if member.role is Role.BANK else set()))


_ENTRIES = {
    True: "SELECT entry.fact, stream.name FROM entry JOIN stream ON stream.number = entry.stream "
    "WHERE entry.kind = 'sighting'",
    False: "SELECT fact, stream FROM entry WHERE kind = 'sighting'",
}


def _look(path: Path, text: str) -> list[tuple[Any, ...]]:
    engine = SqliteEngine(path)
    try:
        return engine.fetch(Query("look", text, frozenset(), writes=False), {})[1]
    finally:
        engine.close()
