# SPDX-License-Identifier: Apache-2.0
"""How far a long command is: one line at the foot of a terminal, written over itself; elsewhere a line now and then."""

import sys
import time
from collections.abc import Callable

from tocsin.cli.screen import width

EVERY = 100
"""Pieces of work after which a line is written where there is no terminal."""
_REDRAW_SECONDS = 0.2
_WARM_SECONDS = 5.0
"""Before it is not said how long the rest will take."""
_ERASED = "\r\x1b[K"


class Progress:
    """The line, for work of so many pieces; on the channel of errors, so that a file gets none of it."""

    def __init__(self, whole: int, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """`quiet` where a program listens. `clock` counts seconds."""
        self._whole = whole
        self._terminal = not quiet and sys.stderr.isatty()
        self._clock = clock
        self._began = clock()
        self._drawn = 0.0
        self._shown = False

    def show(self, done: int, skipped: int, also: str) -> str | None:
        """Redraw it, or return the line that is to be written instead, if it is time for one.

        `skipped` of those that are done took no time, and tell nothing of the rest.
        """
        if done >= self._whole:
            return None
        line = f"{done:,} of {self._whole:,} files{self._rest(done, skipped)}"
        if not self._terminal:
            return f"{line}." if done % EVERY == 0 else None
        now = self._clock()
        if now - self._drawn >= _REDRAW_SECONDS:
            self._drawn = now
            self._shown = True
            print(f"{_ERASED}{f'{line}: {also}'[: width(80) - 1]}", end="", file=sys.stderr, flush=True)
        return None

    def clear(self) -> None:
        """Make room for a line of the command's own."""
        if self._shown:
            self._shown = False
            self._drawn = 0.0
            print(_ERASED, end="", file=sys.stderr, flush=True)

    def _rest(self, done: int, skipped: int) -> str:
        """How long the rest takes, when the beginning says something of it."""
        spent = self._clock() - self._began
        if spent < _WARM_SECONDS or done == skipped:
            return ""
        seconds = spent / (done - skipped) * (self._whole - done)
        return f", {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
