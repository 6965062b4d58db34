# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent report`: from a file on the desk to a receipt, with a look at exactly what would leave.

Exit code 1 when any file was refused, here or by the hub; 3 when any report waits: in the outbox, or until people
approve it. Each file is for itself: what becomes of one costs no other.

Many files are one run that can be broken off anywhere and begun again: what an earlier run was through with is
recognised by its bytes (`tocsin.agent.seen`) and skipped, unless it was decided under other rules; a report that was
queued is found by its file (`tocsin.agent.reported`) and never queued twice.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from tocsin.agent import app
from tocsin.agent.anonymous.reports import CLASSES, Anonymous, Way
from tocsin.agent.cases.ledger import digest_of
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.drafts import Terms
from tocsin.agent.house import House
from tocsin.agent.meter import measure
from tocsin.agent.outbox import Settled
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import without
from tocsin.agent.reported import earlier, stands, told_to
from tocsin.agent.seen import Came, Seen, reporting
from tocsin.agent.verbs.correct import corrections
from tocsin.agent.verbs.decide import Decided, by_person, by_rules, ruling
from tocsin.agent.verbs.report import Prepared, drafted
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier
from tocsin.cli.anonymous import at_the_end, send_at_once, who_learns
from tocsin.cli.anonymous import stands as path_stands
from tocsin.cli.case import tied_to
from tocsin.cli.command import Command, Output
from tocsin.cli.draft import lines, priced
from tocsin.cli.handed import Handed, collected, on_disk
from tocsin.cli.narrative import alone, beside_it, written
from tocsin.cli.outcomes import WAITS, FileReport, Tally, in_a_line, needs_no_second_look
from tocsin.cli.progress import Progress
from tocsin.cli.readers import together
from tocsin.cli.report_options import arguments
from tocsin.cli.screen import printable
from tocsin.cli.sending import Sender, agreed, attended, person
from tocsin.cli.staying import stoppable
from tocsin.cli.told import beside, embargo, refused, ruled, said_before, told
from tocsin.domain.disclosure import Attack
from tocsin.domain.likeness import Price
from tocsin.domain.marking import Marking
from tocsin.errors import InputError, NotAnonymous, RemoteError, UsageError

T = TypeVar("T")

_STOPPED = "Stopped. The same command goes on where it stopped, and sends nothing twice."
MANY = 20
"""Files of which each is shown as a whole; of more, where nobody is asked, each has a line."""


def _report(parsed: argparse.Namespace) -> Iterator[Output]:
    if not (parsed.files or parsed.collected):
        raise UsageError("Name a FILE, or take what waits in tocsin agent collected: --collected.")
    from_disk = list(on_disk(parsed.files))
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader, Sender(house) as sender:
        handed = [*from_disk, *collected(parsed.files, Queue(house), everything=parsed.collected)]
        if (parsed.without or parsed.also or parsed.text) and len(handed) > 1:
            raise UsageError(
                "--without, --also and --text go with one file: what to send is a question to each."
            )
        yield from _all(_Door(parsed, house, reader, sender, len(handed)), handed, parsed)


def _all(door: "_Door", handed: Sequence[Handed], parsed: argparse.Namespace) -> Iterator[Output]:
    """One file after another, with how far it is, until the last or an interruption, and how they ended."""
    progress, stopped = Progress(len(handed), quiet=bool(parsed.json)), False
    try:
        with stoppable(between=door.brief) as is_stopped:
            for number, one in enumerate(handed, 1):
                for output in door.take(one):
                    if output.lines:
                        progress.clear()
                    yield output
                if door.exposed or (stopped := is_stopped()):
                    break
                if line := progress.show(number, door.tally.skipped, door.tally.so_far()):
                    yield Output((line,))
    except KeyboardInterrupt:
        if len(handed) == 1:
            raise
        stopped = True
    progress.clear()
    total = door.tally.summary()
    if total.files + total.skipped > 1 or stopped or door.exposed:
        yield Output((f"{door.tally.words()}.",), total)
    if left := tuple(at_the_end(door.house, total.unseen, parsed.report_class, exposed=door.exposed)):
        yield Output(left, code=int(door.exposed))
    if stopped:
        yield Output((_STOPPED,), code=130)


