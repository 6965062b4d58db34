# SPDX-License-Identifier: Apache-2.0
"""What each of an operator's commands has done, for whoever asked."""

import msgspec

from tocsin.domain.audience import Membership
from tocsin.domain.party import Standing
from tocsin.wire.messages import Outcome


class Made(msgspec.Struct, frozen=True):
    """A new hub."""

    hub: str
    key: str


class Code(msgspec.Struct, frozen=True):
    """A one-time code."""

    code: str
    days: int
    agreement: str
    """SHA-256 of the agreement that the new party must accept; empty when there is none."""


class Erased(msgspec.Struct, frozen=True):
    """What an erasure did, stream by stream."""

    outcomes: tuple[Outcome, ...]


class Member(msgspec.Struct, frozen=True):
    """One party's last time in a group."""

    party: str
    name: str
    membership: Membership


class Roster(msgspec.Struct, frozen=True):
    """A group, as its operator sees it."""

    group: str
    members: tuple[Member, ...]


class Backup(msgspec.Struct, frozen=True):
    """A copy of the store."""

    file: str
    bytes: int


class Restored(msgspec.Struct, frozen=True):
    """What the backup held; readers and outboxes hold the rest."""

    entries: int
    streams: int
    witnessed: bool
    """Whether a partner says up to where the hub must be refilled."""


class Shown(msgspec.Struct, frozen=True):
    """What a partner is shown."""

    file: str
    streams: int


class Rotated(msgspec.Struct, frozen=True):
    """The hub's new key."""

    key: str


class Stands(msgspec.Struct, frozen=True):
    """A party whose standing changed."""

    party: str
    name: str
    standing: Standing


class Agreed(msgspec.Struct, frozen=True):
    """The members' agreement."""

    digest: str
