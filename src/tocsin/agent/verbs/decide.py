# SPDX-License-Identifier: Apache-2.0
"""What becomes of a draft: standing rules let it go, or it waits until enough people agree, or one refuses it.

A setting, `approvals`, says how many people agree to what no rule covers; whoever drafted a report counts only by
agreeing too. Each step is a line in the journal, in the transaction of the step. Not here: what a rule covers
(`tocsin.domain.standing_rule`).

The agent believes the names that it is told. Who may type them is a matter of the machine it runs on.
"""

from collections.abc import Callable

import msgspec

from tocsin.agent import drafts
from tocsin.agent.anonymous.reports import Way
from tocsin.agent.cases.ledger import digest_of
from tocsin.agent.drafts import Terms, Waiting
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.redaction.approve import (
    Approved,
    approve,
    approve_by_rule,
    outgoing,
    parted,
    standing_rules,
)
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.narration import require_answered
from tocsin.agent.redaction.redact import VOUCHED
from tocsin.agent.verbs.report import Prepared, Queued, send
from tocsin.domain.standing_rule import Outgoing, Ruling, decide
from tocsin.domain.warning_life import same_person
from tocsin.errors import Conflict, Forbidden, Malformed, Refused
from tocsin.ids import new_id
from tocsin.storage.store import Transaction


class Decided(msgspec.Struct, frozen=True):
    """What became of a draft: a report on its way, a draft that waits, or both when a rule covers a part."""

    queued: Queued | None = None
    approved: Approved | None = None
    waiting: Waiting | None = None


def ruling(house: House, prepared: Prepared, terms: Terms) -> Ruling:
    """What the standing rules let go of a draft under these terms, and why the rest waits."""
    return decide(_outgoing(prepared, terms), standing_rules(house.config.standing_rules))


def ruling_now(house: House, waiting: Waiting) -> Ruling:
    """The same of a draft that waits. What is in it by one person's word alone is for another to judge, not for a rule:
    else whoever may draft could let anything unclear go.
    """
    found = ruling(house, Prepared(waiting.name, b"", waiting.reading, waiting.draft), waiting.terms)
    if not found.rule or all(one.value.reason != VOUCHED for one in waiting.draft.leaves):
        return found
    reasons = (f"{found.rule} does not cover what is the attacker's by a person's word alone",)
    return Ruling("", (), waiting.draft.disclosure.indicators, reasons)


def by_rules(
    house: House,
    prepared: Prepared,
    terms: Terms,
    drafter: str,
    *,
    beside: Callable[[Transaction], None] | None = None,
) -> Decided:
    """Queue what the standing rules let go, with what belongs beside it, and let the rest wait for people."""
    rules = standing_rules(house.config.standing_rules)
    found = decide(_outgoing(prepared, terms), rules)
    if not found.rule:
        return Decided(waiting=wait(house, prepared, terms, drafter, reasons=found.reasons))
    draft, rest = prepared.draft, None
    if found.waits:
        draft, rest = parted(draft, found.goes, house.entropy)
    approved = approve_by_rule(draft, _outgoing(prepared, terms), rules, house.clock.now())
    whole = msgspec.structs.replace(prepared, draft=draft)
    queued = _send(house, whole, approved, terms, beside)
    if rest is None:
        return Decided(queued, approved)
    left = msgspec.structs.replace(prepared, draft=rest)
    same = msgspec.structs.replace(terms, case=queued.case)
    return Decided(queued, approved, wait(house, left, same, drafter, reasons=found.reasons))


def by_person(house: House, prepared: Prepared, terms: Terms, by: str) -> Decided:
    """Queue what a person has seen and agreed to; where two must agree, let it wait for the other."""
    if house.config.approvals > 1:
        return Decided(waiting=wait(house, prepared, terms, by, agreed=(named(by),)))
    approved = approve(prepared.draft, by, house.clock.now())
    return Decided(_send(house, prepared, approved, terms), approved)


def wait(
    house: House,
    prepared: Prepared,
    terms: Terms,
    drafter: str,
    *,
    agreed: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
) -> Waiting:
    """Keep a draft until people decide; it replaces an earlier one of the same file for the same audiences.

    InputError while its text has a doubt that nobody has answered.
    """
    require_answered(prepared.draft.narration)
    now = house.clock.now()
    waiting = Waiting(
        id=new_id("drf", house.entropy),
        since=now,
        drafter=named(drafter),
        name=prepared.name,
        digest=digest_of(prepared.data),
        reading=prepared.reading,
        draft=prepared.draft,
        terms=terms,
        reasons=reasons,
        agreed=agreed,
    )

    def work(tx: Transaction) -> None:
        """The draft with its line in the journal."""
        drafts.add(tx, house.vault.box, waiting, prepared.data)
        what = "drafted and agreed to a report" if agreed else "drafted a report"
        write(tx, house.vault.box, Decision(now, waiting.drafter, what, waiting.id, "; ".join(reasons)))

    house.store.run("keep draft", work)
    return waiting


