# SPDX-License-Identifier: Apache-2.0
"""Reading a command's words: what is wrong with them is raised, not printed, and what was probably meant is said."""

import argparse
import difflib
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

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        words = [str(choice) for choice in action.choices]
        near = difflib.get_close_matches(str(value), words, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise argparse.ArgumentError(action, f"{value!r} is none of {', '.join(words)}.{meant}")
