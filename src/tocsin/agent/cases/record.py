# SPDX-License-Identifier: Apache-2.0
"""What a case is: an append-only log of facts and decisions. Its state is a pure fold over them.

1. A line is never changed. A mistake is struck by a later line: it stays in the log and counts no more.
2. `demand` says which line may come next, and raises for any other; `fold` says what the lines tell together.
3. A decision has a kind, the time since when it holds, a reason and a name: it may start a regulator's clock later.
4. A legal hold is for one matter. Several may hold one case; each is released by itself.
5. A closed case takes no fact until it is reopened. Holds, releases and taking evidence out go on.

Not here: the facts (`facts.py`), keeping it (`ledger.py`), its age (`retention.py`), and whatever leaves.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tocsin.agent.cases.facts import (
    Attached,
    Closed,
    Concerned,
    Decided,
    Fact,
    Held,
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
)
from tocsin.agent.cases.impact import Measured
from tocsin.clock import Instant
from tocsin.errors import Conflict, Malformed, TooLarge, Unknown

MAX_LINES = 10_000
"""Of one case. Releases and the like are taken beyond it, or a full case could never be let go."""


class Decision(msgspec.Struct, frozen=True):
    """A decision that counts, with its line."""

    line: int
    at: Instant
    by: str
    what: Decided


class Exhibit(msgspec.Struct, frozen=True):
    """A file in custody: who put it in, and when."""

    at: Instant
    by: str
    file: Attached


class Case(msgspec.Struct, frozen=True):
    """A case as its lines tell it."""

    id: str
    title: str
    opened: Instant
    closed: bool
    latest: Instant
    """When it last grew. Holds, releases and copies taken out do not make it younger."""
    holds: tuple[str, ...]
    """Matters for which it is held."""
    decisions: tuple[Decision, ...]
    impact: tuple[Measured, ...]
    """The last that counts of each quantity."""
    impersonated: tuple[str, ...]
    platforms: tuple[str, ...]
    evidence: tuple[Exhibit, ...]
    sent: tuple[Sent, ...]
    struck: tuple[int, ...]
    """Lines that count no more."""
    lines: tuple[Line, ...]


_ANY_TIME = (Held, Released, TakenOut)
"""What a closed or full case takes, and what leaves its age as it is."""
_STRIKABLE = (Noted, Decided, Measured, Concerned, Took, RiskAccepted)


def fold(case_id: str, lines: Sequence[Line]) -> Case:
    """What the lines tell together; the first is `Opened`."""
    first = lines[0]
    assert isinstance(first.fact, Opened), "the ledger lets no case begin otherwise"
    struck = tuple(sorted(line.fact.line for line in lines if isinstance(line.fact, Struck)))
    counted = [(number, line) for number, line in enumerate(lines) if number not in struck]
    facts = [line.fact for _, line in counted]
    concerned = [fact for fact in facts if isinstance(fact, Concerned)]
    turns = [fact for fact in facts if isinstance(fact, Closed | Reopened)]
    return Case(
        id=case_id,
        title=first.fact.title,
        opened=first.at,
        closed=bool(turns) and isinstance(turns[-1], Closed),
        latest=max(line.at for line in lines if not isinstance(line.fact, _ANY_TIME)),
        holds=_holds(facts),
        decisions=tuple(
            Decision(number, line.at, line.by, line.fact)
            for number, line in counted
            if isinstance(line.fact, Decided)
        ),
        impact=tuple({fact.quantity: fact for fact in facts if isinstance(fact, Measured)}.values()),
        impersonated=_once(name for one in concerned for name in one.impersonated),
        platforms=_once(name for one in concerned for name in one.platforms),
        evidence=tuple(
            Exhibit(line.at, line.by, line.fact) for _, line in counted if isinstance(line.fact, Attached)
        ),
        sent=tuple(fact for fact in facts if isinstance(fact, Sent)),
        struck=struck,
        lines=tuple(lines),
    )


def demand(found: Case | None, line: Line) -> None:
    """Nothing, when the line may come next; `found` is the case before it, None when there is none yet."""
    fact = line.fact
    if found is None or isinstance(fact, Opened):
        if found is None and isinstance(fact, Opened):
            return
        raise Unknown("There is no such case.") if found is None else Conflict("It is open already.")
    if not isinstance(fact, _ANY_TIME):
        _demand_room(found, fact)
    if isinstance(fact, Noted | Decided | Took) and fact.happened > line.at:
        raise Malformed("It has not happened yet.")
    if isinstance(fact, RiskAccepted) and fact.until <= line.at:
        raise Malformed("A risk is accepted until a time that is still to come.")
    if isinstance(fact, Struck) and not _strikable(found, fact.line):
        raise Unknown(f"Line {fact.line} is no note, decision, impact or measure that counts.")
    if isinstance(fact, Held) and fact.matter in found.holds:
        raise Conflict(f"It is held for {fact.matter} already.")
    if isinstance(fact, Released) and fact.matter not in found.holds:
        raise Unknown(f"It is not held for {fact.matter}.")


def _demand_room(found: Case, fact: Fact) -> None:
    if found.closed and not isinstance(fact, Reopened):
        raise Conflict(
            "It is closed.", next_step="Reopen it first: tocsin agent case DIR reopen CASE --why …"
        )
    if isinstance(fact, Reopened) and not found.closed:
        raise Conflict("It is open.")
    if len(found.lines) >= MAX_LINES:
        raise TooLarge(
            f"A case has at most {MAX_LINES:,} lines.", next_step="Open another that names this one."
        )


def _strikable(found: Case, number: int) -> bool:
    return (
        0 <= number < len(found.lines)
        and number not in found.struck
        and isinstance(found.lines[number].fact, _STRIKABLE)
    )


def _holds(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Matters that hold it, in the order in which they came."""
    matters: dict[str, None] = {}
    for fact in facts:
        if isinstance(fact, Held):
            matters[fact.matter] = None
        elif isinstance(fact, Released):
            matters.pop(fact.matter, None)
    return tuple(matters)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
