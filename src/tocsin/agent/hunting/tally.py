# SPDX-License-Identifier: Apache-2.0
"""Counts what is found in one log: each line once for each value, however often the value stands in it."""

from collections.abc import Iterable

from tocsin.agent.hunting.found import MAX_FORMS, MAX_MACHINES, Found, Hunted
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.records import Record
from tocsin.clock import Instant
from tocsin.domain.observable import Observable

MAX_FOUND = 20_000
"""Values that are found in one log; more say that the known values are wrong, not that the house is lost."""


class _Count:
    __slots__ = ("exact", "first", "forms", "last", "lines", "machines")

    def __init__(self) -> None:
        self.lines = 0
        self.first = self.last = 0
        self.machines: dict[str, None] = {}
        self.forms: set[str] = set()
        self.exact = False


class Tally:
    """Counts hits; each line once for each value, however often the value stands in it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._counts: dict[Observable, _Count] = {}
        self.lines = 0
        self.odd = 0

    def add(self, record: Record) -> bool:
        """Count one line or row; whether it is a hit."""
        met: dict[Observable, set[Observable]] = {}
        for seen in record.values:
            for known in self._index.match(seen):
                met.setdefault(known, set()).add(seen)
        for known, forms in met.items():
            if known in self._counts or len(self._counts) < MAX_FOUND:
                self._count(known, forms, record)
        return bool(met)

    def hunted(self, engine: str, problem: str = "") -> Hunted:
        """All of it, the most frequent first."""
        ranked = sorted(self._counts.items(), key=lambda one: (-one[1].lines, one[0]))
        found = tuple(_found(known, count) for known, count in ranked)
        return Hunted(found, self.lines, self.odd, engine, problem)

    def _count(self, known: Observable, forms: Iterable[Observable], record: Record) -> None:
        count = self._counts.setdefault(known, _Count())
        count.lines += 1
        if record.at:
            count.first = min(count.first or record.at, record.at)
            count.last = max(count.last, record.at)
        for seen in sorted(forms):
            count.exact |= seen == known
            if seen != known:
                count.forms.add(seen.value[:200])
                if (
                    len(count.forms) > MAX_FORMS
                ):  # the same are left in whatever order an engine gives the rows
                    count.forms.remove(max(count.forms))
            machine = record.machine(seen)
            if machine and len(count.machines) < MAX_MACHINES:
                count.machines[machine] = None


def _found(known: Observable, count: _Count) -> Found:
    return Found(
        known,
        count.lines,
        Instant(count.first),
        Instant(count.last),
        tuple(sorted(count.machines)),
        tuple(sorted(count.forms)),
        count.exact,
    )
