# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent report`: from a file on the desk to a receipt, with a look at exactly what would leave.

Exit code 1 when any file was refused, here or by the hub; 3 when any report waits in the outbox. Each file is for
itself: what becomes of one costs no other.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import anonymous, app
from tocsin.agent.house import House
from tocsin.agent.outbox import Settled
from tocsin.agent.readers.process import Document, ReaderChild
from tocsin.agent.readers.reading import Attachment, Defect
from tocsin.agent.redaction.approve import STANDING_RULES, Approved, StandingRule, approve, standing_rule
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.owner import Value
from tocsin.agent.redaction.redact import Draft, without
from tocsin.agent.reported import Earlier, earlier, lacking, told_to
from tocsin.agent.verbs.report import NO_EMBARGO, Prepared, digest_of, drafted, send
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.draft import lines, unclear
from tocsin.cli.readers import audiences, label, time, together
from tocsin.cli.screen import counted, minute, printable
from tocsin.cli.sending import agreed, approver, attended, person, send_now
from tocsin.clock import Instant
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.marking import TLP, Marking
from tocsin.errors import InputError, Missing, TocsinError, UsageError
from tocsin.wire.problem import Problem, to_problem

PROGRESS_FILES = 100
"""Files after which a long run says how far it is."""
WAITS = 3
"""Exit code: there was no answer, and what was approved waits in the outbox."""


class FileReport(msgspec.Struct, frozen=True):
    """What became of one file."""

    file: str
    disclosure: Disclosure | None = None
    """What would leave, or left; its marking is in it."""
    audiences: tuple[str, ...] = ()
    """Who reads it."""
    not_before: Instant = NO_EMBARGO
    """And not before then."""
    report_class: str = ""
    leaves: tuple[Leaving, ...] = ()
    """What each value that leaves was in the file, what was cut off it, and what a person must know of it."""
    stays: tuple[Value, ...] = ()
    """What was found and does not leave, with the reason."""
    attachments: tuple[Attachment, ...] = ()
    """Files inside the file: their names stay."""
    unread: tuple[Defect, ...] = ()
    approved_by: str = ""
    report: str = ""
    case: str = ""
    already: str = ""
    """A report of the same file to the same audiences that stands; nothing is sent without --again."""
    waits: bool = False
    """Whether a report of the file waits in the outbox."""
    settled: Settled | None = None
    problem: Problem | None = None
    """Why nothing left, or why the report waits."""


