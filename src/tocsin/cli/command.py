# SPDX-License-Identifier: Apache-2.0
"""What a command of the command line is: its words, its help, its arguments, and the call it makes."""

import argparse
import sys
from collections.abc import Callable, Iterable

import msgspec

from tocsin.errors import NotBuilt, UsageError


class Output(msgspec.Struct, frozen=True):
    """One piece of what a command prints: lines for a person, data for a program."""

    lines: tuple[str, ...] = ()
    data: msgspec.Struct | None = None
    code: int = 0
    """Other than 0 when something was refused or waits: the command ends with it, and the lines are errors."""


LONGEST_LINE = 4_096
"""Characters of a secret that is read from standard input."""

Run = Callable[[argparse.Namespace], Iterable[Output]]


def _anything(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)


class NotYet:
    """A command that the design names and that is refused, with a sentence, until it is real."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __call__(self, parsed: argparse.Namespace) -> Iterable[Output]:
        """Refuse."""
        raise NotBuilt(self._sentence)


class Command(msgspec.Struct, frozen=True):
    """One command."""

    group: str
    """First word, such as ``hub``; empty for a command of one word."""
    name: str
    help: str
    """One line, in lower case, without a full stop."""
    run: Run
    arguments: Callable[[argparse.ArgumentParser], None] = _anything
    teaches: str = ""
    """Shown below the options: an example, and what happens."""
    json_file: bool = False
    """Whether --json names a file to write beside the lines, instead of replacing them."""


def folder(parser: argparse.ArgumentParser, whose: str) -> None:
    """The folder argument that most commands begin with."""
    parser.add_argument("dir", metavar="DIR", help=f"the {whose}'s folder")


def secret(given: str) -> str:
    """The value of an option that may be secret; for ``-`` the first line of standard input, UsageError when empty.

    Whatever stands in a command line can be read by every user of the machine, in its list of processes.
    """
    if given != "-":
        return given
    line = sys.stdin.readline(LONGEST_LINE).strip()
    if not line:
        raise UsageError("`-` means one line from standard input, and there was none.")
    return line
