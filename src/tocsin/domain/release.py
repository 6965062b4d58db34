# SPDX-License-Identifier: Apache-2.0
"""Who may see what: policies composed with `AllOf` and `AnyOf`, always with a reason.

`follows` says yes to a stream, `decide` to one entry of it. They are the only functions that say yes; the hub's SQL
(`tocsin.hub.readable`) selects entries that `decide` would allow, and a test holds the two together. An empty `AllOf`
refuses: a policy without rules is a mistake, not a permission.

Whoever follows a stream is served every leaf of it, so that its tree verifies. `decide` is about the body: where it
says no, the entry comes without body and salt, as an erased one does.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from tocsin.clock import Instant
from tocsin.domain.audience import DIRECTORY, Audience, Membership
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Malformed


class Purpose(StrEnum):
    """What the reader wants it for."""

    DEFENCE = "defence"
    """To protect itself and those it answers for."""
    INVESTIGATION = "investigation"
    """To find out who did it."""
    SUPERVISION = "supervision"
    """To oversee those who are hurt."""
    EXERCISE = "exercise"
    """To train; never evidence and never a shield."""


PURPOSES: dict[Role, frozenset[Purpose]] = {
    Role.BANK: frozenset({Purpose.DEFENCE}),
    Role.AGENCY: frozenset({Purpose.DEFENCE, Purpose.INVESTIGATION}),
    Role.REGULATOR: frozenset({Purpose.DEFENCE, Purpose.SUPERVISION}),
    Role.DESK: frozenset(Purpose),
}
"""What a party may want to read for, by its role."""


class Item(msgspec.Struct, frozen=True):
    """What `decide` needs to know of an entry: a few columns, never the body."""

    stream: str
    added: Instant
    purposes: frozenset[Purpose] = frozenset()
    """What it may be read for; empty: anything."""
    not_before: Instant | None = None
    """Embargo: nobody reads it here earlier; its author has it at home."""
    erases: bool = False
    """It says only what is erased: who held that while it was in a group, and comes back, must hear of it."""


class Viewer(msgspec.Struct, frozen=True):
    """Who asks, as the directory and the rosters stand now."""

    party: Party
    memberships: frozenset[Membership] = frozenset()

    def groups(self, now: Instant) -> frozenset[str]:
        """The groups that it is in at that moment."""
        return frozenset(one.group for one in self.memberships if one.holds(now))


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
    """The viewer belongs to the stream's audience now."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes when the audience includes the viewer."""
        try:
            inside = Audience.parse(item.stream).includes(viewer.party, viewer.groups(now))
        except Malformed as error:
            return _no(error.detail)
        return Decision(inside, f"the party is {'in' if inside else 'outside'} {item.stream}")


class SinceJoining:
    """In a group, the past is for those whose membership includes it; that something was erased is for everybody."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """No for what a group was told before the viewer joined it, unless it joined with all history."""
        if item.erases:
            return Decision(allowed=True, reason="it only takes away")
        times = [one for one in viewer.memberships if item.stream == f"group:{one.group}" and one.holds(now)]
        if not times:
            return Decision(allowed=True, reason="no roster limits the past")
        reads = any(one.reads(item.added) for one in times)
        return Decision(
            reads, f"it was added {'while' if reads else 'before'} the past was the viewer's to read"
        )


class PurposeOfRole:
    """A role reads for its own purposes."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """No for a purpose that is not the role's."""
        allowed = purpose in PURPOSES[viewer.party.role]
        return Decision(
            allowed, f"{purpose} is {'' if allowed else 'not '}what a {viewer.party.role} reads for"
        )


class PurposeOfItem:
    """What was told for some purposes is read for these only."""

    def decide(self, item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
        """Yes without a restriction, or for one of its purposes."""
        if not item.purposes:
            return Decision(allowed=True, reason="for any purpose")
        told = " and ".join(sorted(item.purposes))
        return Decision(purpose in item.purposes, f"it is for {told} only")


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


FOLLOW: Policy = AllOf((ActiveParty(), AnyOf((DirectoryReader(), InAudience()))))
"""The rules of a stream: they look at its name only."""
READ: Policy = AllOf((FOLLOW, SinceJoining(), PurposeOfRole(), PurposeOfItem(), EmbargoOver()))
"""The rules of one entry."""


def follows(stream: str, viewer: Viewer, now: Instant) -> Decision:
    """Whether the viewer may follow the stream now, and why: every leaf of it, and the bodies that `decide` allows."""
    return FOLLOW.decide(Item(stream, now), viewer, Purpose.DEFENCE, now)


def decide(item: Item, viewer: Viewer, purpose: Purpose, now: Instant) -> Decision:
    """Whether the viewer may read the item now for that purpose, and why."""
    return READ.decide(item, viewer, purpose, now)


def bits(purposes: Iterable[Purpose]) -> int:
    """A set of purposes as one number, for the store; 0 is the empty set. The order of `Purpose` is its alphabet."""
    return sum(1 << list(Purpose).index(purpose) for purpose in set(purposes))