class Summary(msgspec.Struct, frozen=True):
    """All files together."""

    files: int
    disclosures: int
    sent: int
    refused: int
    waiting: int = 0


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
        "as file-name:NAME); may be given again",
    )
    parser.add_argument("--again", action="store_true", help="send a file that was reported before once more")
    parser.add_argument(
        "--attack",
        choices=list(Attack),
        metavar="KIND",
        help=f"kind of attack: {', '.join(Attack)} (default: phishing for a mail, other for a bundle)",
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
    outcomes: list[FileReport] = []
    with app.opened(Path(parsed.dir)) as house, ReaderChild() as reader:
        door = _Door(parsed, house, reader)
        for number, file in enumerate(files, 1):
            for output in door.file(file):
                yield output
                outcomes += [output.data] if isinstance(output.data, FileReport) else []
            if number % PROGRESS_FILES == 0 and number < len(files):
                yield Output((f"{number:,} of {len(files):,} files.",))
    if len(outcomes) > 1:
        total = _summary(outcomes)
        yield Output((", ".join(_summary_words(total)) + ".",), total)


class _Door:
    """One file after another, with what they share."""

    def __init__(self, parsed: argparse.Namespace, house: House, reader: ReaderChild) -> None:
        self._parsed = parsed
        self._house = house
        self._reader = reader
        self._classifier: Classifier = classifier(house)
        self._rules: list[StandingRule] = [standing_rule(name) for name in house.config.standing_rules]

    def file(self, path: Path) -> Iterator[Output]:
        """Of each document that a file is or holds: what would leave, then what became of it, with a `FileReport`."""
        name = printable(str(path))
        try:
            for document in self._reader.each(path.read_bytes(), name):
                yield from self._document(document)
        except InputError as error:
            yield _refused(name, error)

    def _document(self, document: Document) -> Iterator[Output]:
        name = printable(document.name)
        try:
            prepared = self._prepare(document)
        except InputError as error:
            found = self._classifier.classify(document.reading) if document.reading else ()
            yield _refused(name, error, found)
            return
        audiences = told_to(self._house, self._parsed.audience)
        yield Output(
            (f"{name}:", *lines(prepared, audiences, self._parsed.report_class), *_embargo(self._parsed))
        )
        reading, draft = prepared.reading, prepared.draft
        shown = FileReport(
            name,
            draft.disclosure,
            audiences,
            self._parsed.not_before,
            self._parsed.report_class,
            leaves=draft.leaves,
            stays=draft.stays,
            attachments=reading.attachments,
            unread=reading.defects,
        )
        before = earlier(self._house, digest_of(prepared.data))
        yield Output(tuple(_said_before(before)))
        yield self._settle(prepared, _beside(shown, before))

    def _prepare(self, document: Document) -> Prepared:
        parsed = self._parsed
        prepared = drafted(
            self._house,
            self._classifier,
            document,
            attack=Attack(parsed.attack) if parsed.attack else None,
            marking=Marking(tlp=parsed.tlp),
            also=[recognise(value) for value in parsed.also],
        )
        home = [recognise(value) for value in parsed.without]
        return msgspec.structs.replace(prepared, draft=without(prepared.draft, home))

    def _settle(self, prepared: Prepared, shown: FileReport) -> Output:
        """Approve, queue and deliver; or only say that nothing was sent."""
        parsed, house = self._parsed, self._house
        if shown.already and not (parsed.dry_run or parsed.again):
            known = "Nothing was sent. Add --again to report it once more."
            return Output((known,), shown, WAITS if shown.waits else 0)
        approved = None if parsed.dry_run else self._approval(prepared.draft, shown)
        if approved is None:
            return Output(("Nothing was sent.",), msgspec.structs.replace(shown, waits=False))
        queued = send(house, prepared, approved, shown.report_class, shown.audiences, shown.not_before)
        outcome = msgspec.structs.replace(
            shown,
            already="",
            waits=False,
            disclosure=approved.disclosure,
            approved_by=approved.by,
            report=queued.report,
            case=queued.case,
        )
        try:
            settled = send_now(house, queued.report)
        except TocsinError as error:
            waiting = msgspec.structs.replace(outcome, waits=True, problem=to_problem(error))
            return Output((error.diagnostics(),), waiting, WAITS)
        return _outcome(msgspec.structs.replace(outcome, settled=settled), settled, parsed.dir)

    def _approval(self, draft: Draft, shown: FileReport) -> Approved | None:
        """A person's yes, or the first standing rule that covers the draft; None when nobody agreed."""
        now = self._house.clock.now()
        if self._parsed.yes:
            return approve(draft, person(self._parsed), now)
        for rule in self._rules:
            try:
                return approve(rule.narrow(draft), rule, now)
            except TocsinError:
                continue  # this rule does not cover it; a later one or a person may
        if not attended(self._parsed):
            raise UsageError("Nobody approved it: add --yes, or switch a standing rule on in agent.toml.")
        whole = f"exactly this to {together(shown.audiences)}, {draft.disclosure.marking}, class {shown.report_class}"
        again = f"Report again what {shown.already} tells already, " if shown.already else "Send "
        return approve(draft, person(self._parsed), now) if agreed(f"{again}{whole}?") else None


def _files(path: Path) -> list[Path]:
    """The file itself, or every file in a folder, in the order of their names."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    return [path]


def _refused(name: str, error: InputError, found: tuple[Value, ...] = ()) -> Output:
    """A file of which nothing leaves, with what was found in it, for a person to choose from."""
    told = (f"{name}: {error.diagnostics()}", *unclear(found))
    return Output(told, FileReport(name, stays=found, problem=to_problem(error)), 1)


def _embargo(parsed: argparse.Namespace) -> Iterator[str]:
    """From when on somebody may read it, if not at once."""
    if parsed.not_before:
        yield f"under embargo: nobody reads it before {minute(parsed.not_before)} UTC"


def _said_before(before: tuple[Earlier, ...]) -> Iterator[str]:
    """What stands of earlier reports of the same file."""
    for one in before:
        told = f"{one.report} on {minute(one.at)} UTC, to {together(one.audiences)}"
        if one.waits:
            yield f"Not sent yet: {told}. It waits in the outbox; tocsin agent serve sends it."
        else:
            yield f"Already reported as {told}."


def _beside(shown: FileReport, before: tuple[Earlier, ...]) -> FileReport:
    """The same with the earlier report that already tells it to everybody who would read it, if there is one."""
    if not before or lacking(before, shown.audiences):
        return shown
    receipted = tuple(one for one in before if not one.waits)
    waits = bool(lacking(receipted, shown.audiences))
    told = next(one for one in before if one.waits is waits and set(one.audiences) & set(shown.audiences))
    return msgspec.structs.replace(shown, already=told.report, waits=waits)


def _outcome(outcome: FileReport, settled: Settled, agent: str) -> Output:
    """How a report ended, for a person."""
    receipt = settled.receipt
    if receipt is None:
        return Output((f"The hub refused it. {settled.problem}",), outcome, 1)
    taken = sum(one.status in ("accepted", "held") for one in receipt.outcomes)
    others = [one for one in receipt.outcomes if one.status not in ("accepted", "held")]
    indicators = outcome.disclosure.indicators if outcome.disclosure else ()
    values = len({indicator.observable for indicator in indicators})
    said = [
        f"Sent as {outcome.report}, approved by {outcome.approved_by}.",
        f"{counted(values, 'value')} in {counted(taken, 'entry', 'entries')} receipted.",
        *(["Held until its embargo ends."] if any(one.status == "held" for one in receipt.outcomes) else []),
        "To take it back:",
        f"  tocsin agent erase {agent} {outcome.report} --reason mistake",
        *(f"  {one.status}: {one.object}: {one.reason}" for one in others),
    ]
    return Output(tuple(said), outcome, int(any(one.status == "refused" for one in others)))


def _summary(outcomes: list[FileReport]) -> Summary:
    return Summary(
        files=len(outcomes),
        disclosures=sum(one.disclosure is not None for one in outcomes),
        sent=sum(one.settled is not None and one.settled.receipt is not None for one in outcomes),
        refused=sum(
            one.disclosure is None or (one.settled is not None and one.settled.receipt is None)
            for one in outcomes
        ),
        waiting=sum(one.waits for one in outcomes),
    )


def _summary_words(total: Summary) -> Iterator[str]:
    yield f"{counted(total.files, 'file')}: {counted(total.disclosures, 'disclosure')}"
    yield f"{total.sent} sent"
    yield f"{total.refused} refused"
    if total.waiting:
        yield f"{total.waiting} waiting in the outbox"


REPORT = Command(
    "agent",
    "report",
    "report an attack from a file: shows exactly what leaves, then sends it",
    _report,
    _arguments,
    "Example: tocsin agent report my-agent suspicious.eml --dry-run\n\n"
    "Read are mails, mbox folders, STIX 2.x, MISP events, lists, tables, notes, web pages, logs of Zeek and Suricata, "
    ".xlsx, .docx, gzip and ZIP, by what is in them and not by their name. "
    "The file is read in a child process without keys or network. Only values that the attacker holds leave; your "
    "people and text stay, and your name except inside an address of the attacker's own, which is marked. Standing "
    "rules, switched on in agent.toml, approve without a person:\n"
    + "\n".join(f"  {rule.name}: {rule.sentence}" for rule in STANDING_RULES.values()),
)
