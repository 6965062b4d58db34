# SPDX-License-Identifier: Apache-2.0
"""Who may read, when and under which label, as a person writes it and is told it: checked before anything happens."""

import argparse
from collections.abc import Sequence

from tocsin.clock import Instant, from_text
from tocsin.domain.audience import FORMS, Audience
from tocsin.domain.marking import TLP, parse_tlp
from tocsin.domain.party import Role
from tocsin.errors import Malformed

_ROLES = {Role.BANK: "bank", Role.AGENCY: "agency", Role.REGULATOR: "regulator", Role.DESK: "desk"}


def audience(text: str) -> str:
    """An audience from the command line, in its one spelling."""
    try:
        return str(Audience.parse(text))
    except Malformed as error:
        raise argparse.ArgumentTypeError(error.detail) from None


def label(text: str) -> TLP:
    """A TLP label from the command line."""
    try:
        return parse_tlp(text)
    except Malformed as error:
        raise argparse.ArgumentTypeError(error.detail) from None


def time(text: str) -> Instant:
    """A time with its zone from the command line."""
    try:
        return from_text(text)
    except Malformed as error:
        raise argparse.ArgumentTypeError(error.detail) from None


def audiences(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """The option that names who may read; it may be repeated."""
    parser.add_argument(
        "--audience",
        action="append",
        default=[],
        type=audience,
        help=f"who may read it: {FORMS}; may be repeated (default {otherwise})",
    )


def in_words(text: str) -> str:
    """An audience for a person who is about to tell it something."""
    found = Audience.parse(text)
    if found.everyone:
        return "every party of the alliance"
    if found.members:
        return "members: all banks and the desk"
    if found.party:
        return f"one party, {found.party}"
    if found.group:
        return f"the group {found.group}"
    who = f"every {_ROLES[found.role]}" if found.role else "every party"
    return f"{who} in {found.jurisdiction}" if found.jurisdiction else who


def together(texts: Sequence[str]) -> str:
    """Several audiences as one phrase."""
    return ", and ".join(map(in_words, texts))
