# SPDX-License-Identifier: Apache-2.0
"""The story that `tocsin demo` tells: one bank is hit, the next banks are protected, and nobody learns which it was.

Every step is a command that a person would type, given to a real process. Times are measured on this machine, to the
moment when the other process acted: from the hub's durable commit, or from the end of its slot for what was anonymous.
"""

import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

import msgspec

from tocsin.agent.outbox import Settled
from tocsin.clock import Clock, Instant
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.level import Level
from tocsin.domain.observable import Kind
from tocsin.domain.party import Role
from tocsin.errors import NotAnonymous, RemoteError
from tocsin.world.alliance import Alliance, Member, Seat, Slots, raise_alliance
from tocsin.world.look import (
    Slot,
    Watch,
    in_file,
    knows,
    level_of,
    not_in_file,
    occurrences,
    path_of,
    slot_of,
    told,
)
from tocsin.world.processes import Processes, ask, shown

MEMBERS = (
    Member("northbridge", "Northbridge Bank plc", Role.BANK, "northbridge.example"),
    Member("harbour", "Harbour & Vale Bank plc", Role.BANK, "harbourvale.example"),
    Member("castellan", "Castellan Savings plc", Role.BANK, "castellan.example"),
    Member("police", "City Cyber Crime Unit", Role.AGENCY, "citycyber.example"),
)
SLOTS = Slots(seconds=3, number=1_200, issue_seconds=6, rest_seconds=1, simulated=25)
"""Enough for the default floor of 20 where a busy machine makes some of them miss a slot of three seconds."""
_SERVERS = ("hub", "relay", "partner")
_PATIENCE_SECONDS = 90.0
"""How long a slot is waited for: one that a busy machine missed costs five more."""
_LOOK_SECONDS = 0.3
"""How often a store is opened for a look."""
SAMPLE = "invoice_wave.eml"
FIRST_VALUE = "domain:portal.secure-clearing-update.example"
HARMLESS = "status.northline.example"
SECOND_WAVE = "refund-desk.payments-verify.example"
VICTIM_WORDS = ("helen.marsh", "Helen Marsh", "northbridge.example", "settlement hold", "88213")
"""What only the victim's mail knows: a person, her address, the bank's domain, the subject, a reference."""


T = TypeVar("T")
_INDENT = "   "
_WAITS = 3
"""Exit code of a report that waits for its slot."""


class Moment(msgspec.Struct, frozen=True):
    """Somebody learned something."""

    milliseconds: float
    """After the hub's commit of what it came from; after the end of its slot for an anonymous report."""
    who: str
    what: str


class Telling(msgspec.Struct, frozen=True):
    """The whole story, for a program."""

    seconds: float
    moments: tuple[Moment, ...]
    report: str
    known: Slot
    """What the three databases hold of it."""
    victim_words: dict[str, int]
    """How often they stand in any file of hub, relay and partner."""
    folder: str


class _Reported(msgspec.Struct, frozen=True):
    disclosure: Disclosure
    report: str


class _Delivered(msgspec.Struct, frozen=True):
    id: str
    settled: Settled


class _Warned(msgspec.Struct, frozen=True):
    id: str


