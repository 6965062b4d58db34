# SPDX-License-Identifier: Apache-2.0
"""The story that `tocsin demo` tells: one bank is hit, the next banks are protected, and readers learn no names.

Every step is a command that a person would type, given to a real process. Times are measured on this machine, from
the hub's durable commit to the moment when the other process acted.
"""

from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from tocsin.agent.outbox import Settled
from tocsin.clock import Clock
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.observable import Kind
from tocsin.domain.party import Role
from tocsin.world.alliance import Alliance, Member, Seat, raise_alliance
from tocsin.world.look import Told, Watch, in_file, knows, not_in_file, occurrences, told
from tocsin.world.processes import Processes, ask, shown

MEMBERS = (
    Member("northbridge", "Northbridge Bank plc", Role.BANK, "northbridge.example"),
    Member("harbour", "Harbour & Vale Bank plc", Role.BANK, "harbourvale.example"),
    Member("castellan", "Castellan Savings plc", Role.BANK, "castellan.example"),
    Member("police", "City Cyber Crime Unit", Role.AGENCY, "citycyber.example"),
)
SAMPLE = "invoice_wave.eml"
FIRST_VALUE = "domain:portal.secure-clearing-update.example"
HARMLESS = "status.northline.example"
SECOND_WAVE = "refund-desk.payments-verify.example"
VICTIM_WORDS = ("helen.marsh", "Helen Marsh", "northbridge.example", "settlement hold", "88213")
"""What only the victim's mail knows: a person, her address, the bank's domain, the subject, a reference."""


_INDENT = "   "


class Moment(msgspec.Struct, frozen=True):
    """Somebody learned something."""

    milliseconds: float
    """After the hub's commit of what it came from."""
    who: str
    what: str


class Telling(msgspec.Struct, frozen=True):
    """The whole story, for a program."""

    seconds: float
    moments: tuple[Moment, ...]
    report: str
    hub_knows: Told
    victim_words_at_hub: dict[str, int]
    folder: str


class _Reported(msgspec.Struct, frozen=True):
    disclosure: Disclosure
    report: str
    settled: Settled


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
            "An alliance", "a hub, its witness, three banks and the police, each a process of its own"
        )
        alliance = raise_alliance(
            self._folder, MEMBERS, self._processes, lambda line: self._tell(f"   {line}")
        )
        reported = self._hit(alliance)
        link = next(
            i.observable.value for i in reported.disclosure.indicators if i.observable.kind is Kind.URL
        )
        self._second_source(alliance, link)
        self._police(alliance)
        self._taken_back(alliance)
        knows_hub, words = self._what_the_hub_knows(alliance, reported.report)
        self._table()
        return Telling(
            seconds=(self._clock.now() - began) / 1e6,
            moments=tuple(self._moments),
            report=reported.report,
            hub_knows=knows_hub,
            victim_words_at_hub=words,
            folder=str(self._folder),
        )

    def _hit(self, alliance: Alliance) -> _Reported:
        """Bank A reports; B and C learn of it and only watch: one source blocks nothing."""
        victim, police = alliance.seats["northbridge"], alliance.seats["police"]
        self._chapter("Northbridge Bank is hit", "its analyst sees exactly what leaves, and approves")
        with as_file(files("tocsin.world") / "samples" / SAMPLE) as sample:
            command = ["agent", "report", str(victim.folder), str(sample)]
            for line in shown([*command, "--dry-run"], self._columns - len(_INDENT))[1:-1]:
                self._tell(f"   {line}")
            others = [alliance.seats["harbour"], alliance.seats["castellan"]]
            what = "watches: one source alone blocks nothing"
            watches = [(seat, self._watch(knows(seat.folder, FIRST_VALUE), what)) for seat in others]
            reported = ask([*command, "--yes", "--by", "duty analyst"], _Reported)
        self._tell(f"   sent as {reported.report}; the hub signed a receipt")
        self._happened(reported.settled, watches, what)
        if knows(police.folder, FIRST_VALUE)() is None:
            self._tell(f"   {'never':>10}  {police.member.name}: a bank's report goes to members by default")
        return reported

    def _second_source(self, alliance: Alliance, link: str) -> None:
        """Bank B finds the same link in its own logs and confirms it: two named sources, and the others block."""
        self._chapter(
            "Harbour & Vale saw it too", "its analyst confirms the link: two named sources raise it to block"
        )
        others = [alliance.seats["castellan"], alliance.seats["northbridge"]]
        command = ["agent", "sight", str(alliance.seats["harbour"].folder), link, "--yes"]
        self._do(
            command, others, lambda seat: in_file(_csv(seat), link), "blocks the link: 2-4 named sources"
        )

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

    def _what_the_hub_knows(self, alliance: Alliance, report: str) -> tuple[Told, dict[str, int]]:
        self._chapter(
            "What the hub's database says of the victim", "searched: every file of the hub, and its log"
        )
        found = told(alliance.folder / "hub", report)
        sender = next(seat.member.name for seat in alliance.seats.values() if seat.party == found.owner)
        self._tell(f"   {found.entries} entries in {', '.join(found.streams)}. Recorded as sender: {sender}.")
        self._tell("   That is class 'named': the hub knows the sender, and no reader is told.")
        self._tell("   Class 'mixed' hides it from the hub too, with a relay: docs/howto/anonymous-path.md.")
        self._tell("   The bank's name stands in the list of members, as every member's does.")
        self._tell("   Of its mail the hub holds:")
        words = occurrences((alliance.folder / "hub", alliance.folder / "hub.log"), VICTIM_WORDS)
        for word, count in words.items():
            self._tell(f"   {count:>3} times  {word!r}")
        return found, words

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
        self._happened(delivered.settled, watches, what)
        return delivered

    def _watch(self, look: Callable[[], bool | None], what: str) -> Watch[bool]:
        return Watch(look, self._clock, what)

    def _happened(self, settled: Settled, watches: list[tuple[Seat, Watch[bool]]], what: str) -> None:
        """When each watcher saw it: milliseconds after the hub had made it durable."""
        assert settled.receipt is not None, settled.problem
        for seat, watch in watches:
            milliseconds = (watch.seen() - settled.receipt.added) / 1_000
            moment = Moment(milliseconds, seat.member.name, what)
            self._moments.append(moment)
            self._tell(f"   {moment.milliseconds:7.0f} ms  {moment.who} {moment.what}")

    def _table(self) -> None:
        self._chapter("Who learned what, and when", "milliseconds after the hub had made it durable")
        for moment in self._moments:
            self._tell(f"   {moment.milliseconds:7.0f} ms  {moment.who:<23} {moment.what}")

    def _chapter(self, title: str, sentence: str) -> None:
        self._tell("")
        self._tell(f"── {title} ──")
        self._tell(f"{_INDENT}{sentence}")


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
        "That bank saw it too (then everybody blocks it), the police warn, you take it back:",
        "",
        f"{tocsin} agent sight {other} VALUE",
        f"{tocsin} agent warn {police} draft --title 'What it is' --look-for VALUE --measures 'What to do'",
        f"{tocsin} agent erase {home} rpt_...",
    )


def _csv(seat: Seat) -> Path:
    return seat.folder / "shields" / "block.csv"
