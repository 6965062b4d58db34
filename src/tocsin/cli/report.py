# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent report`: from a file on the desk to a receipt, with a look at exactly what would leave.

Exit code 1 when any file was refused, here or by the hub; 3 when any report waits: in the outbox, or until people
approve it. Each file is for itself: what becomes of one costs no other.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import anonymous, app
from tocsin.agent.cases.ledger import digest_of
from tocsin.agent.drafts import Terms
from tocsin.agent.house import House
from tocsin.agent.meter import measure
from tocsin.agent.readers.documents import Document, documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import without
from tocsin.agent.reported import earlier, told_to
from tocsin.agent.verbs.decide import Decided, by_person, by_rules, ruling
from tocsin.agent.verbs.report import NO_EMBARGO, Prepared, drafted
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier
from tocsin.cli.case import tied, tied_to
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.draft import lines, priced
from tocsin.cli.readers import audiences, label, time, together
from tocsin.cli.screen import printable
from tocsin.cli.sending import agreed, approver, attended, person
from tocsin.cli.told import (
    WAITS,
    FileReport,
    Summary,
    beside,
    embargo,
    refused,
    ruled,
    said_before,
    summary_words,
    told,
)
from tocsin.domain.disclosure import Attack
from tocsin.domain.likeness import Grain
from tocsin.domain.marking import TLP, Marking
from tocsin.errors import InputError, Missing, UsageError

