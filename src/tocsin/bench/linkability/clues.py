# SPDX-License-Identifier: Apache-2.0
"""What the sources of a coalition say about each member, for one report in one slot: numbers that may tell its sender.

Every clue is computed in the same way from every source, without knowing what the source is, and belongs to one kind:

- *named*: the member stands in a record beside the report, or near one that does;
- *sizes and times*: sizes, numbers, times and gaps of the member's records in the slot;
- *order*: the member's place among all in the slot against the report's place among all reports, also between sources;
- *actions*: what the member did first, last, how often or not at all, before, within and after the slot;
- *presence*: the slots in which the member was there against those in which something of the report was;
- *shared*: words that stand with the member and with the report, and with few others.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from tocsin.bench.linkability.needles import Pairs
from tocsin.bench.linkability.sources import Numbers, Source
from tocsin.clock import Instant

KINDS = ("named", "sizes and times", "order", "actions", "presence", "shared")
_FIRST = 3
"""Records of a member in a slot that are looked at one by one."""
_FEW = 3
"""A word that stands with more than one in so many members says nothing."""

Clue = tuple[str, Numbers]
"""Its name, ``kind: source, what``, and a number for each member; NaN for none."""


class Sheet(msgspec.Struct, frozen=True):
    """All clues about one report."""

    names: tuple[str, ...]
    table: Numbers
    """One row for a clue, one column for a member."""


class Scene:
    """What a coalition holds of one world."""

    def __init__(self, sources: Sequence[Source], begins: Sequence[Instant], members: int) -> None:
        self._sources = sources
        self._begins = np.array(begins, dtype=np.float64)
        self._members = members
        self._slots = [np.searchsorted(self._begins, one.times, side="right") - 1 for one in sources]
        self._together = _sharing(sources)
        self._of_slot: dict[int, list[Clue]] = {}

    def sheet(self, target: int, slot: int, others: Sequence[int]) -> Sheet:
        """Clues about one report; `others` are all reports of its slot, itself among them."""
        if slot not in self._of_slot:
            self._of_slot[slot] = list(self._in_slot(slot))
        found = [*self._of_slot[slot], *self._of_target(target, slot, others)]
        return Sheet(tuple(name for name, _ in found), np.array([row for _, row in found]))

    # what does not depend on the report

    def _in_slot(self, slot: int) -> Iterator[Clue]:
        for source, slots in zip(self._sources, self._slots, strict=True):
            if not len(source.members):
                continue
            timed = not np.isnan(source.times).all()
            spans = {"": slots == slot, " before": slots < slot, " after": slots > slot} if timed else {}
            for when, where in (spans or {"": np.ones(len(slots), dtype=bool)}).items():
                about = source.members[where[source.members[:, 0]]]
                counts = np.bincount(about[:, 1], minlength=self._members).astype(np.float64)
                yield f"actions: {source.name}, how often{when}", counts
                yield from self._ends(source, about, counts, when, slot)
                if not when:
                    yield from self._one_by_one(source, about, counts, slot)

    def _ends(self, source: Source, about: Pairs, counts: Numbers, when: str, slot: int) -> Iterator[Clue]:
        """When the member was first and last there."""
        ordered = _ordered(about)
        for which, place in (("first", 0), ("last", -1)):
            picked = _picked(ordered, counts, place)
            times = _at(source.times, picked) - self._begins[slot]
            yield f"actions: {source.name}, {which}{when}", times

    def _one_by_one(self, source: Source, about: Pairs, counts: Numbers, slot: int) -> Iterator[Clue]:
        ordered, begin = _ordered(about), self._begins[slot]
        before = None
        for nth in range(_FIRST):
            picked = _picked(ordered, counts, nth)
            if np.isnan(picked).all():
                return
            times = _at(source.times, picked)
            if before is not None:
                yield f"sizes and times: {source.name}, gap {nth}", times - before
            before = times
            for at, column in enumerate(source.columns):
                shift = begin if source.timed[at] else 0.0
                yield (
                    f"sizes and times: {source.name}, {column} of {nth}",
                    _at(source.numbers[:, at], picked) - shift,
                )

    # what does

    def _of_target(self, target: int, slot: int, others: Sequence[int]) -> Iterator[Clue]:
        yield self._shared(target)
        ranks, times, presences = [], [], []
        for source, slots in zip(self._sources, self._slots, strict=True):
            records = source.targets[source.targets[:, 1] == target, 0]
            if not len(records):
                continue
            yield from self._named(source, records)
            ranks.append((source.name, _rank(source, target, others)))
            times.append((source.name, source.times[records[0]]))
            presences.append((source.name, np.unique(slots[records][~np.isnan(source.times[records])])))
        for source, slots in zip(self._sources, self._slots, strict=True):
            if not len(source.members) or np.isnan(source.times).all():
                continue
            about = source.members[slots[source.members[:, 0]] == slot]
            yield from self._order(source, about, ranks)
            yield from self._nearest(source, times)
            yield from self._presence(source, slots, presences)

    def _named(self, source: Source, records: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Iterator[Clue]:
        if not len(source.members):
            return
        where, who = source.members[:, 0], source.members[:, 1]
        beside = np.bincount(who[np.isin(where, records)], minlength=self._members).astype(np.float64)
        yield f"named: {source.name}, beside it", beside
        distance = np.abs(where[:, None] - records[None, :]).min(axis=1)
        near = np.full(self._members, np.nan)
        np.fmin.at(near, who, np.log1p(distance))
        yield f"named: {source.name}, near it", near

    def _order(self, source: Source, about: Pairs, ranks: list[tuple[str, float]]) -> Iterator[Clue]:
        first = np.full(self._members, np.nan)
        np.fmin.at(first, about[:, 1], about[:, 0].astype(np.float64))
        place = _ranked(first)
        for name, rank in ranks:
            yield f"order: {source.name} against {name}", np.abs(place - rank)

    def _nearest(self, source: Source, times: list[tuple[str, float]]) -> Iterator[Clue]:
        for name, time in times:
            if not np.isnan(time):
                gap = np.full(self._members, np.nan)
                np.fmin.at(
                    gap, source.members[:, 1], np.log1p(np.abs(source.times[source.members[:, 0]] - time))
                )
                yield f"order: {source.name} near the time in {name}", gap

    def _presence(
        self,
        source: Source,
        slots: "np.ndarray[tuple[int], np.dtype[np.int64]]",
        presences: list[tuple[str, "np.ndarray[tuple[int], np.dtype[np.int64]]"]],
    ) -> Iterator[Clue]:
        there = np.zeros((self._members, len(self._begins) + 1))
        there[source.members[:, 1], slots[source.members[:, 0]]] = 1
        for name, seen in presences:
            if len(seen):
                wanted = np.zeros(there.shape[1])
                wanted[seen] = 1
                span = slice(seen.min(), len(self._begins) - 1)
                yield (
                    f"presence: {source.name} against {name}",
                    (there[:, span] == wanted[span]).sum(axis=1).astype(np.float64),
                )

    def _shared(self, target: int) -> Clue:
        found = np.zeros(self._members)
        words = set()
        for source in self._sources:
            for record in source.targets[source.targets[:, 1] == target, 0].tolist():
                words |= source.values[record]
        for word in words:
            for member in self._together.get(word, ()):
                found[member] += 1
        return "shared: words", found


def _sharing(sources: Sequence[Source]) -> dict[bytes, frozenset[int]]:
    """Words that stand with a few members, and with which."""
    found: dict[bytes, set[int]] = defaultdict(set)
    for source in sources:
        for record, member in source.members.tolist():
            for word in source.values[record]:
                found[word].add(member)
    members = len(set().union(*found.values())) if found else 0
    return {word: frozenset(who) for word, who in found.items() if len(who) * _FEW <= members}


def _ordered(about: Pairs) -> Pairs:
    """By member, and each member's in the order of the records."""
    return about[np.argsort(about[:, 1], kind="stable")]


