# SPDX-License-Identifier: Apache-2.0
"""A bank reports a file: read it in the child, classify, redact, have it approved, open a case, queue what leaves.

`prepare` shows; `send` commits. Between the two stands a person or a standing rule (`tocsin.agent.redaction.approve`).
"""

from collections.abc import Callable, Collection
from hashlib import sha256

import msgspec

from tocsin.agent import anonymous
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.process import Document, ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.approve import Approved
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import Draft, redact
from tocsin.agent.vault import Case, Evidence
from tocsin.clock import Instant
from tocsin.domain.disclosure import Attack
from tocsin.domain.likeness import Grain
from tocsin.domain.linter import require_clean
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.errors import Forbidden, Unreadable
from tocsin.ids import from_stix, new_id
from tocsin.storage.store import Transaction
from tocsin.wire.messages import MAX_OBJECTS, Report, encode
from tocsin.wire.registrable import registrable
from tocsin.wire.stix21 import mint

PATH = "/v1/reports"
NO_EMBARGO = Instant(0)
_NOTE_TEXT = 4_000
"""Characters of the readable text that a case keeps beside the file itself."""


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


def send(
    house: House,
    prepared: Prepared,
    approved: Approved,
    report_class: str,
    audiences: tuple[str, ...],
    not_before: Instant = NO_EMBARGO,
    *,
    beside: Callable[[Transaction], None] | None = None,
) -> Queued:
    """Open the case and queue the approved disclosure, in one transaction with the journal.

    The hub holds it back until `not_before`, and refuses it when that is too far away. Forbidden when fewer people
    approved it than the bank's settings demand. `beside` is what else happens in that transaction, before it.
    """
    if report_class in anonymous.CLASSES:
        anonymous.refuse(report_class)
    if not approved.unattended and approved.people < house.config.approvals:
        raise Forbidden("Another person approves it too: approvals = 2 in agent.toml.")
    report = _message(house, approved, audiences, not_before)
    case = Case(
        id=new_id("cas", house.entropy),
        opened=approved.at,
        title=prepared.reading.title[:200] or prepared.name,
        report=report.id,
        decision=approved.by,
        notes=(prepared.reading.text[:_NOTE_TEXT],),
    )
    evidence = Evidence(prepared.name, prepared.data)
    digest = digest_of(prepared.data)

    def work(tx: Transaction) -> None:
        if beside is not None:
            beside(tx)
        house.vault.open_case(tx, case, (evidence,), (digest,))
        decision = Decision(approved.at, approved.by, "approved a report", report.id, f"case {case.id}")
        write(tx, house.vault.box, decision)
        house.outbox.queue(tx, PATH, report)

    house.store.run("approve report", work)
    return Queued(report.id, case.id)


def digest_of(data: bytes) -> str:
    """SHA-256 of a file in hexadecimal: by it the vault knows whether it was reported before."""
    return sha256(data).hexdigest()


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
