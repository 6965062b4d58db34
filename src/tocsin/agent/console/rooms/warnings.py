# SPDX-License-Identifier: Apache-2.0
"""Warnings: each with what to do, what of it was found here, which controls answer it; and this party's answer."""

from contextlib import suppress

import msgspec

from tocsin.agent.console.board import Standing
from tocsin.agent.console.desk import Desk
from tocsin.agent.inbox import RoleAnswers, answers_of
from tocsin.agent.measures.advice import Advice, advise
from tocsin.agent.people.person import Person
from tocsin.agent.shields.levels import KnownValue
from tocsin.agent.verbs import defend
from tocsin.agent.verbs.acknowledge import acknowledge
from tocsin.domain.acknowledgement import Answer as Reply
from tocsin.errors import Conflict, Malformed, Missing, Unknown
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page

SHOWN = 200
"""Warnings on one page."""
VALUES = 200
"""Values of one warning whose level is shown at once."""


class Warnings(msgspec.Struct, frozen=True):
    """All that stand."""

    warnings: tuple[Standing, ...]
    more: int


class Shown(msgspec.Struct, frozen=True):
    """One of them."""

    one: Standing
    values: tuple[KnownValue, ...]
    """With what this house does with each."""
    unlisted: int
    """Values beyond those."""
    answers: tuple[RoleAnswers, ...]
    advice: Advice | None
    """None: no catalogue of controls is installed here."""
    replies: tuple[str, ...] = tuple(Reply)


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The list."""
    found, more = desk.board.standing(desk.now, SHOWN)
    return Page("warnings.html", Warnings(tuple(found), more))


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One warning."""
    house, now = desk.house, desk.now
    found = desk.board.one(asked.path["warning"], now)
    values = found.warning.look_for
    known = (desk.levels.of(value, now) for value in values[:VALUES])
    with house.store.reading("answers") as tx:
        answers = answers_of(tx, found.chain, found.warning.version)
    return Page(
        "warning.html",
        Shown(
            one=found,
            values=tuple(value for value in known if value),
            unlisted=max(len(values) - VALUES, 0),
            answers=answers,
            advice=None if found.own else _advice(desk, found),
        ),
    )


def answer(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Received, acted, or not affected; whoever answers has read it, and the proof of defence says so."""
    try:
        reply = Reply(asked.one("answer"))
    except ValueError:
        raise Malformed("That is no answer to a warning.") from None
    warning = asked.path["warning"]
    acknowledge(desk.house, warning, reply, person.name)
    with suppress(Conflict, Unknown):  # read before, or nobody else's
        defend.read(desk.house, warning, person.name)
    desk.told()
    return Elsewhere(f"/warnings/{warning}")


def _advice(desk: Desk, found: Standing) -> Advice | None:
    try:
        return advise(desk.house, defend.find(desk.house, found.warning.id))
    except (Missing, Unknown):
        return None
