# SPDX-License-Identifier: Apache-2.0
"""Who may see what: policies composed with `AllOf` and `AnyOf`, always with a reason.

`decide` is the one function that says yes; the hub's SQL only selects streams that it would allow, and a test holds
the two together. An empty `AllOf` refuses: a policy without rules is a mistake, not a permission.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import DIRECTORY, Audience
from tocsin.domain.party import Party, Standing
from tocsin.errors import Malformed


class Purpose(StrEnum):
    """What the reader wants it for."""

    DEFENCE = "defence"


class Item(msgspec.Struct, frozen=True):
    """What `decide` needs to know of an entry: a few columns, never the body."""

    stream: str
    not_before: Instant | None = None
    """Embargo: nobody reads it here earlier; its author has it at home."""


class Viewer(msgspec.Struct, frozen=True):
    """Who asks, as the directory stands now."""

    party: Party
    groups: frozenset[str] = frozenset()


class Decision(msgspec.Struct, frozen=True):
    """Yes or no, and why."""

    allowed: bool
    reason: str


def _no(reason: str) -> Decision:
    return Decision(allowed=False, reason=reason)


class Policy(Protocol):
    """One rule about one question."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes or no with a reason; pure."""


class ActiveParty:
    """The viewer is an active party of the alliance."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """No for pending, suspended and former parties."""
        standing = viewer.party.standing
        return Decision(standing is Standing.ACTIVE, f"the party is {standing}")


class DirectoryReader:
    """The directory stream is for every party."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes for the directory only."""
        return Decision(
            item.stream == DIRECTORY,
            f"{item.stream} is {'' if item.stream == DIRECTORY else 'not '}the directory",
        )


class InAudience:
    """The viewer belongs to the stream's audience."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes when the audience includes the viewer."""
        if item.stream == DIRECTORY:
            return _no("the directory has no audience")
        try:
            inside = Audience.parse(item.stream).includes(viewer.party, viewer.groups)
        except Malformed as error:
            return _no(error.detail)
        return Decision(inside, f"the party is {'in' if inside else 'outside'} {item.stream}")


class EmbargoOver:
    """The time before which nobody reads it has passed."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes without an embargo, or after it."""
        over = item.not_before is None or now >= item.not_before
        return Decision(over, "no embargo" if over else "under embargo")


class AllOf:
    """Every rule must say yes; the first no is the reason."""

    def __init__(self, rules: Sequence[Policy]) -> None:
        self._rules = rules

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """No when any rule says no, or when there are none."""
        answers = [rule.decide(item, viewer, purpose, now) for rule in self._rules]
        for answer in answers:
            if not answer.allowed:
                return answer
        if not answers:
            return _no("no rule allows anything")
        return Decision(allowed=True, reason="; ".join(answer.reason for answer in answers))


class AnyOf:
    """One yes is enough; the reasons of all are kept."""

    def __init__(self, rules: Sequence[Policy]) -> None:
        self._rules = rules

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes when any rule says yes."""
        answers = [rule.decide(item, viewer, purpose, now) for rule in self._rules]
        for answer in answers:
            if answer.allowed:
                return answer
        return _no("; ".join(answer.reason for answer in answers) or "no rule allows anything")


POLICY: Policy = AllOf((ActiveParty(), AnyOf((DirectoryReader(), InAudience())), EmbargoOver()))


def decide(item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
    """Whether the viewer may read the item now, and why."""
    return POLICY.decide(item, viewer, purpose, now)
