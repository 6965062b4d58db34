# SPDX-License-Identifier: Apache-2.0
"""A command of the agent that has steps below it, each with arguments of its own: `tocsin agent case DIR open …`."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tocsin.agent import app
from tocsin.agent.house import House
from tocsin.cli.command import Output
from tocsin.cli.sending import person

Step = Callable[[House, argparse.Namespace], Iterator[Output]]
Argument = Callable[[argparse.ArgumentParser], object]
Steps = Mapping[str, tuple[str, Step, tuple[Argument, ...]]]
"""By its name: what a step does, what carries it out, and its arguments."""

READING = ("list", "show", "page", "rota", "test")
"""Steps that nobody has to answer for: they write no line in the journal."""


def add_steps(parser: argparse.ArgumentParser, command: str, steps: Steps) -> None:
    """The folder, then one of the steps, which is in `step` of what was parsed."""

    def folder_first(text: str) -> str:
        """The folder; a step in its place is a matter of order."""
        if text in steps and not Path(text).exists():
            raise argparse.ArgumentTypeError(
                f"the folder comes before the step: tocsin agent {command} DIR {text} …"
            )
        return text

    parser.add_argument("dir", metavar="DIR", type=folder_first, help="the agent's folder")
    choice = parser.add_subparsers(required=True, metavar="STEP")
    for name, (sentence, step, arguments) in steps.items():
        below = choice.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        for argument in arguments:
            argument(below)
        if name not in READING:
            below.add_argument(
                "--by", metavar="NAME", default=None, help="who does it (default: you); it stays here"
            )
        # SUPPRESS: what stands before the step must not be forgotten.
        below.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs"
        )
        below.set_defaults(step=step)


def take_step(parsed: argparse.Namespace) -> Iterator[Output]:
    """Open the folder and do the step; `by` is a name from here on, where somebody answers for it."""
    with app.opened(Path(parsed.dir)) as house:
        if "by" in parsed:
            parsed.by = person(parsed)
        yield from parsed.step(house, parsed)
