# SPDX-License-Identifier: Apache-2.0
"""What a bank might do about one warning, beside what it has decided already.

A warning has no field for techniques. They are taken from its own words, from the reports here that name one of its
values, and from the person who asks.
"""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from tocsin.agent.house import House
from tocsin.agent.measures.catalogue import Controls, installed
from tocsin.agent.measures.ranking import Answering, rank
from tocsin.agent.verbs.defend import Standing, every
from tocsin.clock import Instant
from tocsin.domain.warning import Warning
from tocsin.errors import TocsinError
from tocsin.storage.store import Transaction
from tocsin.wire.stix21 import StixGrouping, disclosure_of, read

_TECHNIQUE = re.compile(r"\bT[0-9]{4}(?:\.[0-9]{3})?\b", re.ASCII)
MAX_REPORTS = 200
"""Reports that are looked at for techniques."""
_FIRST = 3
"""Objects of a report among which its grouping is."""


class Decided(msgspec.Struct, frozen=True):
    """What this bank has last decided about a control, for any warning."""

    control: str
    at: Instant
    by: str
    measure: str
    """What was done; empty when the risk was accepted."""
    accepted_until: Instant | None
    warning: str


class Advice(msgspec.Struct, frozen=True):
    """Controls for one warning, the one that answers most of it first."""

    warning: str
    title: str
    framework: str
    techniques: tuple[str, ...]
    unanswered: tuple[str, ...]
    """Techniques that no control of the catalogue mitigates."""
    controls: tuple[Answering, ...]
    decided: tuple[Decided, ...]
    """For these controls."""


class _Fact(msgspec.Struct, frozen=True):
    fact: str


class _Body(msgspec.Struct, frozen=True):
    body: bytes


def advise(house: House, standing: Standing, also: Collection[str] = ()) -> Advice:
    """Controls for a warning; Missing without a catalogue. `also` are techniques that a person knows of."""
    catalogue = installed(house.folder)
    asked = tuple(sorted({*techniques(house, standing.warning), *also}))
    found = rank(catalogue.controls, asked)
    answered = {one for answers in found for one in (*answers.by_name, *answers.in_general)}
    names = {one.control for one in found}
    return Advice(
        warning=standing.warning.id,
        title=standing.warning.title,
        framework=_named(catalogue),
        techniques=asked,
        unanswered=tuple(one for one in asked if one not in answered),
        controls=found,
        decided=tuple(one for one in decisions(every(house)) if one.control in names),
    )


def techniques(house: House, warning: Warning) -> frozenset[str]:
    """ATT&CK techniques in its words, and in the reports that name one of its values."""
    told = set(_TECHNIQUE.findall(f"{warning.title}\n{warning.measures}"))
    alliance = house.vault.membership().alliance_identity
    with house.store.reading("techniques of a warning") as tx:
        for fact in _reports(tx, warning):
            told |= {one for one in _catalogued(tx, alliance, fact) if _TECHNIQUE.fullmatch(one)}
    return frozenset(told)


def decisions(standing: Iterable[Standing]) -> list[Decided]:
    """The last decision about each control that any warning's defence names, by control."""
    last: dict[str, Decided] = {}
    for one in sorted(_decisions(standing), key=lambda decided: decided.at):
        last[one.control] = one
    return [last[control] for control in sorted(last)]


def _decisions(standing: Iterable[Standing]) -> Iterator[Decided]:
    for one in standing:
        if one.defence is None:
            continue
        for measure in one.defence.measures:
            took = measure.what
            yield Decided(took.control, measure.at, measure.by, took.measure, None, one.warning.id)
        for risk in one.defence.acceptances:
            yield Decided(risk.what.control, risk.at, risk.by, "", risk.what.until, one.warning.id)


def _reports(tx: Transaction, warning: Warning) -> list[str]:
    facts: dict[str, None] = {}
    for value in warning.look_for:
        if len(facts) < MAX_REPORTS:
            rows = tx.all("reports_of_value", {"value": str(value), "limit": MAX_REPORTS}, into=_Fact)
            facts.update(dict.fromkeys(row.fact for row in rows))
    return list(facts)[:MAX_REPORTS]


def _catalogued(tx: Transaction, alliance: str, fact: str) -> tuple[str, ...]:
    """The catalogue identifiers of a report; none when its grouping was erased or cannot be read."""
    for row in tx.all("bodies_of_fact", {"fact": fact, "limit": _FIRST}, into=_Body):
        try:
            found = read(row.body, alliance)
            if isinstance(found, StixGrouping):
                return disclosure_of(found, ()).external_ids
        except TocsinError:
            continue  # it was kept and is not acted on; an alarm has said so
    return ()


def _named(catalogue: Controls) -> str:
    return f"{catalogue.framework} {catalogue.version}, for ATT&CK {catalogue.attack}"
