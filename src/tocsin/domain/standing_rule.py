# SPDX-License-Identifier: Apache-2.0
"""What may leave a party without anybody looking at the single case: rules that it has declared, and one function.

`decide` is the only function that says yes. The rules are asked in their order; the first that covers everything in a
draft decides. Where none does, the first that may take a part decides on that part, and the rest waits for a person.

A rule covers what it names, never "everything": one without kinds or attacks covers nothing. No rule covers a value
that is wider than the file was, nor a draft with a text or without values: that is a person's to judge.
"""

from collections.abc import Sequence

import msgspec

from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import TLP
from tocsin.domain.observable import Kind, Observable


class StandingRule(msgspec.Struct, frozen=True):
    """A decision taken once, in advance."""

    name: str
    attacks: frozenset[Attack]
    kinds: frozenset[Kind]
    formats: frozenset[str] = frozenset()
    """What the file must have been read as; empty: anything that is read."""
    up_to: TLP = TLP.AMBER
    """The strictest marking that it covers."""
    classes: frozenset[str] = frozenset({"named"})
    audiences: frozenset[str] = frozenset({"members"})
    """Every audience that it may be told to, in canonical text."""
    whole: bool = True
    """Whether a draft waits as a whole when any of its values is not covered."""

    def covers(self, indicator: Indicator, wider: frozenset[Observable]) -> bool:
        """Whether one value may leave by it."""
        return indicator.observable.kind in self.kinds and indicator.observable not in wider


class Outgoing(msgspec.Struct, frozen=True):
    """What `decide` needs to know of a draft."""

    disclosure: Disclosure
    format: str
    """What the file was read as."""
    report_class: str
    audiences: tuple[str, ...]
    wider: frozenset[Observable] = frozenset()
    """Values that cover more than what stood in the file."""


class Ruling(msgspec.Struct, frozen=True):
    """What leaves by a rule, and why the rest waits."""

    rule: str
    """The rule's name; empty when everything waits."""
    goes: tuple[Indicator, ...]
    waits: tuple[Indicator, ...]
    reasons: tuple[str, ...]
    """Why something waits, a sentence for each rule; empty when everything goes."""


def decide(outgoing: Outgoing, rules: Sequence[StandingRule]) -> Ruling:
    """What of a draft leaves by these rules, and what waits for a person with which reasons; pure."""
    values = outgoing.disclosure.indicators
    part: tuple[str, tuple[Indicator, ...]] = ("", ())
    reasons = []
    for rule in rules:
        if objection := _objection(rule, outgoing):
            reasons.append(f"{rule.name} does not cover {objection}")
            continue
        covered = tuple(one for one in values if rule.covers(one, outgoing.wider))
        if covered == values:
            return Ruling(rule.name, values, (), ())
        if covered and not rule.whole and not part[0]:
            part = (rule.name, covered)
        reasons.append(f"{rule.name} does not cover {_uncovered(rule, outgoing)}")
    name, goes = part
    waits = tuple(one for one in values if one not in goes)
    return Ruling(name, goes, waits, tuple(reasons) or ("no standing rule is declared",))


def _objection(rule: StandingRule, outgoing: Outgoing) -> str | None:
    """Why a rule says nothing of a draft at all; None when it may cover its values."""
    disclosure = outgoing.disclosure
    if disclosure.attack not in rule.attacks:
        return f"{disclosure.attack}"
    if rule.formats and outgoing.format not in rule.formats:
        return f"a file read as {outgoing.format}"
    if list(TLP).index(disclosure.marking.tlp) > list(TLP).index(rule.up_to):
        return f"{disclosure.marking.tlp}"
    if outgoing.report_class not in rule.classes:
        return f"class {outgoing.report_class}"
    if others := sorted(set(outgoing.audiences) - rule.audiences):
        return f"the audience {', '.join(others)}"
    said = "a text" if disclosure.text else "a draft without values"
    return said if disclosure.text or not disclosure.indicators else None


def _uncovered(rule: StandingRule, outgoing: Outgoing) -> str:
    kinds = {one.observable.kind for one in outgoing.disclosure.indicators} - rule.kinds
    wider = any(
        one.observable in outgoing.wider and one.observable.kind in rule.kinds
        for one in outgoing.disclosure.indicators
    )
    return ", ".join([*sorted(kinds), *(["what is wider than the file"] if wider else [])])