PROGRESS_FILES = 100
"""Files after which a long run says how far it is."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a file of any kind that is read (below), an archive of such files, or a folder of them",
    )
    parser.add_argument(
        "--class",
        dest="report_class",
        default="named",
        choices=("named", "now", "mixed"),
        help="who learns the sender: named, the hub alone (default); now and mixed are not built yet",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="check and show what would leave; send nothing, keep nothing"
    )
    approver(parser)
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="VALUE",
        help="leave this value out, written as it is shown, and with a host all that is at it; may be given again",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="VALUE",
        help="send this value too: it is only mentioned, but you know that it is the attacker's (the name of a file "
        "as file-name:NAME); may be given again; tocsin agent corrections remembers it for later files",
    )
    tied(parser)
    parser.add_argument("--again", action="store_true", help="send a file that was reported before once more")
    parser.add_argument(
        "--attack",
        choices=list(Attack),
        metavar="KIND",
        help=f"kind of attack: {', '.join(Attack)} (default: phishing for a mail, other for a bundle)",
    )
    _telling(parser)


def _telling(parser: argparse.ArgumentParser) -> None:
    """The options that say how coarsely, to whom and when it is told."""
    parser.add_argument(
        "--happened",
        default=Grain.DAY,
        type=Grain,
        choices=list(Grain),
        help="how exactly to tell when: the day (default), or only the first day of its week or month",
    )
    parser.add_argument(
        "--tlp",
        default=TLP.AMBER,
        type=label,
        metavar="LABEL",
        help="label under which it leaves (default TLP:AMBER). A stricter label in the file itself counts instead; "
        "a file marked TLP:AMBER+STRICT or TLP:RED is refused",
    )
    audiences(parser, "members: all banks and the desk")
    parser.add_argument(
        "--not-before",
        default=NO_EMBARGO,
        type=time,
        metavar="TIME",
        help="an embargo, such as 2026-11-21T18:00Z: the hub holds it and shows it to nobody earlier; "
        "tocsin agent erase takes it back",
    )


def _report(parsed: argparse.Namespace) -> Iterator[Output]:
    if parsed.report_class in anonymous.CLASSES:
        anonymous.refuse(parsed.report_class)
    files = [file for name in parsed.files for file in _files(Path(name))]
    if (parsed.without or parsed.also) and len(files) > 1:
        raise UsageError("--without and --also go with one file: what to send is a question to each.")
    total = Summary()
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        door = _Door(parsed, house, reader)
        for number, file in enumerate(files, 1):
            for output in door.file(file):
                yield output
                total = total.and_one(output.data) if isinstance(output.data, FileReport) else total
            if number % PROGRESS_FILES == 0 and number < len(files):
                yield Output((f"{number:,} of {len(files):,} files.",))
    if total.files > 1:
        yield Output((", ".join(summary_words(total)) + ".",), total)


class _Door:
    """One file after another, with what they share."""

    def __init__(self, parsed: argparse.Namespace, house: House, reader: ReaderChild) -> None:
        self._parsed = parsed
        self._house = house
        self._reader = reader
        self._case = tied_to(house, parsed)
        self._classifier: Classifier = classifier(house)

    def file(self, path: Path) -> Iterator[Output]:
        """Of each document that a file is or holds: what would leave, then what became of it, with a `FileReport`."""
        name = printable(str(path))
        try:
            with path.open("rb") as opened:
                for document in documents(self._reader, opened, name):
                    yield from self._document(document)
        except InputError as error:
            yield refused(name, error)

    def _document(self, document: Document) -> Iterator[Output]:
        name = printable(document.name)
        try:
            prepared = self._prepare(document)
        except InputError as error:
            found = self._classifier.classify(document.reading) if document.reading else ()
            yield refused(name, error, found)
            return
        parsed = self._parsed
        audiences = told_to(self._house, parsed.audience)
        terms = Terms(audiences, parsed.report_class, parsed.not_before, parsed.happened, self._case)
        reading, draft = prepared.reading, prepared.draft
        price = measure(self._house, draft, audiences, terms.grain)
        said = (
            *lines(prepared, audiences, terms.report_class),
            *embargo(terms),
            priced(price, draft.disclosure),
            *ruled(ruling(self._house, prepared, terms)),
        )
        yield Output((f"{name}:", *said))
        shown = FileReport(
            name,
            draft.disclosure,
            audiences,
            terms.not_before,
            price,
            terms.report_class,
            leaves=draft.leaves,
            stays=draft.stays,
            attachments=reading.attachments,
            unread=reading.defects,
        )
        before = earlier(self._house, digest_of(prepared.data))
        yield Output(tuple(said_before(before)))
        yield self._settle(prepared, terms, beside(shown, before))

    def _prepare(self, document: Document) -> Prepared:
        parsed = self._parsed
        prepared = drafted(
            self._house,
            self._classifier,
            document,
            attack=Attack(parsed.attack) if parsed.attack else None,
            marking=Marking(tlp=parsed.tlp),
            grain=parsed.happened,
            also=[recognise(value) for value in parsed.also],
        )
        home = [recognise(value) for value in parsed.without]
        return msgspec.structs.replace(prepared, draft=without(prepared.draft, home))

    def _settle(self, prepared: Prepared, terms: Terms, shown: FileReport) -> Output:
        """Approve, queue and deliver; or only say that nothing was sent."""
        parsed, house = self._parsed, self._house
        if shown.already and not (parsed.dry_run or parsed.again):
            known = "Nothing was sent. Add --again to report it once more."
            return Output((known,), shown, WAITS if shown.waits else 0)
        made = None if parsed.dry_run else self._decided(prepared, terms, shown.already)
        if made is None:
            return Output(("Nothing was sent.",), msgspec.structs.replace(shown, waits=False))
        return told(house, made, msgspec.structs.replace(shown, already="", waits=False), parsed.dir)

    def _decided(self, prepared: Prepared, terms: Terms, already: str) -> Decided | None:
        """By a person's yes, or by the standing rules while nobody can be asked; None after a no."""
        house, by = self._house, person(self._parsed)
        if self._parsed.yes:
            return by_person(house, prepared, terms, by)
        if ruling(house, prepared, terms).rule or not attended(self._parsed):
            return by_rules(house, prepared, terms, by)
        marking = prepared.draft.disclosure.marking
        whole = f"exactly this to {together(terms.audiences)}, {marking}, class {terms.report_class}"
        again = f"Report again what {already} tells already, " if already else "Send "
        return by_person(house, prepared, terms, by) if agreed(f"{again}{whole}?") else None


def _files(path: Path) -> list[Path]:
    """The file itself, or every file in a folder, in the order of their names."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    return [path]


REPORT = Command(
    "agent",
    "report",
    "report an attack from a file: shows exactly what leaves, then sends it",
    _report,
    _arguments,
    "Example: tocsin agent report my-agent suspicious.eml --dry-run\n\n"
    "Read are mails, Outlook .msg, mbox folders, STIX 2.x, MISP events, lists, tables, notes, web pages, PDF, logs of "
    "Zeek and Suricata, .xlsx, .docx, gzip and ZIP, by what is in them and not by their name. A bundle or a list of "
    "events above 8 MiB, of any length, is read in pieces, each a report of its own. "
    "The file is read in a child process without keys or network. Only values that the attacker holds leave; your "
    "people and text stay, and your name except inside an address of the attacker's own, which is marked.\n\n"
    "What no standing rule of agent.toml covers is yours to approve: --yes, or the question at a terminal. Without "
    "either it is kept until people approve it: tocsin agent drafts.",
)
