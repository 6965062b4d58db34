# SPDX-License-Identifier: Apache-2.0
"""What a source gives when it is looked at: a bounded batch of files, and where to go on."""

from typing import Protocol

import msgspec

MAX_BATCH = 50
MAX_BATCH_BYTES = 64 * 2**20
"""A batch is ended by whichever is reached first, so it holds at most one file more than these bytes."""


class Arrival(msgspec.Struct, frozen=True):
    """One file as it came."""

    name: str
    data: bytes
    problem: str = ""
    """Why there are no bytes of it: too large, or gone before it was read."""


class Batch(msgspec.Struct, frozen=True):
    """What one look gave."""

    arrivals: tuple[Arrival, ...]
    position: str = ""
    """Where the next look goes on, for a source that has positions."""
    more: bool = False
    """Whether there is more right now."""


class Source(Protocol):
    """A place from which files are collected. It is looked at from one thread at a time."""

    name: str
    """Kind and place, for people."""
    seconds: float
    """From one look to the next."""

    def look(self, position: str) -> Batch:
        """What is new since a position; empty for the first look. Raises a TocsinError that says what to do.

        The same file may be given again after a restart: whoever looks recognises it.
        """

    def stop(self) -> None:
        """End a look that another thread is in, if it may take long."""
