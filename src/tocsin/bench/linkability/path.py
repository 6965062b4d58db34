# SPDX-License-Identifier: Apache-2.0
"""What the game needs of a path: play a story, and hand out what each party holds afterwards.

A `Path` may be anything, a model or the product. It is told who sends what in which slot, who is away, and a seed for
everything random in it. It gives each party's `View`: the bytes of its files, its log at DEBUG, and the packets at its
interfaces. A coalition holds the views of its parties together, and nothing else.

What a path tells nobody the game does not know either. Here that is the memory of processes, and time that work takes
but that a path on a clock of its own does not spend: both are left to tests of the processes themselves.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tocsin.clock import Instant

HUB, RELAY, PARTNER = "hub", "relay", "partner"


class Packet(msgspec.Struct, frozen=True, gc=False):
    """What a network card sees: something of this size came or went."""

    at: Instant
    size: int
    """Bytes."""
    inbound: bool
    peer: str
    """The address or the identifier of a member, as far as the party knows it; else the name of another process."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a log."""

    at: Instant
    text: str


class View(msgspec.Struct, frozen=True):
    """What one party holds after the story."""

    packets: tuple[Packet, ...] = ()
    lines: tuple[Line, ...] = ()
    files: Mapping[str, bytes] = {}
    """By their names: databases, and beside each what SQLite keeps of it, as ``hub.db`` and ``hub.db-wal``."""


class Member(msgspec.Struct, frozen=True):
    """Who might have sent it, by everything that names it."""

    address: str
    party: str
    """Its identifier in the alliance."""
    secrets: tuple[str, ...] = ()
    """What only the member holds, such as the identifiers of its cases. Where one is found, it is named."""


class Report(msgspec.Struct, frozen=True):
    """A member says one thing in one slot."""

    slot: int
    member: int
    value: str
    """A domain that nothing else holds: all of the report that differs from any other."""


class Story(msgspec.Struct, frozen=True):
    """Who does what. Slot 0 comes before the first envelope, and the last one after the last."""

    seed: str
    members: int
    slots: int
    reports: tuple[Report, ...]
    away: frozenset[tuple[int, int]]
    """Member and slot: not connected at all. Nobody is in the first slot or the last, nor where it reports."""


class Played(msgspec.Struct, frozen=True):
    """A story, and what is left of it."""

    members: tuple[Member, ...]
    begins: tuple[Instant, ...]
    """Of every slot, and behind them the end of the last."""
    views: Mapping[str, View]


class Path(Protocol):
    """A path under test."""

    def play(self, story: Story) -> Played:
        """Let it happen. The same story gives the same views."""
