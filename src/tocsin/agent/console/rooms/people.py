# SPDX-License-Identifier: Apache-2.0
"""People: whoever administers lets others in by a link, gives and takes roles, and shuts them out."""

import msgspec

from tocsin.agent.console.desk import Desk
from tocsin.agent.people import administering, links
from tocsin.agent.people.administering import Listed
from tocsin.agent.people.person import Person, Role, Seat
from tocsin.clock import Instant, from_text
from tocsin.errors import Malformed
from tocsin.web.pages.page import Answer, Asked, Elsewhere, Page


class People(msgspec.Struct, frozen=True):
    """Everybody who has or had an account."""

    people: tuple[Listed, ...]
    roles: tuple[str, ...] = tuple(Role)


class Invited(msgspec.Struct, frozen=True):
    """A link to hand over, which is shown once."""

    name: str
    path: str
    until: Instant


def look(desk: Desk, person: Person, asked: Asked) -> Answer:
    """The list."""
    return Page("people.html", People(tuple(administering.people(desk.house))))


def invite(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Somebody new, with a link."""
    made = administering.invite(desk.house, asked.one("name"), _roles(asked), _seat(asked), person.name)
    return _shown(made)


def reset(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Somebody lost telephone or password: the ways in are gone, and a new link is there."""
    return _shown(administering.reset(desk.house, asked.path["person"], person.name))


def change(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Other roles."""
    listed = next((one for one in administering.people(desk.house) if one.id == asked.path["person"]), None)
    seat = listed.seat if listed else None
    administering.change_roles(desk.house, asked.path["person"], _roles(asked), seat, person.name)
    return Elsewhere("/people")


def revoke(desk: Desk, person: Person, asked: Asked) -> Answer:
    """Nobody comes in by this account any more; its sessions end."""
    administering.revoke(desk.house, asked.path["person"], person.name)
    return Elsewhere("/people")


def _shown(made: administering.Invited) -> Answer:
    return Page("invited.html", Invited(made.account.name, links.path(made.link.code), made.link.until))


def _roles(asked: Asked) -> frozenset[Role]:
    try:
        return frozenset(Role(one) for one in asked.every("role"))
    except ValueError:
        raise Malformed(f"A person's roles are some of {', '.join(Role)}.") from None


def _seat(asked: Asked) -> Seat | None:
    """For somebody from another institution: until the end of that day in UTC."""
    institution, until = asked.one("institution"), asked.one("until")
    if not institution and not until:
        return None
    return Seat(institution, from_text(f"{until}T23:59:59Z"))