class _Door:
    """One file after another, with what they share."""

    def __init__(
        self, parsed: argparse.Namespace, house: House, reader: ReaderChild, sender: Sender, files: int
    ) -> None:
        self.tally = Tally()
        self.exposed = False
        """The anonymous path would not hide another one now."""
        self._parsed = parsed
        self.house = house
        self._reader = reader
        self._sender = sender
        self._unreachable: RemoteError | None = None
        """Why the hub gave no answer to one of several: the rest is not tried, but waits with it."""
        self._several = files > 1
        self._text = written(parsed)
        self.brief = files > MANY and not parsed.dry_run and (parsed.yes or not attended(parsed))
        """Each file has a line: there are many, and nobody is asked about any."""
        self._queue = Queue(house)
        audiences = told_to(house, parsed.audience)
        self._terms = Terms(
            audiences,
            parsed.report_class,
            parsed.not_before,
            parsed.happened,
            tied_to(house, parsed),
            hold=not parsed.without_hold,
            pseudonymous=parsed.pseudonymous,
            by_name=parsed.by_name,
            namers=path_stands(house).namers if parsed.report_class in CLASSES else None,
        )
        choices = (str(parsed.attack), str(parsed.tlp), parsed.report_class, str(parsed.happened), *audiences)
        said = (one.id for one in corrections(house))
        self._seen = Seen(house, reporting(house, *choices, *said))
        self._classifier: Classifier = classifier(house)

    def take(self, handed: Handed) -> Iterator[Output]:
        """Of each document that a file is or holds: what would leave, then what became of it, with a `FileReport`."""
        name, reports, again = printable(handed.name), dict[str, None](), False
        try:
            with handed.open() as file:
                mark = self._seen.mark(file)
                if self._skips(handed, mark):
                    self.tally.skipped += 1
                    return
                found = documents(self._reader, file, name)
                for document in alone(found, name) if self._text else found:
                    for output in self._document(document):
                        if isinstance(one := output.data, FileReport):
                            self.tally.add(one)
                            again |= not needs_no_second_look(one)
                            reports |= dict.fromkeys(filter(None, (one.report or one.already,)))
                        yield output
        except (InputError, NotAnonymous) as error:
            if (exposed := isinstance(error, NotAnonymous)) and not self._several:
                raise
            self.exposed = exposed
            output = self._in_brief(refused(name, error))
            assert isinstance(output.data, FileReport)
            self.tally.add(output.data)
            yield output
            return
        if not (again or self._parsed.dry_run):
            self._remember(handed, mark, Came(tuple(reports)))

    def _skips(self, handed: Handed, mark: bytes) -> bool:
        """Whether an earlier run was through with it, and what it reported stands."""
        if not self._several or handed.item or self._parsed.dry_run or self._parsed.again:
            return False
        came = self._seen.came_of(mark)
        return came is not None and all(stands(self.house, report) for report in came.reports)

    def _remember(self, handed: Handed, mark: bytes, came: Came) -> None:
        """The next run need not read it again; what was collected waits no more."""
        self.house.store.run("through with a file", lambda tx: self._seen.keep(tx, mark, came))
        if handed.item:
            self._queue.settle(handed.item)

    def _document(self, document: Document) -> Iterator[Output]:
        name = printable(document.name)
        try:
            prepared = self._prepare(document)
        except InputError as error:
            found = self._classifier.classify(document.reading) if document.reading else ()
            yield self._in_brief(refused(name, error, found))
            return
        terms, reading, draft = self._terms, prepared.reading, prepared.draft
        price = None if self.brief else measure(self.house, draft, terms.audiences, terms.grain)
        if price:
            yield Output((f"{name}:", *self._looked_at(prepared, price)))
        shown = FileReport(
            name,
            draft.disclosure,
            terms.audiences,
            terms.not_before,
            price,
            terms.report_class,
            leaves=draft.leaves,
            stays=draft.stays,
            attachments=reading.attachments,
            features=draft.features,
            unread=reading.defects,
        )
        before = earlier(self.house, digest_of(prepared.data))
        if not self.brief:
            yield Output(tuple(said_before(before)))
        yield self._in_brief(self._settle(prepared, beside(shown, before)))

    def _looked_at(self, prepared: Prepared, price: Price) -> Iterator[str]:
        """Exactly what would leave, to whom, and what that costs."""
        terms = self._terms
        yield from lines(prepared, terms.audiences, terms.report_class)
        if terms.report_class in CLASSES:
            way = Way(terms.report_class, terms.hold, terms.pseudonymous)
            yield from who_learns(path_stands(self.house), way)
        yield from embargo(terms)
        yield priced(price, prepared.draft.disclosure)
        yield from ruled(ruling(self.house, prepared, terms))

    def _prepare(self, document: Document) -> Prepared:
        parsed = self._parsed
        prepared = drafted(
            self.house,
            self._classifier,
            document,
            attack=Attack(parsed.attack) if parsed.attack else None,
            marking=Marking(tlp=parsed.tlp),
            grain=parsed.happened,
            also=[recognise(value) for value in parsed.also],
        )
        home = [recognise(value) for value in parsed.without]
        chosen = msgspec.structs.replace(prepared, draft=without(prepared.draft, home))
        return beside_it(self.house, self._classifier, chosen, self._text, parsed) if self._text else chosen

    def _settle(self, prepared: Prepared, shown: FileReport) -> Output:
        """Approve, queue and deliver; or only say that nothing was sent."""
        parsed, house = self._parsed, self.house
        if shown.already and not (parsed.dry_run or parsed.again):
            known = "Nothing was sent. Add --again to report it once more."
            return Output((known,), shown, WAITS if shown.waits else 0)
        made = None if parsed.dry_run else self._decided(prepared, shown.already)
        if made is None:
            return Output(("Nothing was sent.",), msgspec.structs.replace(shown, waits=False))
        outcome = msgspec.structs.replace(shown, already="", waits=False)
        return told(house, made, outcome, parsed.dir, self._send, self._at_once)

    def _send(self, message: str) -> Settled:
        return self._tried(lambda: self._sender.send(message))

    def _at_once(self, house: House, report: str) -> Anonymous:
        return self._tried(lambda: send_at_once(house, report))

    def _tried(self, send: Callable[[], T]) -> T:
        if self._unreachable:
            raise self._unreachable
        try:
            return send()
        except RemoteError as error:
            if self._several:
                self._unreachable = error
            raise

    def _in_brief(self, output: Output) -> Output:
        """The same in one line where there are many; nothing of a file that holds nothing to report: it is counted."""
        one = output.data
        if not self.brief or not isinstance(one, FileReport):
            return output
        return msgspec.structs.replace(output, lines=tuple(in_a_line(one)))

    def _decided(self, prepared: Prepared, already: str) -> Decided | None:
        """By a person's yes, or by the standing rules while nobody can be asked; None after a no."""
        house, terms, by = self.house, self._terms, person(self._parsed)
        if self._parsed.yes:
            return by_person(house, prepared, terms, by)
        if ruling(house, prepared, terms).rule or not attended(self._parsed):
            return by_rules(house, prepared, terms, by)
        marking = prepared.draft.disclosure.marking
        whole = f"exactly this to {together(terms.audiences)}, {marking}, class {terms.report_class}"
        again = f"Report again what {already} tells already, " if already else "Send "
        return by_person(house, prepared, terms, by) if agreed(f"{again}{whole}?") else None


REPORT = Command(
    "agent",
    "report",
    "report an attack from a file: shows exactly what leaves, then sends it",
    _report,
    arguments,
    "Example: tocsin agent report my-agent suspicious.eml --dry-run\n\n"
    "Read are mails, Outlook .msg, mbox folders, STIX 2.x, MISP events, lists, tables, notes, web pages, PDF, logs of "
    "Zeek and Suricata, .xlsx, .docx, gzip and ZIP, by what is in them and not by their name. A bundle or a list of "
    "events above 8 MiB, of any length, is read in pieces, each a report of its own. "
    "Many files, or a folder, are one run: broken off anywhere, the same command goes on where it stopped, and sends "
    "nothing twice.\n\n"
    "The file is read in a child process without keys or network. Only values that the attacker holds leave; your "
    "people and text stay, and your name except inside an address of the attacker's own, which is marked.\n\n"
    "What no standing rule of agent.toml covers is yours to approve: --yes, or the question at a terminal. Without "
    "either it is kept until people approve it: tocsin agent drafts.",
)
