# SPDX-License-Identifier: Apache-2.0
"""What a bystander knows of a simulated alliance: who is in it, who said what on which terms, and what became of it."""

import msgspec

from tocsin.clock import Instant
from tocsin.domain.observable import Observable
from tocsin.domain.party import Role

WARNED_DAYS = 14
"""How long a warning of these stories stands."""
RETENTION_DAYS = 30
AGED = "aged"
"""In place of the message of an `End`: it has reached the alliance's age, and is gone when the hub has looked."""


class Party(msgspec.Struct, frozen=True):
    """One party of a world, before it joins."""

    short: str
    role: Role
    jurisdiction: str = "GB"


PARTIES = (
    Party("ayr", Role.BANK),
    Party("bute", Role.BANK),
    Party("cowal", Role.BANK, "IE"),
    Party("esk", Role.AGENCY),
    Party("forth", Role.DESK),
)


class End(msgspec.Struct):
    """A message that takes something back."""

    message: str
    """Empty for the operator's hand."""
    withdraws: bool = False
    """It adds a version that counts for nothing; otherwise everything is erased."""
    receipted: bool = False


class Said(msgspec.Struct):
    """One thing that a party said, and what became of it as far as that party knows."""

    by: str
    id: str
    """The report's, sighting's or warning's identifier: the fact that entries are about."""
    kind: str
    """``object``, ``sighting`` or ``warning``, as entries have it."""
    values: tuple[Observable, ...]
    streams: tuple[str, ...]
    message: str = ""
    """The message that carries it."""
    ended: list[End] = msgspec.field(default_factory=list)
    receipted: bool = False
    bodies: tuple[bytes, ...] = ()
    """What it says, byte for byte: after an erasure this is nowhere."""
    at: Instant = Instant(0)
    """When it was said."""
    not_before: Instant = Instant(0)
    """Embargo."""


class Hidden(msgspec.Struct):
    """One report of class ``mixed``."""

    by: str
    id: str
    case: str
    values: tuple[Observable, ...]
    objects: int
    """Entries that it makes."""
    forgotten: bool = False
    """Its sender was put in place from a backup since, and gives up what may have gone."""


class Answered(msgspec.Struct, frozen=True):
    """One answer to a warning."""

    by: str
    warning: str
    message: str


class Stay(msgspec.Struct):
    """One party's time in the group."""

    who: str
    reads_from: Instant
    """What was added earlier is not for it."""
    upto: int | None = None
    """Entries of the group's stream when it left; None while it is in."""


class Suspension(msgspec.Struct, frozen=True):
    """Since when a party reads nothing more: the streams as they stood then."""

    who: str
    sizes: dict[str, int]
