# SPDX-License-Identifier: Apache-2.0
"""Shields: what each protects with, what it would change, and the switch; nothing blocks before a person says so."""

import msgspec

from tocsin.agent.console.desk import Desk
from tocsin.agent.people.person import Person
from tocsin.agent.shields.protection import Change
from tocsin.agent.shields.switching import State, Switch, switches
from tocsin.agent.verbs.shield import switch, undo
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page

LINES = 200
"""Lines of a change that a page shows."""


class Shields(msgspec.Struct, frozen=True):
    """All that the settings name."""

    shields: tuple["Shown", ...]


class Shown(msgspec.Struct, frozen=True):
    """One of them: what the next look would change, and who switched it last."""

    change: Change
    last: Switch | None


class One(msgspec.Struct, frozen=True):
    """One, with the lines that would come and go."""

    shown: Shown
    added: tuple[str, ...]
    removed: tuple[str, ...]
    more: int
    states: tuple[str, ...] = (State.MONITOR, State.ON, State.OFF)


def every(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The list, each with a dry run."""
    return Page("shields.html", Shields(tuple(_shown(desk))))


def one(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One, line by line; Unknown for one that the settings do not name."""
    name = asked.path["shield"]
    desk.protection.find(name)
    shown = next(one for one in _shown(desk) if one.change.shield == name)
    added, removed = shown.change.added, shown.change.removed
    return Page(
        "shield.html",
        One(shown, added[:LINES], removed[:LINES], max(len(added) - LINES, 0) + max(len(removed) - LINES, 0)),
    )


def turn(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Monitor, on or off, with the reason."""
    try:
        state = State(asked.one("state"))
    except ValueError:
        raise Malformed("A shield is on, off, or only monitors.") from None
    if state is State.UNDONE:
        raise Malformed("A change is undone by the button of that name.")
    shield = asked.path["shield"]
    switch(desk.house, desk.protection, shield, state, person.name, asked.one("why"))
    return Elsewhere(f"/shields/{shield}")


def take_back(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The bytes that stood before its last change."""
    shield = asked.path["shield"]
    undo(desk.house, desk.protection, shield, person.name, asked.one("why"))
    return Elsewhere(f"/shields/{shield}")


def _shown(desk: Desk) -> list[Shown]:
    last = switches(desk.house.store, desk.house.vault.box)
    return [Shown(change, last.get(change.shield)) for change in desk.dry_run()]
