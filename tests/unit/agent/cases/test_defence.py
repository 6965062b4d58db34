# SPDX-License-Identifier: Apache-2.0
"""What a bank can show for itself is what counted lines say of the version that stands, and a risk is not for ever."""

import pytest
from hypothesis import given
from tests.unit.agent.cases.logs import logs

from tocsin.agent.cases.defence import Defended, defence_of, state
from tocsin.agent.cases.facts import (
    Closed,
    Fact,
    Line,
    Noted,
    Opened,
    RiskAccepted,
    Struck,
    Took,
    Warned,
    WasRead,
    happened,
)
from tocsin.agent.cases.record import Case, demand, fold
from tocsin.clock import Instant
from tocsin.errors import Conflict, Malformed

CAME = Warned("prt_1", "wrn_1", 1, "all", 4, Instant(5))
NOW = Instant(50)


def case(*facts: Fact) -> Case:
    lines = [
        Line(Instant(10 + at), "Ana", fact) for at, fact in enumerate((Opened("Warning: a wave"), *facts))
    ]
    for at in range(1, len(lines)):
        demand(fold("cas_1", lines[:at]), lines[at])
    return fold("cas_1", lines)


def stands(*facts: Fact, version: int = 1, now: Instant = NOW) -> Defended:
    return state(defence_of(case(*facts)), version, now)


def test_before_anybody_wrote_anything_it_is_unread() -> None:
    assert state(None, 1, NOW) is Defended.UNREAD
    assert stands(CAME) is Defended.UNREAD


@pytest.mark.parametrize(
    ("facts", "stand"),
    [
        ((), Defended.READ),
        ((Took("blocked it", Instant(9)),), Defended.MEASURED),
        ((RiskAccepted("no such service", Instant(60)),), Defended.ACCEPTED),
        ((RiskAccepted("no such service", Instant(50)),), Defended.LAPSED),
        (
            (RiskAccepted("no such service", Instant(50)), RiskAccepted("still none", Instant(51))),
            Defended.ACCEPTED,
        ),
        ((RiskAccepted("no such service", Instant(50)), Took("blocked it", Instant(9))), Defended.MEASURED),
    ],
    ids=["read", "measured", "accepted", "lapsed", "accepted again", "measured after all"],
)
def test_it_stands_as_its_lines_say(facts: tuple[Fact, ...], stand: Defended) -> None:
    assert stands(CAME, WasRead(1), *facts) is stand


def test_a_new_version_that_nobody_read_is_unread_whatever_was_done_before() -> None:
    assert stands(CAME, WasRead(1), Took("blocked it", Instant(9)), version=2) is Defended.UNREAD
    assert (
        stands(CAME, WasRead(1), Took("blocked it", Instant(9)), WasRead(2), version=2) is Defended.MEASURED
    )


def test_a_struck_measure_counts_no_more_and_stays_in_the_log() -> None:
    found = case(CAME, WasRead(1), Took("blocked it", Instant(9)), Struck(3, "it was another warning"))
    assert state(defence_of(found), 1, NOW) is Defended.READ
    assert isinstance(found.lines[3].fact, Took)


def test_nothing_is_taken_before_it_happened_and_no_risk_accepted_into_the_past() -> None:
    with pytest.raises(Malformed, match="not happened yet"):
        case(CAME, Took("blocked it", Instant(99)))
    with pytest.raises(Malformed, match="still to come"):
        case(CAME, RiskAccepted("why", Instant(12)))


def test_that_it_came_and_was_read_cannot_be_struck() -> None:
    for line in (1, 2):
        with pytest.raises(Exception, match="that counts"):
            case(CAME, WasRead(1), Struck(line, "no"))


def test_a_closed_defence_takes_no_measure() -> None:
    with pytest.raises(Conflict, match="closed"):
        case(CAME, Closed("over"), Took("blocked it", Instant(9)))


def test_a_measure_stands_in_the_timeline_where_it_happened() -> None:
    assert happened(Line(Instant(20), "Ana", Took("blocked it", Instant(9)))) == 9


@given(logs())
def test_every_line_that_counts_is_told_once_and_no_other(lines: list[Line]) -> None:
    found = fold("cas_1", lines)
    told = defence_of(found)
    counted = [line.fact for number, line in enumerate(lines) if number not in found.struck]
    assert [one.what for one in told.measures] == [one for one in counted if isinstance(one, Took)]
    assert [one.what for one in told.acceptances] == [one for one in counted if isinstance(one, RiskAccepted)]
    assert len(told.readings) == sum(isinstance(one, WasRead) for one in counted)
    assert not any(isinstance(one, Noted) for one in told.warned)
