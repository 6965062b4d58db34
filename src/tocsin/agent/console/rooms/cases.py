# SPDX-License-Identifier: Apache-2.0
"""Cases: what this party knows of each attack; timeline, decisions, evidence. Nothing of it leaves."""

import msgspec

from tocsin.agent.cases.facts import Decided as Decision
from tocsin.agent.cases.facts import Kind, Noted, happened
from tocsin.agent.cases.record import Case
from tocsin.agent.cases.timeline import told_of
from tocsin.agent.console.desk import Desk
from tocsin.agent.people.person import Person
from tocsin.agent.verbs import case as verbs
from tocsin.agent.verbs.case import Told
from tocsin.clock import Instant
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page

SHOWN = 200
"""Cases on one page, the newest."""


class Cases(msgspec.Struct, frozen=True):
    """The list."""

    cases: tuple[Case, ...]
    more: int
    broken: tuple[str, ...]
    """Cases whose log was changed, in words."""


class Moment(msgspec.Struct, frozen=True):
    """One line of the timeline."""

    number: int
    at: Instant
    """When it happened."""
    written: Instant
    by: str
    text: str
    struck: bool


class Shown(msgspec.Struct, frozen=True):
    """One case."""

    case: Case
    timeline: tuple[Moment, ...]
    told: tuple[Told, ...]
    kinds: tuple[str, ...] = tuple(Kind)


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The newest first."""
    found, broken = verbs.listed(desk.house)
    found.sort(key=lambda case: -case.latest)
    return Page(
        "cases.html",
        Cases(tuple(found[:SHOWN]), max(len(found) - SHOWN, 0), tuple(str(error) for error in broken)),
    )


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One of them, in the order in which it happened."""
    found = verbs.read(desk.house, asked.path["case"])
    moments = [
        Moment(number, happened(line), line.at, line.by, told_of(line.fact), number in found.struck)
        for number, line in enumerate(found.lines)
    ]
    moments.sort(key=lambda one: (one.at, one.number))
    return Page("case.html", Shown(found, tuple(moments), verbs.told(desk.house, found)))


def note(desk: Desk, person: Person, asked: Asked) -> Answer:
    """A line that somebody writes."""
    case, text = asked.path["case"], asked.one("text").replace("\r\n", "\n")
    verbs.write(desk.house, case, person.name, Noted(text, desk.now))
    return Elsewhere(f"/cases/{case}")


def decide(desk: Desk, person: Person, asked: Asked) -> Answer:
    """A decision, with why."""
    try:
        kind = Kind(asked.one("kind"))
    except ValueError:
        raise Malformed("That is no kind of decision.") from None
    case = asked.path["case"]
    verbs.write(desk.house, case, person.name, Decision(kind, desk.now, asked.one("why")))
    return Elsewhere(f"/cases/{case}")
