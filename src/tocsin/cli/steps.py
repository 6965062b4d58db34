# SPDX-License-Identifier: Apache-2.0
"""A command of the agent that has steps below it, each with arguments of its own: `tocsin agent case DIR open …`."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tocsin.agent.house import House
from tocsin.cli.command import Output

Step = Callable[[House, argparse.Namespace], Iterator[Output]]
Argument = Callable[[argparse.ArgumentParser], object]
Steps = Mapping[str, tuple[str, Step, tuple[Argument, ...]]]
"""By its name: what a step does, what carries it out, and its arguments."""

READING = ("list", "show")
"""Steps that change nothing: nobody is asked who does them."""


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
            below.add_argument("--by", default=None, help="who does it (default: you)")
        # SUPPRESS: what stands before the step must not be forgotten.
        below.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs"
        )
        below.set_defaults(step=step)