def by_rules_now(house: House, draft_id: str, by: str, *, seen: str | None = None) -> Decided:
    """Let go of a draft that waits what the standing rules cover, because a person looked and says so; the rest waits.

    Forbidden when no rule covers any of it; Conflict when it is not what the person has `seen`.
    """
    waiting, data = with_file(house, draft_id)
    _demand_seen(waiting, seen)
    prepared = Prepared(waiting.name, data, waiting.reading, waiting.draft)
    if not ruling_now(house, waiting).rule:
        raise Forbidden("No standing rule lets any of it go.", next_step="Let a person approve it.")

    def beside(tx: Transaction) -> None:
        """What waited does not any more."""
        demand_unchanged(tx, house, waiting)
        drafts.drop(tx, draft_id)

    return by_rules(house, prepared, waiting.terms, named(by), beside=beside)


def agree(
    house: House, classifier: Classifier, draft_id: str, by: str, *, seen: str | None = None
) -> Decided:
    """One person agrees to exactly what waits; it is queued once enough have.

    Forbidden for somebody who has agreed already; Refused when a value has turned out not to be the attacker's since;
    Conflict when it is not what the person has `seen`, by the mark that a page bore (None: it was shown just now).
    """
    person, now = named(by), house.clock.now()
    waiting, data = with_file(house, draft_id)
    _demand_seen(waiting, seen)
    _still_the_attackers(waiting, classifier)
    if any(same_person(person, other) for other in waiting.agreed):
        raise Forbidden(
            "Whoever agreed once does not agree again: another person does.",
            next_step="Let that person run it: tocsin agent drafts DIR approve ID --by NAME.",
        )
    more = msgspec.structs.replace(waiting, agreed=(*waiting.agreed, person))
    if len(more.agreed) < house.config.approvals:

        def first(tx: Transaction) -> None:
            """Keep the agreement; others are needed still."""
            demand_unchanged(tx, house, waiting)
            drafts.change(tx, house.vault.box, more)
            write(tx, house.vault.box, Decision(now, person, "agreed to a report", draft_id))

        house.store.run("agree to draft", first)
        return Decided(waiting=more)

    def last(tx: Transaction) -> None:
        """What belongs into the transaction of the report: it waits no more."""
        demand_unchanged(tx, house, waiting)
        drafts.drop(tx, draft_id)
        why = f"drafted by {waiting.drafter}"
        write(tx, house.vault.box, Decision(now, person, "agreed to a report", draft_id, why))

    approved = approve(waiting.draft, more.agreed[0], now, second="".join(more.agreed[1:2]))
    prepared = Prepared(waiting.name, data, waiting.reading, waiting.draft)
    return Decided(_send(house, prepared, approved, waiting.terms, last), approved)


def refuse(house: House, draft_id: str, by: str, why: str) -> Waiting:
    """One person says no, and why: nothing of it leaves, and it waits no more."""
    person, now = named(by), house.clock.now()
    if not why.strip():
        raise Malformed("A refusal says why.")

    def work(tx: Transaction) -> Waiting:
        """What waited, which waits no more."""
        waiting = drafts.find(tx, house.vault.box, draft_id)
        drafts.drop(tx, draft_id)
        write(tx, house.vault.box, Decision(now, person, "refused a report", draft_id, why.strip()))
        return waiting

    return house.store.run("refuse draft", work)


def waiting(house: House) -> list[Waiting]:
    """Every draft that waits, the oldest first."""
    with house.store.reading("drafts") as tx:
        return drafts.every(tx, house.vault.box)


def with_file(house: House, draft_id: str) -> tuple[Waiting, bytes]:
    """One draft that waits, and the file that it rests on; Unknown when it does not wait, or no more."""
    with house.store.reading("draft") as tx:
        waiting = drafts.find(tx, house.vault.box, draft_id)
        return waiting, drafts.file_of(tx, house.vault.box, draft_id)


def _send(
    house: House,
    prepared: Prepared,
    approved: Approved,
    terms: Terms,
    beside: Callable[[Transaction], None] | None = None,
) -> Queued:
    """Let it go under the terms that were agreed to."""
    return send(
        house,
        prepared,
        approved,
        terms.report_class,
        terms.audiences,
        terms.not_before,
        terms.case,
        way=Way(terms.report_class, terms.hold, terms.pseudonymous, terms.namers),
        by_name=terms.by_name,
        beside=beside,
    )


def _outgoing(prepared: Prepared, terms: Terms) -> Outgoing:
    return outgoing(prepared.draft, prepared.reading.format, terms.report_class, terms.audiences)


def _still_the_attackers(waiting: Waiting, classifier: Classifier) -> None:
    """Refused when somebody has said since that a value of it is not: a new asset, a correction."""
    for indicator in waiting.draft.disclosure.indicators:
        if verdict := classifier.kept_home(indicator.observable):
            raise Refused(
                f"{indicator.observable.value} is not the attacker's any more: {verdict.reason}.",
                next_step="Refuse this draft, and report the file again.",
            )


def _demand_seen(waiting: Waiting, seen: str | None) -> None:
    if seen is not None and seen != waiting.seen():
        raise Conflict("It was changed after you opened it.", next_step="Look at it again, and decide then.")


def demand_unchanged(tx: Transaction, house: House, seen: Waiting) -> None:
    """Conflict unless it waits as it was when this person agreed: two may agree at the same moment."""
    if drafts.find(tx, house.vault.box, seen.id) != seen:
        raise Conflict("Somebody else agreed at the same moment.", next_step="Look at it again.")


def named(by: str) -> str:
    """Who it is, as the journal has it; Malformed for a name that is none."""
    if not by.strip() or len(by) > 200:
        raise Malformed("A person has a name of at most 200 characters.")
    return by.strip()
