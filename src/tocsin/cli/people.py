# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent people DIR …`: who may use the console, from the machine that it runs on."""

import argparse
from collections.abc import Iterator
from functools import partial

import msgspec

from tocsin.agent.house import House
from tocsin.agent.people import links
from tocsin.agent.people.accounts import State
from tocsin.agent.people.administering import Invited, Listed, change_roles, invite, people, reset, revoke
from tocsin.agent.people.person import Role, Seat, likeness
from tocsin.cli.command import Command, Output
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import day_of, from_text
from tocsin.errors import Malformed, Unknown
from tocsin.ids import complete


class People(msgspec.Struct, frozen=True):
    """Everybody who has or had an account."""

    people: tuple[Listed, ...]


class Link(msgspec.Struct, frozen=True):
    """An account and where its person comes in; the link is a secret until it is used."""

    id: str
    name: str
    link: str
    until: int


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(people(house))
    lines = [line for one in found for line in _lines(one)]
    yield Output(tuple(lines) or ("Nobody: tocsin agent serve prints a link for the first.",), People(found))


def _lines(one: Listed) -> Iterator[str]:
    state = "its time is over" if one.is_over else str(one.state)
    yield f"{one.name}: {', '.join(one.roles)} ({state} since {day_of(one.since)})   ({one.id})"
    if one.seat:
        yield f"    of {one.seat.institution}, until {day_of(one.seat.until)}"
    if one.state is State.ACTIVE:
        left = f", {one.recovery_left} recovery codes left" if "password" in one.ways else ""
        ways = ", ".join(one.ways) or "nothing"
        yield f"    comes in by {ways}{left}; signed in at {one.sessions} browsers"


def _invite(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    invited = invite(house, parsed.name, frozenset(map(Role, parsed.role)), _seat(parsed), parsed.by)
    yield _link(house, invited, f"Invited {invited.account.name}.")


def _roles(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    account = change_roles(
        house, _whom(house, parsed.who), frozenset(map(Role, parsed.role)), _seat(parsed), parsed.by
    )
    yield Output((f"{account.name} is {', '.join(sorted(account.roles))} from the next request on.",))


def _revoke(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    account = revoke(house, _whom(house, parsed.who), parsed.by)
    yield Output((f"{account.name} is shut out, at every browser. The name stays theirs in the journal.",))


def _reset(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    again = reset(house, _whom(house, parsed.who), parsed.by)
    yield _link(house, again, f"{again.account.name} has no way in any more but this link.")


def _link(house: House, invited: Invited, sentence: str) -> Output:
    """What is handed over, once."""
    where = house.config.sign_in.origin + links.path(invited.link.code)
    beside = "" if house.config.sign_in.origin else "  (after the address of the console)"
    return Output(
        (
            sentence,
            f"  {where}{beside}",
            f"  good once, until {day_of(invited.link.until)}; whoever has it comes in, so take a way that you trust",
        ),
        Link(invited.account.id, invited.account.name, where, invited.link.until),
    )


def _seat(parsed: argparse.Namespace) -> Seat | None:
    if not parsed.institution and not parsed.until:
        return None
    if not parsed.institution or not parsed.until:
        raise Malformed("A seat has both: --institution NAME and --until DAY.")
    return Seat(parsed.institution, from_text(f"{parsed.until}T00:00:00Z"))


def _whom(house: House, given: str) -> str:
    """The identifier of whoever is meant, by name or by the first letters of an identifier."""
    found = people(house)
    if given.startswith("per_"):
        return complete(given, (one.id for one in found))
    named = [one.id for one in found if likeness(one.name) == likeness(given)]
    if not named:
        raise Unknown(f"Nobody here is called {given[:60]!r}.", next_step="See tocsin agent people DIR list.")
    return named[0]


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="as it will stand in the journal, for good")


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("who", metavar="WHO", help="name, or the first letters of per_…")


def _for(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role", required=True, action="append", choices=list(Role), help="what for; may be repeated"
    )
    parser.add_argument("--institution", metavar="NAME", default="", help="a secondee's own institution")
    parser.add_argument(
        "--until", metavar="DAY", default="", help="the day on which a secondee's seat is over, UTC"
    )


_STEPS: Steps = {
    "list": ("show who may use the console, and by what they come in", _list, ()),
    "invite": ("make an account, and a link for its person", _invite, (_name, _for)),
    "roles": ("change what somebody may do, or until when", _roles, (_who, _for)),
    "revoke": ("shut somebody out, at once and everywhere", _revoke, (_who,)),
    "reset": ("take every way in from somebody, and give a link for new ones", _reset, (_who,)),
}

PEOPLE = Command(
    "agent",
    "people",
    "say who may use the console, and what for",
    take_step,
    partial(add_steps, command="people", steps=_STEPS),
    "Example: tocsin agent people my-agent invite 'Ada Example' --role analyst --role approver\n\n"
    "An analyst reads cases, drafts and hunts. An approver is the second pair of eyes and switches shields. An admin "
    "lets people in and reads no case. An auditor reads everything and changes nothing. Whoever can run this command "
    "holds the vault's key, and so may do all of it.",
)
