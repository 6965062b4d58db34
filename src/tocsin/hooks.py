# SPDX-License-Identifier: Apache-2.0
"""Every extension point of Tocsin, one sentence each. A built-in registers through the same door as a stranger's.

There is one today; collect, enrich and notify come with their first real user.
"""

from collections.abc import Sequence
from typing import Protocol

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


class Protect(Protocol):
    """protect: turn the values that are blocked now into one file for a product that the bank already runs."""

    def name(self) -> str:
        """Its key in the `[shields]` section of agent.toml."""

    def holds(self, observable: Observable) -> bool:
        """Whether the file can express a value."""

    def limits(self) -> str:
        """What it can express, for a person who asks why a value is not in it."""

    def render(self, blocked: Sequence[Blocked], now: Instant) -> bytes:
        """The whole file; values it cannot express are left out.

        `blocked` holds each value once, in any order. The same values and the same `now` give the same bytes.
        """
