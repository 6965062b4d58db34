# SPDX-License-Identifier: Apache-2.0
"""What was found in one log: for each known value how often, when first and last, and by which machines.

No line and no text of a log is kept: of a hit only its value, a few of the spellings in which it was met, and the names
of the machines that met it, all bounded.
"""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.observable import Observable

MAX_LINE = 2**20
"""Bytes of a line that is read whole; a longer one is cut."""
MAX_MACHINES = 1_000
"""Names of machines that are kept for one value in one log; more are not counted."""
MAX_FORMS = 3
"""Spellings in which a value was met: ``www.evil.example`` for ``evil.example``."""


class Found(msgspec.Struct, frozen=True):
    """One known value in one log."""

    observable: Observable
    lines: int
    first: Instant
    """0: the log does not say when."""
    last: Instant
    machines: tuple[str, ...]
    forms: tuple[str, ...]
    """How it was met, where it was not met as itself."""
    exact: bool
    """Whether it was met as itself."""


class Hunted(msgspec.Struct, frozen=True):
    """What came of one log, or of a piece of one."""

    found: tuple[Found, ...] = ()
    lines: int = 0
    odd: int = 0
    """Lines that are no record of the log's kind, or too long: they were searched as text."""
    engine: str = "lines"
    problem: str = ""
    """Why not all of it was read; empty: it was."""
