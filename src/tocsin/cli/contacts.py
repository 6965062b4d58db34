# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent contacts DIR …`: whom to call in the night, as a list, and as a page for when no machine works."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from tocsin.agent.history.directory import PartyRow
from tocsin.agent.house import House
from tocsin.agent.waking.contacts import Contact, Kind, contacts, keep, new_contact, page, remove
from tocsin.cli.command import Command, Output
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.domain.party import Standing
from tocsin.files import replace_file
from tocsin.ids import complete


class Listed(msgspec.Struct, frozen=True):
    """Everybody who can be called, and the members of whom nobody can."""

    contacts: tuple[Contact, ...]
    missing: tuple[str, ...]


class Written(msgspec.Struct, frozen=True):
    """Where the page is."""

    file: str


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = contacts(house)
    lines = [line for one in found for line in _lines(one)]
    missing = _missing(house, found)
    lines += [f"no number is known of {name}" for name in missing]
    yield Output(tuple(lines) or ("Nobody is known.",), Listed(tuple(found), missing))


def _lines(one: Contact) -> Iterator[str]:
    yield f"{one.kind:<9} {one.organisation}: {one.who}, {one.hours}   ({one.id})"
    yield f"          {'  '.join((*one.phones, *one.mails))}   known from: {one.agreed}"


def _add(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    made = new_contact(
        house.entropy,
        house.clock.now(),
        Kind(parsed.kind),
        parsed.organisation,
        parsed.who,
        parsed.phone,
        parsed.mail,
        parsed.hours,
        parsed.agreed,
    )
    keep(house, made, parsed.by)
    yield Output((*_lines(made), f"Print the page anew: tocsin agent contacts {parsed.dir} page FILE"), made)


def _remove(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = complete(parsed.id, (one.id for one in contacts(house)))
    remove(house, found, parsed.by)
    yield Output((f"Removed {found}.",))


def _page(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = contacts(house)
    replace_file(parsed.file, page(found, _missing(house, found), house.clock.now()).encode())
    yield Output(
        (f"Wrote {parsed.file}: print it, and put it where people reach it without a machine.",),
        Written(str(parsed.file)),
    )


def _missing(house: House, found: list[Contact]) -> tuple[str, ...]:
    """The active parties of the directory, but for this one, of whom nobody is known."""
    own, known = house.vault.membership().party, {one.organisation.casefold() for one in found}
    with house.store.reading("parties") as tx:
        rows = tx.all("parties", {}, into=PartyRow)
    return tuple(
        row.name
        for row in rows
        if row.id != own and row.standing == Standing.ACTIVE and row.name.casefold() not in known
    )


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("organisation", metavar="NAME", help="for a member its name in the directory")
    kinds = ", ".join(Kind)
    parser.add_argument("--kind", required=True, choices=list(Kind), metavar="KIND", help=f"to you: {kinds}")
    parser.add_argument(
        "--who", metavar="NAME", required=True, help="a duty desk, or a person who agreed to it"
    )
    parser.add_argument(
        "--phone", metavar="NUMBER", action="append", default=[], help="a number; may be repeated"
    )
    parser.add_argument(
        "--mail", metavar="ADDRESS", action="append", default=[], help="an address; may be repeated"
    )
    parser.add_argument("--hours", default="24x7", help="when somebody answers (default 24x7)")
    parser.add_argument(
        "--agreed", metavar="TEXT", required=True, help="how you know it: a signed form, a call back"
    )


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="identifier of the contact, con_…")


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the file; the page before is replaced")


_STEPS: Steps = {
    "list": ("show everybody who can be called, and the members of whom nobody can", _list, ()),
    "add": ("keep somebody who can be called", _add, (_who,)),
    "remove": ("forget one", _remove, (_one,)),
    "page": ("write all of it as a page of text, to be printed", _page, (_file,)),
}

CONTACTS = Command(
    "agent",
    "contacts",
    "keep whom to call in the night, and print the page",
    take_step,
    partial(add_steps, command="contacts", steps=_STEPS),
    "Example: tocsin agent contacts my-agent add 'Clyde Bank plc' --kind member --who 'SOC duty' "
    "--phone '+44 20 7946 0999' --agreed 'form signed 2026-11-02'\n\n"
    "Kept sealed, for this party alone; never in a log, never sent. Print the page: it is for the day on which nothing "
    "works.",
)
