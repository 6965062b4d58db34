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