class Story:
    """One telling. `tell` gets every line as it happens."""

    def __init__(
        self, folder: Path, clock: Clock, processes: Processes, tell: Callable[[str], None], columns: int
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._processes = processes
        self._tell = tell
        self._columns = columns
        self._moments: list[Moment] = []

    def run(self) -> Telling:
        """All chapters in order."""
        began = self._clock.now()
        self._chapter(
            "An alliance", "a hub, a partner, a relay, three banks and the police, each a process of its own"
        )
        alliance = raise_alliance(
            self._folder, MEMBERS, self._processes, lambda line: self._tell(f"   {line}"), slots=SLOTS
        )
        reported = self._hit(alliance)
        link = next(
            i.observable.value for i in reported.disclosure.indicators if i.observable.kind is Kind.URL
        )
        confirmed = self._confirmed(alliance, link)
        known, words = self._who_knows(alliance, reported.report, confirmed.id)
        self._police(alliance)
        self._taken_back(alliance)
        self._table()
        return Telling(
            seconds=(self._clock.now() - began) / 1e6,
            moments=tuple(self._moments),
            report=reported.report,
            known=known,
            victim_words=words,
            folder=str(self._folder),
        )

    def _hit(self, alliance: Alliance) -> _Reported:
        """Bank A reports so that nobody can tell it was A; B and C learn of it and only watch."""
        self._chapter(
            "Northbridge Bank is hit",
            "its analyst sees exactly what leaves, and lets it go so that nobody can tell whose it is",
        )
        victim, police = alliance.seats["northbridge"], alliance.seats["police"]
        assert alliance.slots is not None, "it was raised with a path"
        seconds = alliance.slots.seconds
        self._tell(f"   The anonymous path opens: slots of {seconds} s here, of 5 minutes in earnest.")
        _await_set(victim)
        what = "watches: one anonymous report blocks nothing"
        others = [alliance.seats["harbour"], alliance.seats["castellan"]]
        watches = [(one, self._watch(knows(one.folder, FIRST_VALUE), what)) for one in others]
        reported = self._let_go(victim)
        self._tell(
            f"   {reported.report} waits for its slot: every bank sends one envelope in each, all of one size"
        )
        for _, watch in watches:
            watch.seen()
        self._happened(told(alliance.folder / "hub", reported.report).added, watches, what)
        if knows(police.folder, FIRST_VALUE)() is None:
            self._tell(f"   {'never':>10}  {police.member.name}: a bank's report goes to members by default")
        return reported

    def _let_go(self, seat: Seat) -> _Reported:
        """Show a report of class `mixed` and approve it; again, where too few banks were in a slot meanwhile.

        No bank was ever away here: what holds reports back after an outage would hide nothing.
        """
        with as_file(files("tocsin.world") / "samples" / SAMPLE) as sample:
            command = ["agent", "report", str(seat.folder), str(sample), "--class", "mixed", "--without-hold"]
            for line in shown([*command, "--dry-run"], self._columns - len(_INDENT))[1:-1]:
                self._tell(f"   {line}")
            while True:
                try:
                    return ask([*command, "--yes", "--by", "duty analyst"], _Reported, code=_WAITS)
                except NotAnonymous as error:
                    self._tell(f"   not yet: {error.detail}")
                    _await_set(seat)

    def _confirmed(self, alliance: Alliance, link: str) -> _Delivered:
        """Banks B and C find the same link in their own logs and confirm it: two named sources, and all block."""
        self._chapter(
            "Two banks saw it too",
            "an anonymous report counts for no quorum: it takes two that give their names",
        )
        harbour, castellan = alliance.seats["harbour"], alliance.seats["castellan"]
        ask(["agent", "sight", str(harbour.folder), link, "--yes"], _Delivered)
        value, name = f"{Kind.URL}:{link}", harbour.member.name
        _until(lambda: level_of(castellan.folder, value) == Level.HOLD or None, "the link at level hold")
        self._tell(f"   {name} confirms the link: the others hold it for a person, and block nothing")
        command = ["agent", "sight", str(castellan.folder), link, "--yes"]
        others = [harbour, alliance.seats["northbridge"]]
        what = "blocks the link: 2-4 named sources"
        return self._do(command, others, lambda seat: in_file(_csv(seat), link), what)

    def _who_knows(self, alliance: Alliance, report: str, confirmation: str) -> tuple[Slot, dict[str, int]]:
        """Hub, relay and partner, each by its own store."""
        self._chapter(
            "Who reported it?", "looked up in the stores of hub, relay and partner, and searched for"
        )
        known = _until(lambda: slot_of(alliance.folder, report), "the record of a slot")
        for line in _knowledge(known):
            self._tell(f"   {line}")
        owner = told(alliance.folder / "hub", confirmation).owner
        name = next(seat.member.name for seat in alliance.seats.values() if seat.party == owner)
        self._tell(f"   The second confirmation was of class 'named': the hub knows that it is {name}'s.")
        places = {one: (alliance.folder / one, alliance.folder / f"{one}.log") for one in _SERVERS}
        for one in ("relay", "partner"):
            counts = occurrences(places[one], (FIRST_VALUE.partition(":")[2], report))
            self._tell(f"   {one:<8} holds its values and its identifier {sum(counts.values())} times.")
        self._tell("   Of the bank's mail the three of them hold:")
        words = occurrences(tuple(path for pair in places.values() for path in pair), VICTIM_WORDS)
        for word, count in words.items():
            self._tell(f"   {count:>3} times  {word!r}")
        return known, words

    def _police(self, alliance: Alliance) -> None:
        """The police warn of another wave: two officers, the agency's signature, no word about who was hurt."""
        police = alliance.seats["police"]
        self._chapter(
            "The police warn of a second wave", "signed by the agency: the hub could not have written it"
        )
        warning = ["--title", "Refund calls with a fake verification page", "--look-for", SECOND_WAVE]
        advice = [
            "--measures",
            "Block the host. Call customers back on known numbers only.",
            "--urgency",
            "urgent",
        ]
        banks = [alliance.seats[short] for short in ("northbridge", "harbour", "castellan")]
        warn = ["agent", "warn", str(police.folder)]
        drafted = ask([*warn, "draft", *warning, *advice, "--by", "Inspector Okafor"], _Warned)
        ask([*warn, "approve", drafted.id, "--by", "Superintendent Lindqvist"], _Warned)
        self._tell("   one officer wrote it, another approved it; their names stay at the agency")
        self._do(
            [*warn, "issue", drafted.id],
            banks,
            lambda seat: in_file(_csv(seat), SECOND_WAVE),
            "blocks the host: a warning names it",
        )

    def _taken_back(self, alliance: Alliance) -> None:
        """A mistake is taken back; the block that rested on it goes away by itself."""
        self._chapter(
            "A mistake, taken back", "two banks name a harmless host; one withdraws, and the block is gone"
        )
        harbour = str(alliance.seats["harbour"].folder)
        watcher = [alliance.seats["northbridge"]]
        ask(["agent", "sight", str(alliance.seats["castellan"].folder), HARMLESS, "--yes"], _Delivered)
        confirmed = self._do(
            ["agent", "sight", harbour, HARMLESS, "--yes"],
            watcher,
            lambda seat: in_file(_csv(seat), HARMLESS),
            "blocks it: 2-4 named sources",
        )
        self._do(
            ["agent", "erase", harbour, confirmed.id, "--reason", "mistake"],
            watcher,
            lambda seat: not_in_file(_csv(seat), HARMLESS),
            "no longer blocks it: it was taken back",
        )

    def _do(
        self,
        command: list[str],
        seats: list[Seat],
        look: Callable[[Seat], Callable[[], bool | None]],
        what: str,
    ) -> _Delivered:
        """Run a command while others are watched for what it brings about."""
        watches = [(seat, self._watch(look(seat), what)) for seat in seats]
        delivered = ask(command, _Delivered)
        assert delivered.settled.receipt is not None, delivered.settled.problem
        self._happened(Instant(delivered.settled.receipt.added), watches, what)
        return delivered

    def _watch(self, look: Callable[[], bool | None], what: str) -> Watch[bool]:
        return Watch(look, self._clock, what, _PATIENCE_SECONDS)

    def _happened(self, since: Instant, watches: list[tuple[Seat, Watch[bool]]], what: str) -> None:
        """When each watcher saw it: milliseconds after that moment."""
        for seat, watch in watches:
            milliseconds = (watch.seen() - since) / 1_000
            moment = Moment(milliseconds, seat.member.name, what)
            self._moments.append(moment)
            self._tell(f"   {moment.milliseconds:7.0f} ms  {moment.who} {moment.what}")

    def _table(self) -> None:
        self._chapter(
            "Who learned what, and when", "milliseconds after the hub had made it durable, or after the slot"
        )
        for moment in self._moments:
            self._tell(f"   {moment.milliseconds:7.0f} ms  {moment.who:<23} {moment.what}")

    def _chapter(self, title: str, sentence: str) -> None:
        self._tell("")
        self._tell(f"── {title} ──")
        self._tell(f"{_INDENT}{sentence}")


def _await_set(seat: Seat) -> None:
    """Until the records of slots say that enough banks send, by the agent's own word."""

    def enough() -> bool | None:
        """None for not yet."""
        found = path_of(seat.folder)
        return True if found.among >= max(found.floor, 1) else None

    _until(enough, "enough banks in a slot")


def _until(look: Callable[[], T | None], what: str) -> T:
    """Look until there is something to see; RemoteError when there is nothing for too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise RemoteError(f"Nobody saw this within {_PATIENCE_SECONDS:.0f} s: {what}.")
        time.sleep(_LOOK_SECONDS)
    return found


def _knowledge(known: Slot) -> Iterator[str]:
    """What each of the three holds of an anonymous report, and what nobody does."""
    yield (
        f"The set: 1 of {known.among}. The relay counted {known.senders} senders, the partner {known.blobs} envelopes, "
        f"and {known.issued} members have tokens."
    )
    yield (
        f"hub      has {known.hub.entries} entries for {', '.join(known.hub.streams)}; sender: {known.hub.owner}; "
        f"time: the end of slot {known.number}."
    )
    yield (
        f"relay    knows who is a member, {known.on_roster} of them, and has signed that slot {known.number} had "
        f"{known.senders} senders. It read none."
    )
    yield (
        f"partner  has signed ten bits for each of {known.blobs} sealed envelopes. It knows no sender "
        "and opens none."
    )
    yield "All three together could tell which it was, and so could what a report says."


_LINK = re.compile(r"http\S+/first/\S+")


def own_file(folder: Path) -> tuple[str, ...]:
    """How to go on: report a file of one's own, confirm it elsewhere, warn of it, take it back."""
    home, other, police = folder / "northbridge", folder / "harbour", folder / "police"
    tocsin = "   .venv/bin/tocsin"
    return (
        "The alliance is running. In another terminal you can see what a bank blocks now:",
        "",
        f"   cat {other / 'shields' / 'block.csv'}",
        "",
        "With a suspicious mail of your own, saved as mail.eml: exactly what would leave,",
        "sending it, what another bank learns of it, and what the hub holds:",
        "",
        f"{tocsin} agent report {home} mail.eml --dry-run",
        f"{tocsin} agent report {home} mail.eml",
        f"{tocsin} agent inbox {other}",
        f"{tocsin} hub status {folder / 'hub'}",
        "",
        "Or so that nobody can tell whose it is, among all banks of a slot, and what became of it:",
        "",
        f"{tocsin} agent report {home} mail.eml --class mixed",
        f"{tocsin} agent anonymous {home}",
        "",
        "That bank saw it too (then everybody blocks it), the police warn, you take it back:",
        "",
        f"{tocsin} agent sight {other} VALUE",
        f"{tocsin} agent warn {police} draft --title 'What it is' --look-for VALUE --measures 'What to do'",
        f"{tocsin} agent erase {home} rpt_...",
        *_by_browser(folder),
    )


def _by_browser(folder: Path) -> Iterator[str]:
    """The one-time links that a bank's agent and the police's have printed at their start."""
    links = {who: _LINK.search((folder / f"{who}.log").read_text()) for who in ("northbridge", "police")}
    if any(links.values()):
        yield from ("", "All of it by browser too. Each link lets one person in, once:", "")
        yield from (f"   {who:<12} {link[0]}" for who, link in links.items() if link)


def _csv(seat: Seat) -> Path:
    return seat.folder / "shields" / "block.csv"
