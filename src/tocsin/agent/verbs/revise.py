# SPDX-License-Identifier: Apache-2.0
"""A person changes what a draft would say, before anybody agrees to it: its terms, and which values it names."""

from functools import partial

import msgspec

from tocsin.agent import drafts
from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.readers.documents import Document
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.narration import narrated
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.redaction.redact import Draft, without
from tocsin.agent.verbs.decide import demand_unchanged, named, ruling, with_file
from tocsin.agent.verbs.report import Prepared, drafted
from tocsin.domain.disclosure import Attack
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Observable
from tocsin.storage.store import Transaction


class Revision(msgspec.Struct, frozen=True):
    """What a person changes of a draft that waits: its terms, and which of the file's values it names."""

    terms: Terms
    attack: Attack
    marking: Marking
    named: frozenset[Observable]
    """Every value that is to leave, as it stood in the file."""


def revise(house: House, classifier: Classifier, draft_id: str, revision: Revision, by: str) -> Waiting:
    """Draft it anew from its file under other terms; whoever agreed agreed to something else, and is asked again.

    Malformed for a value that is not in the file or is somebody's; NothingToShare when none is named; Refused when the
    text beside it tells of one that it names no more.
    """
    person, now = named(by), house.clock.now()
    waiting, data = with_file(house, draft_id)
    draft = _named_only(house, classifier, Document(waiting.name, data, waiting.reading), revision)
    if (narration := waiting.draft.narration) is not None:
        told = narrated(draft.disclosure, narration)
        draft = msgspec.structs.replace(draft, disclosure=told, narration=narration)
    prepared = Prepared(waiting.name, data, waiting.reading, draft)
    reasons = ruling(house, prepared, revision.terms).reasons
    more = msgspec.structs.replace(
        waiting, draft=draft, terms=revision.terms, reasons=reasons, agreed=(), drafter=person
    )

    def work(tx: Transaction) -> Waiting:
        """The new draft in the place of the old one."""
        demand_unchanged(tx, house, waiting)
        drafts.change(tx, house.vault.box, more)
        write(tx, house.vault.box, Decision(now, person, "changed a draft", draft_id))
        return more

    return house.store.run("revise draft", work)


def _named_only(house: House, classifier: Classifier, document: Document, revision: Revision) -> Draft:
    """The draft that names exactly these values of the file."""
    about = partial(
        drafted,
        house,
        classifier,
        document,
        attack=revision.attack,
        marking=revision.marking,
        grain=revision.terms.grain,
    )
    draft = about(also=_vouched(classifier, document.reading, revision.named)).draft
    home = {one.indicator.observable for one in draft.leaves if one.value.observable not in revision.named}
    return without(draft, home) if home else draft


def _vouched(
    classifier: Classifier, reading: Reading | None, named: frozenset[Observable]
) -> tuple[Observable, ...]:
    """Those that are the attacker's by a person's word alone."""
    found = classifier.classify(reading) if reading else ()
    clear = {one.observable for one in found if one.owner is Owner.ATTACKER}
    return tuple(sorted(named - clear))
