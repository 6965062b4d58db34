# SPDX-License-Identifier: Apache-2.0
"""A case is what its lines tell: nothing is lost, a struck line counts no more, a hold ends only by its own release."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from tests.unit.agent.cases.logs import logs

from tocsin.agent.cases import record
from tocsin.agent.cases.facts import (
    Attached,
    Closed,
    Concerned,
    Decided,
    Fact,
    Held,
    Kind,
    Line,
    Noted,
    Opened,
    Released,
    Reopened,
    Sent,
    Struck,
    TakenOut,
    happened,
)
from tocsin.agent.cases.impact import Certainty, Measured, Quantity
from tocsin.agent.cases.record import Case, demand, fold
from tocsin.clock import Instant
from tocsin.errors import Conflict, Malformed, TocsinError, TooLarge, Unknown

FEW, MANY = (Measured(Quantity.CUSTOMERS, Certainty.VALUE, number) for number in (12, 1200))
AWARE = Decided(Kind.AWARE, Instant(5), "the SOC confirmed it")


def log(*facts: Fact) -> list[Line]:
    return [Line(Instant(10 + at), "Ana", fact) for at, fact in enumerate((Opened("A phish"), *facts))]


def case(*facts: Fact) -> Case:
    return fold("cas_1", log(*facts))


def told(found: Case) -> Sequence[object]:
    """Everything that lines tell, without the lines."""
    bare = [msgspec.structs.replace(one, line=0) for one in found.decisions]
    return found.closed, found.holds, bare, found.impact, found.impersonated, found.platforms, found.sent


def test_a_new_case_says_who_opened_it_when() -> None:
    found = case()
    assert (found.title, found.opened, found.latest, found.closed) == ("A phish", 10, 10, False)
    assert found.lines[0].by == "Ana"


def test_a_decision_keeps_who_since_when_why_and_when_it_was_written() -> None:
    (decision,) = case(AWARE).decisions
    assert (decision.by, decision.at, decision.line, decision.what) == ("Ana", 11, 1, AWARE)


def test_the_last_of_a_quantity_counts_and_a_struck_one_gives_way_to_the_one_before() -> None:
    assert case(FEW, MANY).impact == (MANY,)
    assert case(FEW, MANY, Struck(2, "a typing error")).impact == (FEW,)
    assert case(FEW, Struck(1, "not ours")).impact == ()


def test_whom_it_touches_adds_up() -> None:
    one, other = Concerned(("Bute Bank",), ("SwiftPay",)), Concerned(("Bute Bank", "Ayr Bank"))
    found = case(one, other)
    assert found.impersonated == ("Bute Bank", "Ayr Bank")
    assert found.platforms == ("SwiftPay",)


def test_each_matter_holds_by_itself() -> None:
    held = (Held("court", "a writ"), Held("FCA", "a letter"))
    assert case(*held).holds == ("court", "FCA")
    assert case(*held, Released("court", "it is over")).holds == ("FCA",)


def test_a_timeline_goes_by_when_things_happened() -> None:
    lines = log(AWARE, FEW)
    assert [happened(line) for line in lines] == [10, 5, 12]


@pytest.mark.parametrize(
    ("before", "fact", "error"),
    [
        ((), Opened("again"), Conflict),
        ((), Noted("later", Instant(99)), Malformed),
        ((), Decided(Kind.AWARE, Instant(99), "later"), Malformed),
        ((), Struck(0, "the beginning"), Unknown),
        ((), Struck(1, "nothing there"), Unknown),
        ((), Struck(-1, "from the end"), Unknown),
        ((AWARE, Struck(1, "wrong")), Struck(1, "twice"), Unknown),
        ((AWARE, Struck(1, "wrong")), Struck(2, "the striking"), Unknown),
        ((Attached("a.eml", "a" * 64, 1),), Struck(1, "evidence stays"), Unknown),
        ((Held("court", "a writ"),), Held("court", "again"), Conflict),
        ((Held("court", "a writ"),), Struck(1, "no way round a hold"), Unknown),
        ((), Released("court", "never was"), Unknown),
        ((), Reopened("it is open"), Conflict),
        ((Closed("over"),), Closed("twice"), Conflict),
        ((Closed("over"),), AWARE, Conflict),
        ((Closed("over"),), Attached("a.eml", "a" * 64, 1), Conflict),
        ((Closed("over"),), Sent("report", "rpt_1", "rpt_1"), Conflict),
    ],
)
def test_a_line_that_may_not_come_next_is_refused(
    before: tuple[Fact, ...], fact: Fact, error: type[TocsinError]
) -> None:
    with pytest.raises(error):
        demand(case(*before), Line(Instant(50), "Ana", fact))


def test_nothing_but_its_opening_begins_a_case() -> None:
    demand(None, Line(Instant(1), "Ana", Opened("A phish")))
    with pytest.raises(Unknown):
        demand(None, Line(Instant(1), "Ana", AWARE))


@pytest.mark.parametrize("fact", [Held("court", "a writ"), TakenOut("a" * 64), Reopened("more came")])
def test_a_closed_case_can_be_held_looked_into_and_reopened(fact: Fact) -> None:
    demand(case(Closed("over")), Line(Instant(50), "Ana", fact))


def test_a_full_case_takes_no_fact_and_can_still_be_held_and_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record, "MAX_LINES", 3)
    full = case(AWARE, Held("court", "a writ"))
    with pytest.raises(TooLarge):
        demand(full, Line(Instant(50), "Ana", FEW))
    demand(full, Line(Instant(50), "Ana", Released("court", "over")))
    demand(full, Line(Instant(50), "Ana", Held("FCA", "a letter")))


@given(logs())
def test_a_fold_is_the_same_whatever_became_of_the_bytes(lines: list[Line]) -> None:
    found = fold("cas_1", lines)
    assert list(found.lines) == lines
    again = msgspec.json.decode(msgspec.json.encode(lines), type=list[Line])
    assert fold("cas_1", again) == found


@given(logs())
def test_a_case_with_struck_lines_tells_what_it_would_without_them(lines: list[Line]) -> None:
    found = fold("cas_1", lines)
    kept = [
        line
        for number, line in enumerate(lines)
        if number not in found.struck and not isinstance(line.fact, Struck)
    ]
    assert told(fold("cas_1", kept)) == told(found)


@given(logs())
def test_a_hold_ends_by_its_own_release_and_by_nothing_else(lines: list[Line]) -> None:
    for end in range(1, len(lines)):
        before, after = fold("cas_1", lines[:end]), fold("cas_1", lines[: end + 1])
        gone = set(before.holds) - set(after.holds)
        fact = lines[end].fact
        assert gone == ({fact.matter} if isinstance(fact, Released) else set())


@given(logs())
def test_evidence_and_what_was_sent_are_never_lost_and_a_case_never_gets_younger_by_a_hold(
    lines: list[Line],
) -> None:
    for end in range(1, len(lines)):
        before, after = fold("cas_1", lines[:end]), fold("cas_1", lines[: end + 1])
        assert after.evidence[: len(before.evidence)] == before.evidence
        assert after.sent[: len(before.sent)] == before.sent
        older = isinstance(lines[end].fact, Held | Released | TakenOut)
        assert after.latest == (before.latest if older else lines[end].at)
