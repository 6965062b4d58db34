# SPDX-License-Identifier: Apache-2.0
"""Approvals: what waits to leave, exactly as it would; change it, agree, let a standing rule send it, or refuse."""

import msgspec

from tocsin.agent import drafts
from tocsin.agent.anonymous.reports import CLASSES, Namers, Way
from tocsin.agent.anonymous.standing import Standing, obstacle, standing
from tocsin.agent.console.desk import Desk
from tocsin.agent.console.values import Line, leaving, observable, staying
from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.house import House
from tocsin.agent.meter import measure
from tocsin.agent.people.person import Person
from tocsin.agent.readers.reading import Attachment, Defect
from tocsin.agent.reported import Earlier, earlier, told_to
from tocsin.agent.verbs import decide
from tocsin.agent.verbs.decide import Decided, ruling_now
from tocsin.agent.verbs.revise import Revision, revise
from tocsin.clock import Instant
from tocsin.domain.audience import Audience
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.likeness import Grain, Price
from tocsin.domain.marking import TLP, Marking, parse_tlp
from tocsin.domain.standing_rule import Ruling
from tocsin.domain.warning_life import same_person
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page

LABELS = (TLP.CLEAR, TLP.GREEN, TLP.AMBER)
"""Under which something may leave; the stricter ones stay at home."""


class Approvals(msgspec.Struct, frozen=True):
    """Everything that waits, the oldest first."""

    waiting: tuple[Waiting, ...]
    needed: int
    """People who agree to each."""


class Draft(msgspec.Struct, frozen=True):
    """One of them, as it would leave."""

    id: str
    seen: str
    """The mark of exactly this, which whoever agrees sends back."""
    name: str
    title: str
    since: int
    drafter: str
    agreed: tuple[str, ...]
    needed: int
    mine: bool
    """Whether whoever looks has agreed already."""
    disclosure: Disclosure
    leaves: tuple[Line, ...]
    stays: tuple[Line, ...]
    attachments: tuple[Attachment, ...]
    unread: tuple[Defect, ...]
    text: str
    """What people read in the file; it stays."""
    terms: Terms
    price: Price
    ruling: Ruling
    path: Standing
    obstacle: str
    """Why the chosen class cannot go now."""
    before: tuple[Earlier, ...]
    attacks: tuple[str, ...] = tuple(Attack)
    labels: tuple[str, ...] = LABELS
    grains: tuple[str, ...] = tuple(Grain)
    classes: tuple[str, ...] = ("named", *CLASSES)


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """What waits."""
    house = desk.house
    return Page("approvals.html", Approvals(tuple(decide.waiting(house)), house.config.approvals))


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One draft; Unknown when it was decided on."""
    house, now = desk.house, desk.now
    with house.store.reading("draft") as tx:
        waiting = drafts.find(tx, house.vault.box, asked.path["draft"])
        path = standing(tx, house.vault, house.config.anonymous, now)
    reading, draft, terms = waiting.reading, waiting.draft, waiting.terms
    way = Way(terms.report_class, terms.hold, terms.pseudonymous, terms.namers)
    return Page(
        "draft.html",
        Draft(
            id=waiting.id,
            seen=waiting.seen(),
            name=waiting.name,
            title=reading.title,
            since=waiting.since,
            drafter=waiting.drafter,
            agreed=waiting.agreed,
            needed=house.config.approvals,
            mine=any(same_person(person.name, name) for name in waiting.agreed),
            disclosure=draft.disclosure,
            leaves=leaving(draft.leaves),
            stays=staying(draft.stays),
            attachments=reading.attachments,
            unread=draft.unread,
            text=reading.text,
            terms=terms,
            price=measure(house, draft, terms.audiences, terms.grain),
            ruling=ruling_now(house, waiting),
            path=path,
            obstacle=(obstacle(path, way) or "") if terms.report_class in CLASSES else "",
            before=earlier(house, waiting.digest),
        ),
    )


def change(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Other values or other terms; it is drafted anew, and stays in the case for which it was drafted."""
    house, draft = desk.house, asked.path["draft"]
    with house.store.reading("draft") as tx:
        terms = drafts.find(tx, house.vault.box, draft).terms
    revise(house, desk.classifier, draft, _revision(house, terms, asked), person.name)
    return Elsewhere(f"/approvals/{draft}")


def agree(desk: Desk, person: Person, asked: Asked) -> Answer:
    """This person agrees to what the page showed; it leaves once enough have."""
    draft, seen = asked.path["draft"], asked.one("seen")
    return _went(desk, asked, decide.agree(desk.house, desk.classifier, draft, person.name, seen=seen))


def by_rule(desk: Desk, person: Person, asked: Asked) -> Answer:
    """What a standing rule covers leaves by it."""
    draft, seen = asked.path["draft"], asked.one("seen")
    return _went(desk, asked, decide.by_rules_now(desk.house, draft, person.name, seen=seen))


def refuse(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Nothing of it leaves."""
    decide.refuse(desk.house, asked.path["draft"], person.name, asked.one("why"))
    return Elsewhere("/approvals")


def _went(desk: Desk, asked: Asked, made: Decided) -> Answer:
    if made.queued is None:
        return Elsewhere(f"/approvals/{asked.path['draft']}")
    desk.told()
    return Elsewhere(f"/reports/{made.queued.report}")


def _revision(house: House, before: Terms, asked: Asked) -> Revision:
    """What the form says of these terms; Malformed for a word that is none of those it offers."""
    try:
        attack, grain = Attack(asked.one("attack")), Grain(asked.one("grain"))
    except ValueError as error:
        raise Malformed(f"The form offers no such choice: {error}.") from None
    report_class = asked.one("class", "named")
    if report_class not in ("named", *CLASSES):
        raise Malformed(f"There is no class {report_class[:40]!r}.")
    audiences = tuple(str(Audience.parse(text)) for text in asked.one("audience").split(",") if text.strip())
    terms = msgspec.structs.replace(
        before,
        audiences=told_to(house, audiences),
        report_class=report_class,
        not_before=before.not_before if asked.has("embargo") else Instant(0),
        grain=grain,
        hold=not asked.has("without-hold"),
        pseudonymous=asked.has("pseudonymous"),
        by_name=asked.has("by-name"),
        namers=_namers(house) if report_class in CLASSES else None,
    )
    named = frozenset(observable(key) for key in asked.every("names"))
    return Revision(terms, attack, Marking(tlp=parse_tlp(asked.one("tlp"))), named)


def _namers(house: House) -> Namers:
    """Who can name the sender of an anonymous report now: what people agree to, and to nobody else."""
    with house.store.reading("who names") as tx:
        return standing(tx, house.vault, house.config.anonymous, house.clock.now()).namers
