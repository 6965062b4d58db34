# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent corrections DIR …`: what people have said of whose a value is, listed, added and deleted."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.house import House
from tocsin.agent.redaction.corrections import OWNERS, Correction
from tocsin.agent.redaction.owner import Owner
from tocsin.agent.verbs.correct import correct, corrections, take_back
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.work import classifier
from tocsin.cli.command import Command, Output
from tocsin.cli.screen import minute, readable, row
from tocsin.cli.sending import person
from tocsin.ids import complete

Step = Callable[[House, argparse.Namespace], Iterator[Output]]


class Listed(msgspec.Struct, frozen=True):
    """Every correction that stands."""

    corrections: tuple[Correction, ...]


def _list(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = tuple(corrections(house))
    said = tuple(line for one in found for line in _lines(one))
    yield Output(said or ("Nobody has corrected anything.",), Listed(found))


def _add(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    value, owner = recognise(parsed.value), Owner(parsed.owner)
    made = correct(house, classifier(house), value, owner, person(parsed), parsed.why)
    yield Output((*_lines(made), "It counts from the next draft on."), made)


def _delete(house: House, parsed: argparse.Namespace) -> Iterator[Output]:
    found = complete(parsed.id, (one.id for one in corrections(house)))
    gone = take_back(house, found, person(parsed))
    yield Output((f"Deleted: {readable(gone.observable)} is nobody's by word any more.",), gone)


def _lines(one: Correction) -> list[str]:
    note = f"({one.id}, {one.by}, {minute(one.at)}: {one.why})"
    return row(f"{one.owner:<10} ", readable(one.observable), note)


_STEPS: tuple[tuple[str, str, Step], ...] = (
    ("list", "show every correction with who made it, when and why", _list),
    ("add", "say whose a value is; later drafts obey", _add),
    ("delete", "take a correction back; the rules decide again", _delete),
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR", help="the agent's folder")
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for name, sentence, step in _STEPS:
        below = steps.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        if name == "add":
            below.add_argument("value", metavar="VALUE", help="the value, written as it is shown")
            below.add_argument(
                "--owner", required=True, choices=list(OWNERS), help="whose it is, as you know it"
            )
            below.add_argument("--why", required=True, help="how you know; it stays here")
        if name == "delete":
            below.add_argument("id", metavar="ID", help="identifier of the correction, cor_…")
        if name != "list":
            below.add_argument("--by", default=None, help="who says so (default: you); it stays here")
        # SUPPRESS: what stands before the step must not be forgotten.
        below.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs"
        )
        below.set_defaults(step=step)


def _corrections(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        yield from parsed.step(house, parsed)


CORRECTIONS = Command(
    "agent",
    "corrections",
    "say whose a value is, for this and every later report",
    _corrections,
    _arguments,
    "Example: tocsin agent corrections my-agent add shop.example --owner customer --why 'asked their SOC'\n\n"
    "What is ours, a customer's or a bystander's stays home with everything at that host or in that network. What is "
    "the attacker's is exactly that value, and only where no rule knows better: never what is your own, a "
    "recipient's, another member's or everybody's.",
)
