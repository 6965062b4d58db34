# SPDX-License-Identifier: Apache-2.0
"""Logs of cases for tests: any that people may come to write, line by line through the product's own rule."""

from hypothesis import strategies as st

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
    RiskAccepted,
    Sent,
    Struck,
    TakenOut,
    Took,
    Warned,
    WasRead,
)
from tocsin.agent.cases.impact import Certainty, Measured, Quantity
from tocsin.agent.cases.record import demand, fold
from tocsin.clock import Instant
from tocsin.errors import TocsinError

NAMES = st.sampled_from(["Ana", "Bo", "court 12", "Bute Bank", "SwiftPay"])
DIGESTS = st.sampled_from([letter * 64 for letter in "abc"])
TIMES = st.integers(min_value=0, max_value=40).map(Instant)

FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Opened, NAMES),
    st.builds(Noted, NAMES, TIMES),
    st.builds(Decided, st.sampled_from(Kind), TIMES, NAMES),
    st.builds(Measured, st.sampled_from(Quantity), st.sampled_from(Certainty), st.integers(0, 9)),
    st.builds(Concerned, st.tuples(NAMES), st.tuples(NAMES)),
    st.builds(Attached, NAMES, DIGESTS, st.integers(0, 9)),
    st.builds(TakenOut, DIGESTS),
    st.builds(Sent, st.just("report"), NAMES, NAMES, DIGESTS),
    st.builds(Warned, NAMES, NAMES, st.integers(1, 3), NAMES, st.integers(0, 9), TIMES),
    st.builds(WasRead, st.integers(1, 3)),
    st.builds(Took, NAMES, TIMES),
    st.builds(RiskAccepted, NAMES, TIMES),
    st.builds(Struck, st.integers(-1, 12), NAMES),
    st.builds(Held, NAMES, NAMES),
    st.builds(Released, NAMES, NAMES),
    st.builds(Closed, NAMES),
    st.builds(Reopened, NAMES),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Line]:
    """A log that may come to be: of what was drawn, every line that may come next."""
    lines = [Line(Instant(10), "Ana", Opened("A phish"))]
    for number, fact in enumerate(draw(st.lists(FACTS, max_size=20))):
        line, before = Line(Instant(11 + number), draw(NAMES), fact), fold("cas_1", lines)
        if isinstance(fact, Attached) and fact.digest in {one.file.digest for one in before.evidence}:
            continue  # the ledger adds no second line for one file
        try:
            demand(before, line)
        except TocsinError:
            continue
        lines.append(line)
    return lines
