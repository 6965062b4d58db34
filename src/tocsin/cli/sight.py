# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent sight`: “we saw it too”, after a look at exactly what would be told, and to whom."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.redaction.door import Leaving
from tocsin.agent.verbs.sight import look, recognise, sight
from tocsin.agent.work import classifier
from tocsin.cli.case import tied, tied_to
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.draft import leaves
from tocsin.cli.readers import audience, in_words
from tocsin.cli.sending import approved, approver, delivered, nothing_sent, person
from tocsin.clock import day_of
from tocsin.domain.audience import FORMS


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    parser.add_argument("value", metavar="VALUE", help="domain, URL, address or hash, defanged or not")
    parser.add_argument(
        "--audience", default="members", type=audience, help=f"who may read it: {FORMS} (default members)"
    )
    approver(parser)
    tied(parser)
    parser.add_argument(
        "--by-name",
        action="store_true",
        help="also what you have reported anonymously: the hub then knows whose that report was",
    )


def _sight(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        case = tied_to(house, parsed)
        leaving = look(house, classifier(house), recognise(parsed.value), by_name=parsed.by_name)
        yield Output(tuple(_shown(leaving, parsed.audience, day_of(house.clock.now()))))
        if not approved(parsed, "Tell exactly this?"):
            yield nothing_sent()
            return
        message = sight(house, leaving, parsed.audience, person(parsed), case)
        said = (
            f"Confirmed as {message}: you count as a source, and no reader is told who.",
            "To take it back:",
            f"  tocsin agent erase {parsed.dir} {message} --reason mistake",
        )
        yield delivered(house, message, *said)


def _shown(leaving: Leaving, readers: str, day: str) -> Iterator[str]:
    yield f"would be told to {in_words(readers)}:"
    yield from leaves([leaving])
    yield f"  + {'seen':<12} {day}, by one named source: the hub knows that it is you, readers do not"


SIGHT = Command(
    "agent",
    "sight",
    "confirm a value that you saw too",
    _sight,
    _arguments,
    "Shows what would be told and to whom, then asks. What is yours, your partner's or everybody's is refused.",
)
