# SPDX-License-Identifier: Apache-2.0
"""What the hub of a simulated alliance has taken of all that was said, and what follows from it by the bare rules."""

from collections.abc import Mapping

import msgspec

from tocsin.clock import DAY
from tocsin.domain.decay import ends_after
from tocsin.domain.observable import Kind
from tocsin.world.bystander import WARNED_DAYS, End, Hidden, Said
from tocsin.world.inside import World
from tocsin.world.terms import GROUP_STREAM


class Heard(msgspec.Struct, frozen=True):
    """What the hub has taken, as its own store says; what an agent knew that is no more is told by nobody else."""

    facts: Mapping[str, int]
    """With the time at which the hub added the last of it."""
    messages: frozenset[str]
    bodiless: frozenset[str]

    def stands(self, said: Said) -> bool:
        """Whether it was said, and nobody took it back."""
        return self.took(said) and not any(self._ended(said, end) for end in said.ended)

    def took(self, said: Said) -> bool:
        """Whether it was said for certain."""
        return said.receipted or said.id in self.facts

    def erased(self, said: Said) -> bool:
        """Whether its author or the law took it back, for certain."""
        return any(self._ended(said, end) for end in said.ended if not end.withdraws)

    def holds(self, one: Hidden, now: int, life: int) -> bool:
        """Whether an anonymous report counts for a reader for whom values live so long."""
        return one.id in self.facts and one.id not in self.bodiless and now < self.facts[one.id] + life

    def ends(self, said: Said, life: int) -> int:
        """Until when it counts for a reader for whom values live so long; 0 for what is still under embargo."""
        if said.kind == "warning":
            return said.at + WARNED_DAYS * DAY
        if said.not_before and said.id not in self.facts:
            return 0
        return self.facts.get(said.id, said.at) + life

    def _ended(self, said: Said, end: End) -> bool:
        lost = not end.withdraws and said.id in self.bodiless
        return end.receipted or end.message in self.messages or lost


def heard_by(world: World) -> Heard:
    """Everything by now, from the rows of its log."""
    rows = world.hub.disk.look(
        "SELECT entry.fact, count(body.seq), max(entry.added) FROM entry LEFT JOIN body ON body.stream = entry.stream "
        "AND body.seq = entry.seq WHERE entry.kind IN ('object', 'sighting', 'warning') GROUP BY entry.fact"
    )
    messages = world.hub.disk.look("SELECT id FROM message")
    return Heard(
        {fact: added for fact, _, added in rows},
        frozenset(message for (message,) in messages),
        frozenset(fact for fact, bodies, _ in rows if not bodies),
    )


def entries_of(said: Said, world: World, heard: Heard) -> int:
    """How many entries each of its streams has of it."""
    if said.not_before and said.id not in heard.facts:
        held = said.not_before > world.hub.clock.now() or said.by in world.suspended
        if held or heard.erased(said):
            return 0
    if said.kind == "warning":
        return 1 + sum(end.receipted and end.withdraws for end in said.ended)
    return len(said.bodies) if said.kind == "object" else 1


def may_be_refused(said: Said, world: World) -> bool:
    """Its author may have left the group, or the warning expired, before the hub heard of it."""
    expired = said.kind == "warning" and said.at + WARNED_DAYS * DAY <= world.latest
    return GROUP_STREAM in said.streams or expired


def expected_levels(world: World, short: str) -> dict[str, str]:
    """Each value with its level at one reader: a warning or two named sources in one stream block, one watches."""
    truth, now = heard_by(world), world.hub.clock.now()
    life = ends_after(world.agents[short].config.decay, Kind.DOMAIN)
    heard = [said for said in world.said if truth.stands(said) and now < truth.ends(said, life)]
    found: dict[str, str] = {}
    for value in {value for said in heard for value in said.values}:
        about = [said for said in heard if value in said.values]
        streams = world.readable(short) & {stream for said in about for stream in said.streams}
        if not streams:
            continue
        warned = any(said.kind == "warning" and streams & set(said.streams) for said in about)
        sources = max(
            len({said.by for said in about if stream in said.streams and said.kind != "warning"})
            for stream in streams
        )
        found[str(value)] = "block" if warned or sources > 1 else "watch"
    unseen = (
        [one for one in world.hidden if truth.holds(one, now, life)]
        if "members" in world.readable(short)
        else []
    )
    for name in {str(value) for one in unseen for value in one.values}:
        if found.get(name) != "block":
            found[name] = "hold" if name in found else "watch"
    return found


def half_known(world: World, short: str) -> set[str]:
    """Values that the group was told of while this party was not in it: what it knows of them has no simple rule."""
    if not world.missed(short):
        return set()
    return {str(value) for said in world.said if GROUP_STREAM in said.streams for value in said.values}
