# SPDX-License-Identifier: Apache-2.0
"""The values of an inbox as they came: by report, sighting or warning, the newest first, with what is one's own.

A value stands once: under the warning that names it, else under whatever named it first.
"""

from collections.abc import Iterable

import msgspec

from tocsin.agent.house import House
from tocsin.agent.shields.levels import KnownValue
from tocsin.clock import Instant
from tocsin.domain.narrative import defanged
from tocsin.errors import TocsinError
from tocsin.storage.store import Transaction
from tocsin.wire.registrable import registrable
from tocsin.wire.stix21 import StixGrouping, attack_of, marking_of, read

REPORT, SIGHTING, WARNING = "report", "sighting", "warning"
MOST_TEXTS = 5
"""Reports of one group that are asked for their text, the first that named a value of it first."""


class Group(msgspec.Struct, frozen=True):
    """One report, sighting or warning with the values that stand under it."""

    fact: str
    kind: str
    began: Instant
    latest: Instant
    """When anything was last said of one of its values."""
    about: str
    """Kind of attack and marking of a report; empty for anything else."""
    yours: bool
    values: tuple[str, ...]
    """``kind:value``."""
    texts: tuple[str, ...] = ()
    """What reports of these values tell in words, with no link in it that a program would open; most tell nothing."""


class _Posting(msgspec.Struct, frozen=True):
    value: str
    fact: str
    kind: str
    since: int


class _Own(msgspec.Struct, frozen=True):
    id: str


class _Body(msgspec.Struct, frozen=True):
    body: bytes


def groups(house: House, values: Iterable[KnownValue], now: Instant) -> tuple[Group, ...]:
    """Every group that has a value, the newest first."""
    shown = {str(one.observable) for one in values}
    alliance = house.vault.membership().alliance_identity
    with house.store.reading("groups") as tx:
        postings = tx.all("postings", {"now": now}, into=_Posting)
        own = own_facts(tx)
        found = _grouped([one for one in postings if one.value in shown])
        made = [_group(tx, alliance, own, *one) for one in found.items()]
    return tuple(sorted(made, key=lambda group: (-group.latest, group.fact)))


def confirmed(house: House, now: Instant) -> dict[str, str]:
    """Values that this party itself has named, each with the identifier under which it can take that back."""
    with house.store.reading("own values") as tx:
        own = own_facts(tx)
        postings = tx.all("postings", {"now": now}, into=_Posting)
    return {one.value: one.fact for one in postings if one.fact in own}


def own_facts(tx: Transaction) -> frozenset[str]:
    """Identifiers of everything that this party has told or is telling the alliance."""
    return frozenset(row.id for row in tx.all("own_messages", {}, into=_Own))


def _grouped(postings: list[_Posting]) -> dict[_Posting, list[_Posting]]:
    """For each group its first posting, and every posting of every value that stands under it."""
    by_value: dict[str, list[_Posting]] = {}
    for posting in postings:
        by_value.setdefault(posting.value, []).append(posting)
    first_of_fact: dict[str, _Posting] = {}
    found: dict[str, list[_Posting]] = {}
    for several in by_value.values():
        home = next((one for one in several if one.kind == "warning"), several[0])
        first_of_fact.setdefault(home.fact, home)
        found.setdefault(home.fact, []).extend(several)
    return {first_of_fact[fact]: members for fact, members in found.items()}


def _group(
    tx: Transaction, alliance: str, own: frozenset[str], first: _Posting, members: list[_Posting]
) -> Group:
    kind = {"sighting": SIGHTING, "warning": WARNING}.get(first.kind, REPORT)
    reports = dict.fromkeys(one.fact for one in (first, *members) if one.kind not in (SIGHTING, WARNING))
    told = [_about(tx, alliance, fact) for fact in tuple(reports)[:MOST_TEXTS]]
    return Group(
        fact=first.fact,
        kind=kind,
        began=Instant(first.since),
        latest=Instant(max(one.since for one in members)),
        about=told[0][0] if kind == REPORT else "",
        yours=first.fact in own,
        values=tuple(dict.fromkeys(one.value for one in members)),
        texts=tuple(text for _, text in told if text),
    )


def _about(tx: Transaction, alliance: str, fact: str) -> tuple[str, str]:
    """What a report says as a whole, and in words; empty when its grouping was erased or cannot be read."""
    for row in tx.all("bodies_of_fact", {"fact": fact, "limit": 3}, into=_Body):
        try:
            found = read(row.body, alliance)
            if isinstance(found, StixGrouping):
                return f"{attack_of(found)}, {marking_of(found)}", defanged(
                    found.description or "", registrable
                )
        except TocsinError:
            continue  # it was kept and is not acted on; an alarm has said so
    return "", ""
