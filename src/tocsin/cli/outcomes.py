# SPDX-License-Identifier: Apache-2.0
"""What became of each file that was handed to `tocsin agent report`, and of all of them together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from tocsin.agent.anonymous.reports import CLASSES, State
from tocsin.agent.outbox import Settled
from tocsin.agent.readers.reading import Attachment, Defect
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.redaction.owner import Value
from tocsin.agent.verbs.report import NO_EMBARGO
from tocsin.cli.screen import counted
from tocsin.clock import Instant
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.likeness import Price
from tocsin.domain.mail_features import MailFeatures
from tocsin.errors import NothingToShare, Refused
from tocsin.wire.problem import Problem, to_problem

WAITS = 3
"""Exit code: there was no answer and what was approved waits in the outbox, or nobody has approved it yet."""


class FileReport(msgspec.Struct, frozen=True):
    """What became of one file."""

    file: str
    disclosure: Disclosure | None = None
    """What would leave, or left; its marking is in it."""
    audiences: tuple[str, ...] = ()
    """Who reads it."""
    not_before: Instant = NO_EMBARGO
    """And not before then."""
    price: Price | None = None
    """How many look alike, and what would make it more; None where each of many files has a line."""
    report_class: str = ""
    leaves: tuple[Leaving, ...] = ()
    """What each value that leaves was in the file, what was cut off it, and what a person must know of it."""
    stays: tuple[Value, ...] = ()
    """What was found and does not leave, with the reason."""
    attachments: tuple[Attachment, ...] = ()
    """Files inside the file: their names stay."""
    features: MailFeatures | None = None
    """What joins a mail to others of its campaign: kept in the case, never sent."""
    unread: tuple[Defect, ...] = ()
    approved_by: str = ""
    report: str = ""
    case: str = ""
    already: str = ""
    """A report of the same file to the same audiences that stands; nothing is sent without --again."""
    waits: bool = False
    """Whether a report of the file waits in the outbox."""
    draft: str = ""
    """What waits until people approve it: all of the file, or what no standing rule covers."""
    reasons: tuple[str, ...] = ()
    """Why no standing rule lets that go."""
    settled: Settled | None = None
    carried: State | None = None
    """How a report of an anonymous class ended, once it has."""
    problem: Problem | None = None
    """Why nothing left, or why the report waits."""


class Outcome(StrEnum):
    """How one file ended."""

    SENT = "sent"
    WAITING = "waiting"
    ALREADY = "already"
    NOTHING = "nothing"
    UNDECIDED = "undecided"
    """Kept until people approve it."""
    REFUSED = "refused"
    SHOWN = "shown"
    """Nobody was asked, or whoever was asked said no."""


class Summary(msgspec.Struct, frozen=True):
    """All files together."""

    files: int
    disclosures: int
    sent: int
    refused: int
    waiting: int = 0
    nothing: int = 0
    """Of those that were refused: read, and nothing in them may or need leave."""
    already: int = 0
    """Reported earlier."""
    undecided: int = 0
    """Of which a draft waits until people approve it."""
    skipped: int = 0
    """Not read again: an earlier run has reported them, or found nothing to report."""
    unseen: int = 0
    """Of those that wait, by the anonymous path."""


_TYPES = {to_problem(kind()).type: kind for kind in (NothingToShare, Refused)}


def outcome_of(one: FileReport) -> Outcome:
    """How a file ended."""
    if one.settled is not None or one.carried is not None:
        came = one.carried is State.TAKEN or (one.settled is not None and one.settled.receipt is not None)
        return Outcome.SENT if came else Outcome.REFUSED
    if one.waits:
        return Outcome.WAITING
    if one.already:
        return Outcome.ALREADY
    if one.draft:
        return Outcome.UNDECIDED
    if one.problem is None:
        return Outcome.SHOWN
    return Outcome.NOTHING if _TYPES.get(one.problem.type) is NothingToShare else Outcome.REFUSED


def needs_no_second_look(one: FileReport) -> bool:
    """Whether a later run need not read it: reported, drafted, or found to hold nothing that may or need leave.

    What could not be read is tried again: the reason may be this machine's, or a later version reads it.
    """
    outcome = outcome_of(one)
    refused_here = one.problem is not None and _TYPES.get(one.problem.type) is Refused
    settled = {Outcome.SENT, Outcome.WAITING, Outcome.ALREADY, Outcome.UNDECIDED, Outcome.NOTHING}
    return outcome in settled or refused_here


class Tally:
    """Counts files as they end."""

    def __init__(self) -> None:
        self._counts: Counter[Outcome] = Counter()
        self._disclosures = 0
        self._drafts = 0
        self._unseen = 0
        self.skipped = 0

    def add(self, one: FileReport) -> None:
        """One more."""
        self._counts[outcome_of(one)] += 1
        self._disclosures += one.disclosure is not None
        self._drafts += bool(one.draft)
        self._unseen += outcome_of(one) is Outcome.WAITING and one.report_class in CLASSES

    def summary(self) -> Summary:
        """All of them, for a program."""
        counts = self._counts
        nothing = counts[Outcome.NOTHING]
        return Summary(
            files=counts.total(),
            disclosures=self._disclosures,
            sent=counts[Outcome.SENT],
            refused=counts[Outcome.REFUSED] + nothing,
            waiting=counts[Outcome.WAITING],
            nothing=nothing,
            already=counts[Outcome.ALREADY],
            undecided=self._drafts,
            skipped=self.skipped,
            unseen=self._unseen,
        )

    def so_far(self) -> str:
        """The same in a few words, while it goes on."""
        total = self.summary()
        refused = total.refused - total.nothing
        return f"{total.sent:,} sent, {total.nothing:,} with nothing to report, {refused:,} refused"

    def words(self) -> str:
        """All of them, for a person."""
        return ", ".join(_words(self.summary()))


def _words(total: Summary) -> Iterator[str]:
    yield f"{counted(total.files, 'file')}: {counted(total.disclosures, 'disclosure')}"
    yield f"{total.sent:,} sent"
    nothing = f" ({total.nothing:,} with nothing to report)" if total.nothing else ""
    yield f"{total.refused:,} refused{nothing}"
    more: Sequence[tuple[int, str]] = (
        (total.waiting - total.unseen, "waiting in the outbox"),
        (total.unseen, "waiting on the anonymous path"),
        (total.already, "reported before"),
        (total.undecided, "waiting for approval"),
        (total.skipped, "skipped: an earlier run was through with them"),
    )
    yield from (f"{count:,} {what}" for count, what in more if count)


def in_a_line(one: FileReport) -> Iterator[str]:
    """How a file ended, in one line; nothing for what is only counted."""
    match outcome_of(one):
        case Outcome.SENT:
            values = {each.observable for each in one.disclosure.indicators} if one.disclosure else ()
            yield f"{one.file}: sent as {one.report}, {counted(len(values), 'value')}"
        case Outcome.ALREADY:
            yield f"{one.file}: reported before as {one.already}"
        case Outcome.WAITING:
            where = "on the anonymous path" if one.report_class in CLASSES else "in the outbox"
            yield f"{one.file}: {one.report or one.already} waits {where}: tocsin agent serve sends it"
        case Outcome.UNDECIDED:
            yield f"{one.file}: kept as {one.draft} until people approve it"
        case Outcome.REFUSED:
            said = one.settled.problem if one.settled else one.problem.detail if one.problem else ""
            first = said.partition("\n")[0]
            yield first if first.startswith(one.file) else f"{one.file}: {first}"
