# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent corrections DIR …`: what people have said of whose a value is, listed, added and deleted."""

import argparse
from collections.abc import Iterator
from functools import partial

import msgspec

from tocsin.agent.house import House
from tocsin.agent.redaction.corrections import OWNERS, Correction
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.verbs.correct import correct, corrections, take_back
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier
from tocsin.cli.command import Command, Output
from tocsin.cli.screen import readable, row
from tocsin.cli.steps import Steps, add_steps, take_step
from tocsin.clock import minute
from tocsin.ids import complete


class Listed(msgspec.Struct, frozen=True):
    """Every correction that stands."""

    corrections: tuple[Correction, ...]


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(corrections(house))
    said = tuple(line for one in found for line in _lines(one))
    yield Output(said or ("Nobody has corrected anything.",), Listed(found))


def _add(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    value, owner = recognise(parsed.value), Owner(parsed.owner)
    made = correct(house, classifier(house), value, owner, parsed.by, parsed.why)
    yield Output((*_lines(made), "It counts from the next draft on."), made)


def _delete(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = complete(parsed.id, (one.id for one in corrections(house)))
    gone = take_back(house, found, parsed.by)
    yield Output((f"Deleted: {readable(gone.observable)} is nobody's by word any more.",), gone)


def _lines(one: Correction) -> list[str]:
    note = f"({one.id}, {one.by}, {minute(one.at)}: {one.why})"
    return row(f"{one.owner:<10} ", readable(one.observable), note)


def _value(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("value", metavar="VALUE", help="the value, written as it is shown")
    parser.add_argument("--owner", required=True, choices=list(OWNERS), help="whose it is, as you know it")
    parser.add_argument("--why", metavar="TEXT", required=True, help="how you know; it stays here")


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="identifier of the correction, cor_…")


_STEPS: Steps = {
    "list": ("show every correction with who made it, when and why", _list, ()),
    "add": ("say whose a value is; later drafts obey", _add, (_value,)),
    "delete": ("take a correction back; the rules decide again", _delete, (_one,)),
}

CORRECTIONS = Command(
    "agent",
    "corrections",
    "say whose a value is, for this and every later report",
    take_step,
    partial(add_steps, command="corrections", steps=_STEPS),
    "Example: tocsin agent corrections my-agent add shop.example --owner customer --why 'asked their SOC'\n\n"
    "What is ours, a customer's or a bystander's stays home with everything at that host or in that network. What is "
    "the attacker's is exactly that value, and only where no rule knows better: never what is your own, a "
    "recipient's, another member's or everybody's.",
)