def _picked(ordered: Pairs, counts: Numbers, place: int) -> Numbers:
    """The record at that place of each member's, from the front or the back; NaN where there is none."""
    ends = np.cumsum(counts).astype(np.int64)
    index = (ends - counts.astype(np.int64) if place >= 0 else ends) + place
    there = counts > (place if place >= 0 else 0)
    found = np.full(len(counts), np.nan)
    found[there] = ordered[index[there], 0]
    return found


def _at(column: Numbers, picked: Numbers) -> Numbers:
    found = np.full(len(picked), np.nan)
    there = ~np.isnan(picked)
    found[there] = column[picked[there].astype(np.int64)]
    return found


def _rank(source: Source, target: int, others: Sequence[int]) -> float:
    """The report's place among those of its slot, between 0 and 1; NaN where it is alone."""
    firsts = []
    for one in others:
        records = source.targets[source.targets[:, 1] == one, 0]
        if len(records):
            firsts.append((int(records[0]), one))
    firsts.sort()
    place = [one for _, one in firsts].index(target)
    return (place + 0.5) / len(firsts) if len(firsts) > 1 else np.nan


def _ranked(values: Numbers) -> Numbers:
    """Each value's place among those there are, between 0 and 1."""
    there = ~np.isnan(values)
    found = np.full(len(values), np.nan)
    found[there] = (np.argsort(np.argsort(values[there], kind="stable")) + 0.5) / max(1, there.sum())
    return found
