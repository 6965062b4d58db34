# SPDX-License-Identifier: Apache-2.0
"""A whole alliance of real processes on one machine: the second driver of the moves.

A move is done by the command that a person would type (`commands.py`). The hub's processes stand behind one address
(`front.py`), and the clocks of all of them are moved from outside (`moved.py`). What needs a wire, a disk or a party
that can be taken in hand is refused, and belongs to the world in one process.

What must hold at the end is looked for in the stores themselves: everything that was said is there as often as it was
said, where it belongs and nowhere else; nobody has it before its time, and nobody has the text of what was taken back.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self, TypeVar

import msgspec

from tocsin.agent.app import SETTINGS
from tocsin.clock import DAY, Instant
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig
from tocsin.domain.party import Role
from tocsin.errors import StateError
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.store import Value
from tocsin.world.alliance import Alliance, Member, Place, raise_alliance
from tocsin.world.bystander import RETENTION_DAYS
from tocsin.world.front import Front
from tocsin.world.moved import Clocks
from tocsin.world.moves import EDGE, GROUP, HUB, PARTNER, TWIN
from tocsin.world.processes import Processes, ask, free_port

R = TypeVar("R", bound=msgspec.Struct)

MEMBERS = (
    Member("ayr", "Ayr Bank plc", Role.BANK, "ayr.example"),
    Member("bute", "Bute Bank plc", Role.BANK, "bute.example"),
    Member("esk", "Esk Office", Role.AGENCY, "esk.example"),
)
GROUP_STREAM = f"group:{GROUP}"
_RESTORE_SECONDS = 5
"""A hub that comes back waits no longer for what nobody brings."""
_REST_SECONDS = 60.0


class Told(msgspec.Struct):
    """One thing that was said and receipted, and what became of it."""

    by: str
    fact: str
    streams: tuple[str, ...]
    kind: str = "sighting"
    """As entries have it."""
    entries: int = 1
    """In each of its streams."""
    at: Instant = Instant(0)
    not_before: Instant = Instant(0)
    """Embargo."""
    gone: bool = False
    """Its text is nowhere any more."""


class Outside:
    """One alliance of real processes, from the beginning of its context to the end."""

    def __init__(self, folder: Path, store: str = "hub.db") -> None:
        """`store` is the hub's: a file in its folder, or a URL of an empty database of PostgreSQL."""
        self.folder = folder
        self.store = store
        self.clocks = Clocks(folder)
        self.processes = Processes(self.clocks.file)
        self.alliance: Alliance
        self.told: list[Told] = []
        self.backups: dict[str, Path] = {}
        self.suspended: set[str] = set()
        self.members: dict[str, Instant] = {}
        """Who is in the group, and from when on it reads there."""
        self.left: set[str] = set()
        """Who was in it, and keeps what it had."""
        self.has_edge = False
        self._ports = {name: free_port() for name in ("front", HUB, TWIN, EDGE)}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Raise the alliance as its operators would, the hub behind its front."""
        ports = self._ports
        with ExitStack() as opening:
            opening.enter_context(Front(ports["front"], (ports[HUB], ports[TWIN])))
            opening.enter_context(self.processes)
            place = Place(ports["front"], ports[HUB], self.store)
            self.alliance = raise_alliance(self.folder, MEMBERS, self.processes, lambda line: None, place)
            settings = self.folder / HUB / "hub.toml"
            short = {"retention_days": RETENTION_DAYS, "restore_seconds": _RESTORE_SECONDS}
            save(settings, msgspec.structs.replace(load(settings, HubConfig), **short))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # what commands are done with

    def ask(self, words: Sequence[str], into: type[R]) -> R:
        """Run a command on the machine whose folder is its third word, by that machine's clock."""
        return ask(words, into, self.clocks.file(Path(words[2]).name))

    def home(self, who: str) -> str:
        """The folder of a machine."""
        return str(self.folder / who)

    def party(self, who: str) -> str:
        """The identifier of a party by its short name."""
        return self.alliance.seats[who].party

    def audience(self, text: str) -> str:
        """An audience with a party's identifier in place of its short name."""
        kind, _, short = text.partition(":")
        return f"party:{self.party(short)}" if kind == "party" else text

    def start(self, who: str) -> None:
        """Start a process as its operator does, unless it runs."""
        if self.processes.runs(who):
            return
        place = HUB if who == TWIN else who
        kind = {HUB: HUB, EDGE: HUB, PARTNER: PARTNER}.get(place, "agent")
        words = [kind, "serve", self.home(place)]
        if place == HUB:
            words += ["--port", str(self._ports[who])]
        if who == EDGE:
            words += ["--follow", self.alliance.hub_url]
        self.processes.serve(who, words, self.folder / f"{who}.log")

    def restart(self, who: str) -> None:
        """A process that runs begins anew."""
        if self.processes.runs(who):
            self.processes.kill(who)
            self.start(who)

    def restart_hubs(self) -> None:
        """Whatever process of the hub runs begins anew."""
        for who in (HUB, TWIN):
            self.restart(who)

    def edge_place(self) -> tuple[str, int]:
        """Address and port of the edge."""
        return f"http://127.0.0.1:{self._ports[EDGE]}", self._ports[EDGE]

    def read_from(self, who: str, url: str) -> None:
        """A party's settings name an edge, or none; its agent is started anew."""
        settings = self.folder / who / SETTINGS
        save(settings, msgspec.structs.replace(load(settings, AgentConfig), read_url=url))
        self.restart(who)

    def lose_edge_and_twin(self) -> None:
        """The hub's machine is lost: its other process cannot go on, and its edge may not be known any more."""
        for who in (TWIN, EDGE):
            self.processes.kill(who)
        self.has_edge = False

    def age(self, days: int) -> None:
        """Days pass. What has reached the alliance's age is gone when the hub has looked, as it does when it starts."""
        self.clocks.advance(days * DAY)
        old = self.clocks.now(HUB) - RETENTION_DAYS * DAY
        for one in self.told:
            one.gone = one.gone or (one.kind in ("object", "sighting") and one.at < old)
        self.restart_hubs()

    def wait_for_directory(self) -> None:
        """Until every member that follows, and may, knows the whole directory of the hub: its new key stands there.

        A command that is earlier says that no key it knows has signed the receipt, and keeps its message.
        """
        deadline = time.monotonic() + _REST_SECONDS
        here = {member.short for member in MEMBERS if self.processes.runs(member.short)}
        following = here - self.suspended
        while any(self._directory(name) < self._directory(HUB) for name in following):
            if time.monotonic() > deadline:
                raise StateError(
                    f"Not all of {', '.join(sorted(following))} have heard of the hub's new key."
                )
            time.sleep(0.2)

    def _directory(self, name: str) -> int:
        """How many entries of the directory a store holds."""
        return len(self._fetch(name, _DIRECTORY[name == HUB]))

    # what must hold

    def at_rest(self) -> list[str]:
        """What is wrong once everybody has had time to catch up; empty for a sound alliance.

        The cores may be shared: what counts is that it becomes less.
        """
        wrong, deadline = list(self._wrong()), time.monotonic() + _REST_SECONDS
        while wrong and time.monotonic() < deadline:
            time.sleep(0.5)
            left = list(self._wrong())
            if len(left) < len(wrong):
                deadline = time.monotonic() + _REST_SECONDS
            wrong = left
        return wrong

    def _wrong(self) -> Iterator[str]:
        now = self.clocks.now(HUB)
        for name, readable in self._readers():
            entries, texts = self._held(name)
            for one in self.told:
                if GROUP_STREAM in one.streams and name in self.left:
                    continue
                due = one.entries if one.not_before <= now else 0
                meant = {at: due for at in one.streams if readable is None or at in readable}
                for at in {at for fact, at in entries if fact == one.fact} | meant.keys():
                    if (found := entries[one.fact, at]) != meant.get(at, 0):
                        yield f"{one.fact} of {one.by} is {found} times in {at} at {name}, not {meant.get(at, 0)}."
                    kept = not one.gone and (at != GROUP_STREAM or one.at >= self.members.get(name, 0))
                    left = meant.get(at, 0) * kept
                    if (found := texts[one.fact, at]) != left:
                        yield f"{found} texts of {one.fact} are in {at} at {name}, not {left}."

    def _readers(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Hub and edge, which hold all, and everybody with what it may read."""
        yield from ((name, None) for name in (HUB, *([EDGE] if self.has_edge else [])))
        for member in MEMBERS:
            if member.short in self.suspended:
                continue
            names = {"all", "jurisdiction:GB", f"role:{member.role}", f"party:{self.party(member.short)}"}
            names |= {f"role:{member.role}+jurisdiction:GB"}
            names |= {"members"} if member.role is Role.BANK else set()
            names |= {GROUP_STREAM} if member.short in self.members else set()
            yield member.short, frozenset(names)

    def _held(self, name: str) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """How many entries about each fact a store holds in each stream, and how many that still have their text.

        What tells of an erasure is about the same fact, and is neither.
        """
        entries, texts = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for fact, stream, body in self._look(name):
            entries[str(fact), str(stream)] += 1
            texts[str(fact), str(stream)] += body is not None
        return entries, texts

    def _look(self, name: str) -> list[tuple[Value, ...]]:
        return self._fetch(name, _ENTRIES[name in (HUB, EDGE)])

    def _fetch(self, name: str, statement: LiteralString) -> list[tuple[Value, ...]]:
        query = Query("look", statement, frozenset(), writes=False)
        if name == HUB and self.store.startswith("postgresql://"):
            from tocsin.storage.postgres import PostgresEngine  # its driver is 20 MB that the demo never uses

            engine: SqliteEngine | PostgresEngine = PostgresEngine(self.store)
        else:
            engine = SqliteEngine(self.folder / name / (f"{name}.db" if name in (HUB, EDGE) else "agent.db"))
        try:
            return engine.fetch(query, {})[1]
        finally:
            engine.close()


_ENTRIES = {
    True: "SELECT entry.fact, stream.name, body.seq FROM entry JOIN stream ON stream.number = entry.stream "
    "LEFT JOIN body ON body.stream = entry.stream AND body.seq = entry.seq "
    "WHERE entry.kind IN ('object', 'sighting', 'warning', 'acknowledgement')",
    False: "SELECT entry.fact, entry.stream, body.seq FROM entry LEFT JOIN body ON body.stream = entry.stream "
    "AND body.seq = entry.seq WHERE entry.kind IN ('object', 'sighting', 'warning', 'acknowledgement')",
}
"""Of what holds every stream, in the hub's own tables, and of an agent's."""
_DIRECTORY = {
    True: "SELECT entry.seq FROM entry JOIN stream ON stream.number = entry.stream WHERE stream.name = 'directory'",
    False: "SELECT seq FROM entry WHERE stream = 'directory'",
}
"""The same of the directory alone."""
