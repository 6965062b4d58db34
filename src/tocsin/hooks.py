# SPDX-License-Identifier: Apache-2.0
"""Every extension point of Tocsin, one sentence each. A built-in registers through the same door as a stranger's.

There are two today; collect and enrich come with their first real user.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from tocsin.clock import Instant
from tocsin.domain.observable import Observable


class Blocked(msgspec.Struct, frozen=True):
    """One value that this member blocks now, with why and until when."""

    observable: Observable
    reason: str
    """For the person who asks why something was blocked: the sources in bands, never a name."""
    reference: str
    """The warning that names it, else whatever named it first, as the inbox shows it."""
    since: Instant
    expires: Instant
    source: str = ""
    """Whose word it rests on: the party that warned, else the band of named sources. A cap is shared among them."""


Files = Mapping[str, bytes]
"""What a product reads: one file under the empty name, or several by their names within one folder."""


class Protect(Protocol):
    """protect: turn the values that are blocked now into the files of a product that the bank already runs."""

    def name(self) -> str:
        """Its key in the `[shields]` section of agent.toml."""

    def holds(self, observable: Observable) -> bool:
        """Whether the files can express a value."""

    def limits(self) -> str:
        """What they can express, for a person who asks why a value is not in them."""

    def most(self) -> int:
        """How many values the product is documented to take; a lower cap can be set."""

    def render(self, blocked: Sequence[Blocked], now: Instant) -> Files:
        """Every file, whole; values that they cannot express are left out.

        `blocked` holds each value once, in any order. The same values and the same `now` give the same bytes, and any
        values the same names, in the order in which a product may find them replaced.
        """


class Notice(msgspec.Struct, frozen=True):
    """What people are told: that something waits for them, and nothing of what it is. No link is in it."""

    what: str
    """Kinds of things and how many, such as ``2 urgent warnings, 1 alarm``."""
    refs: tuple[str, ...]
    """How they are called in the console: ``W-123``."""
    urgent: bool
    times: int
    """How often they are told with this, the most of any."""
    to: tuple[str, ...]
    """Addresses of the one person who is told; none where a team is."""
    code: str
    """What this person may say to acknowledge them all, once; empty where a team is told."""


class Notify(Protocol):
    """notify: tell the people on call that something waits for them."""

    def name(self) -> str:
        """What it is called in the log and by the doctor, such as ``smtp``."""

    def reaches(self) -> Literal["person", "team", "record"]:
        """Whether it tells one person at a time, a team at once, or only writes it down and wakes nobody."""

    async def tell(self, notice: Notice) -> None:
        """Return once it was taken over; a TocsinError when it was not, and it is tried again.

        It ends by itself within a minute. It adds nothing to what the notice says.
        """
