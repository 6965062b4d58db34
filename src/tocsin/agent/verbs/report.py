# SPDX-License-Identifier: Apache-2.0
"""A bank reports a file: read it in the child, classify, redact, have it approved, keep a case, queue what leaves.

`prepare` shows; `send` commits. Between the two stands a person or a standing rule (`tocsin.agent.redaction.approve`).
"""

from collections.abc import Callable, Collection

import msgspec

from tocsin.agent.anonymous import reports
from tocsin.agent.anonymous.epochs import present
from tocsin.agent.anonymous.reports import CLASSES, Way, require_room, require_unlinked
from tocsin.agent.anonymous.standing import require, standing
from tocsin.agent.cases import ledger
from tocsin.agent.cases.facts import Opened, Sent
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.documents import Document
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import Approved
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.narration import Answers, narrate, narrated
from tocsin.agent.redaction.redact import Draft, redact
from tocsin.clock import Instant
from tocsin.domain.disclosure import Attack
from tocsin.domain.likeness import Grain
from tocsin.domain.linter import require_clean
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.errors import Forbidden, Malformed, Unreadable
from tocsin.ids import from_stix, new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import MAX_OBJECTS, Report, encode
from tocsin.wire.registrable import registrable
from tocsin.wire.stix21 import mint

PATH = "/v1/reports"
NO_EMBARGO = Instant(0)


class Prepared(msgspec.Struct, frozen=True):
    """A file that was read, and exactly what would leave of it."""

    name: str
    data: bytes
    reading: Reading
    draft: Draft


class Queued(msgspec.Struct, frozen=True):
    """A report on its way."""

    report: str
    case: str


def prepare(
    house: House,
    reader: ReaderChild,
    classifier: Classifier,
    name: str,
    data: bytes,
    *,
    attack: Attack | None,
    marking: Marking,
) -> Prepared:
    """Read a file and draft its disclosure; an InputError says why there is none, or why it may not be sent."""
    document = Document(name, data, reader.read(data, name))
    return drafted(house, classifier, document, attack=attack, marking=marking)


def drafted(
    house: House,
    classifier: Classifier,
    document: Document,
    *,
    attack: Attack | None,
    marking: Marking,
    grain: Grain = Grain.DAY,
    also: Collection[Observable] = (),
) -> Prepared:
    """The same for a document that was read already; what was wrong with its reading is raised here."""
    reading = document.reading
    if reading is None:
        raise document.error or Unreadable(f"{document.name} was not read.")
    kind = attack or (Attack.PHISHING if reading.format == "mail" else Attack.OTHER)
    draft = redact(
        reading,
        classifier,
        attack=kind,
        now=house.clock.now(),
        entropy=house.entropy,
        marking=marking,
        grain=grain,
        also=also,
    )
    require_clean(draft.disclosure, registrable)
    return Prepared(document.name, document.data, reading, draft)


def worded(
    house: House, classifier: Classifier, prepared: Prepared, written: str, answers: Answers
) -> Prepared:
    """The same with a text beside its values; while a doubt of it is open, nobody can approve it.

    InputError for an answer to no doubt; Refused when the linter finds in it what may not leave.
    """
    draft, own = prepared.draft, house.config.own
    narration = narrate(written, draft.disclosure, prepared.reading, own, classifier.own, answers)
    disclosure = narrated(draft.disclosure, narration)
    draft = msgspec.structs.replace(draft, disclosure=disclosure, narration=narration)
    return msgspec.structs.replace(prepared, draft=draft)


def send(
    house: House,
    prepared: Prepared,
    approved: Approved,
    report_class: str,
    audiences: tuple[str, ...],
    not_before: Instant = NO_EMBARGO,
    case: str = "",
    *,
    way: Way | None = None,
    by_name: bool = False,
    beside: Callable[[Transaction], None] | None = None,
) -> Queued:
    """Keep the file in `case`, or in a new one, and queue the approved disclosure; one transaction with the journal.

    The hub holds it back until `not_before`, and refuses it when that is too far away. Forbidden when fewer people
    approved it than the bank's settings demand, Conflict for a closed case; NotAnonymous when an anonymous class would
    hide nobody, in the `way` that a person lets it go; Refused when it names, by the bank's name, what this party has
    named anonymously, unless a person knows it (`by_name`). `beside` is what else happens in that transaction, before
    it.
    """
    if not approved.unattended and approved.people < house.config.approvals:
        raise Forbidden("Another person approves it too: approvals = 2 in agent.toml.")
    if approved.disclosure.text and report_class in CLASSES:
        raise Malformed(
            "An anonymous report has no text: how somebody writes tells who it is.",
            next_step="Leave the text out, or report as class named.",
        )
    report = _message(house, approved, audiences, not_before)
    values = tuple(dict.fromkeys(str(one.observable) for one in approved.disclosure.indicators))
    hidden = _hidden(house, report, way or Way(report_class)) if report_class in CLASSES else None
    file = ledger.attached(prepared.name, prepared.data, prepared.draft.features)
    opened = () if case else (Opened(prepared.reading.title[:200] or file.name),)
    case_id = case or new_id("cas", house.entropy)
    at, by, box = approved.at, approved.by, house.vault.box

    def work(tx: Transaction) -> None:
        """All of it or nothing: the case, the bytes, the journal, the outbox."""
        if beside is not None:
            beside(tx)
        sent = Sent("report", report.id, report.id, file.digest, approved.disclosure.text)
        ledger.write(tx, box, case_id, by, at, *opened, file, sent)
        ledger.keep(tx, box, case_id, at, prepared.data)
        write(
            tx, box, Decision(at, by, "approved a report", report.id, f"case {case_id}, class {report_class}")
        )
        if hidden is not None:
            more = {"case": case_id, "evidence": file.digest, "values": values}
            reports.queue(tx, box, msgspec.structs.replace(hidden, **more))
            return
        if not by_name:
            require_unlinked(tx, box, values)
        house.outbox.queue(tx, PATH, report)

    house.store.run("approve report", work)
    return Queued(report.id, case_id)


def _hidden(house: House, report: Report, way: Way) -> reports.Anonymous:
    """The report as the anonymous path carries it; NotAnonymous, Malformed or TooLarge when it cannot."""
    now = house.clock.now()
    with house.store.reading("anonymous path") as tx:
        found = standing(tx, house.vault, house.config.anonymous, now)
        require(found, way)
        epoch = present(tx, now)
    hidden = reports.hidden(report, msgspec.structs.replace(way, namers=found.namers), now)
    assert epoch is not None, "required"
    require_room(hidden.body, epoch.terms.room)
    return hidden


def _message(house: House, approved: Approved, audiences: tuple[str, ...], not_before: Instant) -> Report:
    objects = mint(approved.disclosure, house.vault.membership().alliance_identity, house.entropy)
    assert len(objects) <= MAX_OBJECTS, "the redactor bounds the number of indicators"
    return Report(
        id=from_stix(objects[0].id, "rpt"),
        sent=approved.at,
        audiences=audiences,
        not_before=not_before,
        unattended=approved.unattended,
        objects=tuple(msgspec.Raw(encode(one)) for one in objects),
    )
