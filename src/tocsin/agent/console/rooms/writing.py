# SPDX-License-Identifier: Apache-2.0
"""Writing warnings, for an agency and the desk: draft, a second officer's approval, issue, update, withdraw."""

import msgspec

from tocsin.agent.console.desk import Desk
from tocsin.agent.own_warnings import Content, OwnWarning
from tocsin.agent.people.person import Person
from tocsin.agent.verbs import warn
from tocsin.agent.verbs.sight import recognise
from tocsin.clock import Instant
from tocsin.domain.audience import EVERYONE
from tocsin.domain.observable import defang
from tocsin.domain.warning import MAX_LIFE_DAYS, Urgency
from tocsin.domain.warning_life import State
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page


class Written(msgspec.Struct, frozen=True):
    """Own warnings, the last changed first."""

    warnings: tuple[OwnWarning, ...]
    officers: int
    """Who must stand behind each."""
    now: Instant
    """An issued one ends by itself."""


class Writing(msgspec.Struct, frozen=True):
    """One own warning, or an empty sheet."""

    warning: OwnWarning | None
    state: str
    """Empty: it is not begun."""
    values: str
    """One a line, as they are typed."""
    officers: int
    mine: bool
    """Whether whoever looks wrote this version."""
    history: tuple[OwnWarning, ...] = ()
    urgencies: tuple[str, ...] = tuple(Urgency)
    days: int = MAX_LIFE_DAYS
    everyone: str = str(EVERYONE)


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The list."""
    house = desk.house
    view = Written(tuple(warn.written(house)), warn.officers_needed(house), desk.now)
    return Page("written.html", view)


def empty(desk: Desk, person: Person, asked: Asked) -> Answer:
    """A sheet to write on."""
    return Page("writing.html", Writing(None, "", "", warn.officers_needed(desk.house), mine=False))


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One of them as it stands, with its versions."""
    history = tuple(warn.history(desk.house, asked.path["warning"]))
    last = history[-1]
    values = "\n".join(defang(value.value) for value in last.content.look_for)
    needed = warn.officers_needed(desk.house)
    mine = last.author == person.name
    return Page("writing.html", Writing(last, last.now(desk.now), values, needed, mine, history))


def begin(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The first draft."""
    audiences = (asked.one("audience") or str(EVERYONE),)
    made = warn.draft(desk.house, _content(asked), audiences, person.name)
    return Elsewhere(f"/written/{made.id}")


def change(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Other words: another draft, or the next version of what was issued."""
    content = _content(asked)
    changed = warn.Change(
        title=content.title,
        look_for=content.look_for,
        measures=content.measures,
        urgency=content.urgency,
        days=content.days,
        grading=content.grading,
    )
    made = warn.update(desk.house, asked.path["warning"], changed, person.name)
    return Elsewhere(f"/written/{made.id}")


def approve(desk: Desk, person: Person, asked: Asked) -> Answer:
    """A second officer agrees to exactly the words that the page showed."""
    made = warn.approve(desk.house, asked.path["warning"], person.name, seen=asked.one("seen"))
    return Elsewhere(f"/written/{made.id}")


def issue(desk: Desk, person: Person, asked: Asked) -> Answer:
    """It is signed, and goes."""
    made = warn.issue(desk.house, asked.path["warning"], person.name, seen=asked.one("seen"))
    desk.told()
    return Elsewhere(f"/written/{made.id}")


def withdraw(desk: Desk, person: Person, asked: Asked) -> Answer:
    """It is out of effect everywhere, for good."""
    made = warn.withdraw(desk.house, asked.path["warning"], asked.one("why"), person.name)
    if made.state is State.WITHDRAWN:
        desk.told()
    return Elsewhere(f"/written/{made.id}")


def _content(asked: Asked) -> Content:
    try:
        urgency, days = Urgency(asked.one("urgency")), int(asked.one("days"))
    except ValueError:
        raise Malformed(
            "A warning has one of the urgencies that the form offers, and a number of days."
        ) from None
    values = [line.strip() for line in asked.one("values").splitlines() if line.strip()]
    return Content(
        title=asked.one("title"),
        look_for=tuple(dict.fromkeys(recognise(line) for line in values)),
        measures=asked.one("measures").replace("\r\n", "\n"),
        urgency=urgency,
        days=days,
        grading=asked.one("grading"),
    )
