# SPDX-License-Identifier: Apache-2.0
"""One's own account: passkeys, and where one is signed in."""

import msgspec

from tocsin.agent.console.desk import Desk
from tocsin.agent.people import own_ways, passkeys, sessions
from tocsin.agent.people.passkeys import Begun, Passkey
from tocsin.agent.people.person import Person
from tocsin.agent.people.sessions import Session
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page


class Account(msgspec.Struct, frozen=True):
    """What somebody has here."""

    person: Person
    sessions: tuple[Session, ...]
    passkeys: tuple[Passkey, ...]
    begun: Begun | None
    """What the browser asks an authenticator for; None where passkeys are not offered."""
    passwords: bool
    """Whether a password lets people in here."""


class Recovery(msgspec.Struct, frozen=True):
    """What is shown once."""

    codes: tuple[str, ...]


def look(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The page."""
    house = desk.house
    offered = bool(house.config.sign_in.origin)
    return Page(
        "account.html",
        Account(
            person=person,
            sessions=tuple(sessions.sessions(house, person.id)),
            passkeys=tuple(passkeys.passkeys(house, person.id)),
            begun=passkeys.begin_adding(house, person.id) if offered else None,
            passwords=house.config.sign_in.passwords,
        ),
    )


def add(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One more passkey."""
    passkeys.add(desk.house, person.id, asked.one("ticket"), answered(asked), asked.one("label"))
    return Elsewhere("/account")


def drop(desk: Desk, person: Person, asked: Asked) -> Answer:
    """One passkey less."""
    passkeys.drop(desk.house, person.id, asked.path["handle"], person.name)
    return Elsewhere("/account")


def renew(desk: Desk, person: Person, asked: Asked) -> Answer:
    """New recovery codes; those before let in no more."""
    own = next(one for one in sessions.sessions(desk.house, person.id))
    return Page("recovery.html", Recovery(own_ways.renew_recovery_codes(desk.house, own)))


def end(desk: Desk, person: Person, asked: Asked) -> Answer:
    """A browser somewhere else is signed out."""
    sessions.end(desk.house, asked.path["handle"], person.name, person.id)
    return Elsewhere("/account")


def answered(asked: Asked) -> passkeys.Answer:
    """What the authenticator said, as the browser wrote it down."""
    try:
        return msgspec.json.decode(asked.one("answer"), type=dict[str, object])
    except msgspec.DecodeError:
        raise Malformed("The browser gave no answer of an authenticator.", next_step="Try again.") from None
