# SPDX-License-Identifier: Apache-2.0
"""Which values a file holds when there are more than it takes: shared, so that no flood pushes out what others said.

Room is divided evenly among those whose word the values rest on (each party that warned, and each band of named
sources), then among the hours in which they came, then among the reports, and the newest of a report go first. Whoever
needs less leaves the rest to the others: max-min fairness, by filling the smallest first. A million values that two
members confirm to each other in an afternoon share the room of that afternoon, and the reports of that afternoon with
few values come first.

What it cannot do: a reader does not know who sent a report (`named` tells only the hub), so two members who spread
single values over weeks look like many honest ones. The hub, which knows them, bounds what the same two confirm.
"""

from collections.abc import Callable, Hashable, Sequence

from tocsin.clock import HOUR
from tocsin.hooks import Blocked

_Key = Callable[[Blocked], Hashable]
_LEVELS: tuple[_Key, ...] = (
    lambda one: one.source,
    lambda one: one.since // HOUR,
    lambda one: one.reference,
)


def within(cap: int, blocked: Sequence[Blocked]) -> list[Blocked]:
    """At most so many of these values, which come the newest first; in the same order."""
    if len(blocked) <= cap:
        return list(blocked)
    chosen = {one.observable for one in _share(cap, blocked, _LEVELS)}
    return [one for one in blocked if one.observable in chosen]


def _share(room: int, blocked: Sequence[Blocked], levels: Sequence[_Key]) -> list[Blocked]:
    if len(blocked) <= room or not levels:
        return list(blocked[:room])
    groups: dict[Hashable, list[Blocked]] = {}
    for one in blocked:
        groups.setdefault(levels[0](one), []).append(one)
    chosen: list[Blocked] = []
    ordered = sorted(
        groups.values(), key=len
    )  # of equal size the newest first: dictionaries keep their order
    for left, group in zip(range(len(ordered), 0, -1), ordered, strict=True):
        chosen += _share((room - len(chosen)) // left, group, levels[1:])
    if len(chosen) < room:  # what did not divide
        taken = {one.observable for one in chosen}
        chosen += [one for one in blocked if one.observable not in taken][: room - len(chosen)]
    return chosen
