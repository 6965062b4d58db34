# SPDX-License-Identifier: Apache-2.0
"""Reading a command's words: what is wrong with them is raised, not printed, and what was probably meant is said."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn


class Misused(Exception):
    """The arguments are wrong; whoever asked is told in the way it asked for."""

    def __init__(self, parser: argparse.ArgumentParser, message: str) -> None:
        super().__init__(message)
        self.parser = parser
        self.message = message


class Parser(argparse.ArgumentParser):
    """argparse, with plain words for choices. (Python 3.14 has a suggestion of its own; earlier versions have not.)"""

    def error(self, message: str) -> NoReturn:
        """Misused, instead of ending the process."""
        raise Misused(self, message)

    def parse_known_args(  # type: ignore[override]  # of its overloads only this one is used
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse does, with the words for a list that may be empty wherever they stand.

        argparse takes such a list for empty when an option stands before it: ``report DIR --dry-run FILE``.
        """
        parsed, left = super().parse_known_args(args, namespace)
        for action in self._actions:
            if action.nargs == argparse.ZERO_OR_MORE and not action.option_strings:
                more = [word for word in left if not word.startswith("-")]
                setattr(parsed, action.dest, [*(getattr(parsed, action.dest) or ()), *more])
                left = [word for word in left if word not in more]
        return parsed, left

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Misused for words that no argument takes, with the option that the first of them was probably meant to be."""
        options = [option for action in self._actions for option in action.option_strings]
        raise Misused(self, f"there is no {' '.join(unknown)} here.{_meant(unknown[0], options)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        words = [str(choice) for choice in action.choices]
        meant = _meant(str(value), words)
        raise argparse.ArgumentError(action, f"{value!r} is none of {', '.join(words)}.{meant}")


def _meant(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, 1)
    return f" Did you mean {near[0]}?" if near else ""
