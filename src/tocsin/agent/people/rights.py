# SPDX-License-Identifier: Apache-2.0
"""What each role may do: one table, asked by every page and every button before anything else.

1. Roles add up; nothing takes a right away.
2. Who administers reads no case, and who audits changes nothing.
3. Warnings and sealed parts are for people of an agency, a regulator or the desk, as the party's own role has it.
4. That two people agree is not decided here: the verbs hold their names against each other.
"""

from enum import StrEnum

from tocsin.agent.people.person import Person, Role
from tocsin.domain import party
from tocsin.errors import Forbidden


class Action(StrEnum):
    """What somebody may want to do."""

    READ = "read what the alliance says"
    READ_CASES = "read cases"
    WRITE_CASES = "write in cases"
    REPORT = "draft a report"
    APPROVE = "approve a report"
    ANSWER = "answer a warning"
    CORRECT = "say whose a value is"
    SIGHT = "confirm a sighting"
    HUNT = "hunt in logs"
    SHIELD = "switch a shield"
    WARN = "draft a warning"
    APPROVE_WARNING = "approve a warning"
    OPEN_SEALED = "open a sealed part"
    CONTACTS = "keep contacts"
    PEOPLE = "administer people"
    SETTINGS = "read and change settings"
    AUDIT = "read and export the journal"


_ANALYST, _APPROVER, _ADMIN, _AUDITOR = Role.ANALYST, Role.APPROVER, Role.ADMIN, Role.AUDITOR

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.READ: frozenset({_ANALYST, _APPROVER, _AUDITOR}),
    Action.READ_CASES: frozenset({_ANALYST, _APPROVER, _AUDITOR}),
    Action.WRITE_CASES: frozenset({_ANALYST, _APPROVER}),
    Action.REPORT: frozenset({_ANALYST, _APPROVER}),
    Action.APPROVE: frozenset({_APPROVER}),
    Action.ANSWER: frozenset({_ANALYST, _APPROVER}),
    Action.CORRECT: frozenset({_ANALYST, _APPROVER}),
    Action.SIGHT: frozenset({_ANALYST, _APPROVER}),
    Action.HUNT: frozenset({_ANALYST, _APPROVER}),
    Action.SHIELD: frozenset({_APPROVER}),
    Action.WARN: frozenset({_ANALYST, _APPROVER}),
    Action.APPROVE_WARNING: frozenset({_APPROVER}),
    Action.OPEN_SEALED: frozenset({_ANALYST, _APPROVER}),
    Action.CONTACTS: frozenset({_ANALYST, _APPROVER, _ADMIN}),
    Action.PEOPLE: frozenset({_ADMIN}),
    Action.SETTINGS: frozenset({_ADMIN}),
    Action.AUDIT: frozenset({_AUDITOR}),
}

PARTIES: dict[Action, frozenset[party.Role]] = {
    Action.WARN: party.MAY_WARN,
    Action.APPROVE_WARNING: party.MAY_WARN,
    Action.OPEN_SEALED: party.MAY_WARN | {party.Role.REGULATOR},
}
"""Of which parties' people alone; any party's where an action is not named."""

FRESH = frozenset({Action.APPROVE, Action.APPROVE_WARNING, Action.SHIELD, Action.PEOPLE, Action.SETTINGS})
"""What asks for a sign-in of a moment ago: an unlocked screen must not be enough for it."""


def may(person: Person, action: Action, of: party.Role) -> bool:
    """Whether this person of a party with that role may do it."""
    return bool(person.roles & ALLOWED[action]) and of in PARTIES.get(action, frozenset(party.Role))


def demand(person: Person, action: Action, of: party.Role) -> None:
    """Forbidden, with who may, unless this person may."""
    if of not in PARTIES.get(action, frozenset(party.Role)):
        raise Forbidden(
            f"To {action} is not for a {of}.",
            next_step="Agencies, regulators and the desk have it, each their own.",
        )
    if not may(person, action, of):
        roles = " or ".join(sorted(ALLOWED[action]))
        raise Forbidden(
            f"To {action} needs the role {roles}.", next_step="Ask whoever administers people in your house."
        )
