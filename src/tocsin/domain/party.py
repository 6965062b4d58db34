# SPDX-License-Identifier: Apache-2.0
"""Members, agencies, regulators and the alliance's own desk: who they are and what each may do.

Life of a party: pending → active → suspended ⇄ active → left. Nobody comes back from `left`; a new party joins.
"""

from enum import StrEnum

import msgspec

from tocsin.errors import Conflict, Malformed


class Role(StrEnum):
    """What kind of party it is; a party has exactly one role."""

    BANK = "bank"
    AGENCY = "agency"
    REGULATOR = "regulator"
    DESK = "desk"


class Standing(StrEnum):
    """Where a party is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


_STEPS: dict[Standing, frozenset[Standing]] = {
    Standing.PENDING: frozenset({Standing.ACTIVE, Standing.LEFT}),
    Standing.ACTIVE: frozenset({Standing.SUSPENDED, Standing.LEFT}),
    Standing.SUSPENDED: frozenset({Standing.ACTIVE, Standing.LEFT}),
    Standing.LEFT: frozenset(),
}

MAY_REPORT = frozenset({Role.BANK, Role.AGENCY, Role.REGULATOR, Role.DESK})
MAY_WARN = frozenset({Role.AGENCY, Role.DESK})


class Party(msgspec.Struct, frozen=True):
    """One party of the alliance, as the directory states it."""

    id: str
    """``prt_…``"""
    name: str
    """Legal name; member institutions are known to members."""
    role: Role
    jurisdiction: str
    """ISO 3166-1 alpha-2, upper case."""
    standing: Standing
    signing_key: bytes
    """Ed25519 public key of its agent, 32 bytes."""
    sealing_key: bytes
    """X25519 public key to which sealed parts are encrypted, 32 bytes."""


def step(present: Standing, wanted: Standing) -> Standing:
    """The next standing, if the step is allowed; Conflict otherwise."""
    if wanted not in _STEPS[present]:
        left = present is Standing.LEFT
        raise Conflict(
            f"A party that {'has left' if left else f'is {present}'} cannot become {wanted}.",
            next_step="Let it join as a new party: tocsin hub enrol." if left else "",
        )
    return wanted


def check_jurisdiction(text: str) -> str:
    """Return a two-letter upper-case country code; Malformed otherwise."""
    if len(text) != 2 or not (text.isascii() and text.isalpha() and text.isupper()):
        raise Malformed(f"{text[:20]!r} is not a two-letter country code such as GB.")
    return text
