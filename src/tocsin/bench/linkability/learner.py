# SPDX-License-Identifier: Apache-2.0
"""Logistic regression over clues, in numpy: which of two members sent it, learnt from worlds where that is known.

Of each clue four forms are taken, each against all members of the slot: by how many standard deviations the member
stands out, its rank, and whether it alone is lowest or highest. A report that is known makes one example: the sender's
numbers minus the other's. There is no constant and no side, so nothing is learnt but what is different about a sender.

What promises most by itself is kept, and weighted by Newton's method with a ridge. Boosting, and clues of bytes, are
not here.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from tocsin.bench.linkability.clues import Sheet
from tocsin.bench.linkability.sources import Numbers

_FORMS = ("how far out", "rank", "lowest", "highest")
_FAR = 4.0
"""Standard deviations beyond which nothing is further out."""
_KEPT = 120
_RIDGE = 3.0
_STEPS = 12
_TINY = 1e-9


class Example(msgspec.Struct, frozen=True):
    """What is different about a sender."""

    names: tuple[str, ...]
    difference: Numbers
    """One row for a clue, one column for a form."""


def example(sheet: Sheet, sender: int, other: int) -> Example:
    """From a report whose sender is known."""
    forms = in_forms(sheet.table)
    return Example(sheet.names, forms[:, sender] - forms[:, other])


def in_forms(table: Numbers) -> Numbers:
    """Clues × members × forms."""
    there = ~np.isnan(table)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    filled = np.where(there, table, 0.0)
    mean = filled.sum(axis=1, keepdims=True) / count
    off = np.where(there, filled - mean, 0.0)
    deviation = np.sqrt((off**2).sum(axis=1, keepdims=True) / count)
    far = np.clip(off / np.where(deviation > _TINY, deviation, np.inf), -_FAR, _FAR)
    below = (table[:, :, None] > table[:, None, :]).sum(axis=2)
    above = (table[:, :, None] < table[:, None, :]).sum(axis=2)
    rank = np.where(there, (below - above) / count, 0.0)
    alone = [np.where(there & (one == count - 1) & (count > 1), 1.0, 0.0) for one in (above, below)]
    return np.stack([far, rank, *alone], axis=2)


class Learner:
    """Weights of clues. It looks only at clues of one kind, or at all."""

    def __init__(self, kind: str = "") -> None:
        self.kind = kind
        self._weights: dict[str, Numbers] = {}

    def learn(self, examples: Sequence[Example]) -> None:
        """From examples; without any clue of its kind it knows nothing, and throws the coin."""
        names = sorted({name for one in examples for name in one.names if name.startswith(self.kind)})
        if not names:
            return
        place = {name: number for number, name in enumerate(names)}
        table = np.zeros((len(examples), len(names), len(_FORMS)))
        for row, one in enumerate(examples):
            where = [(place[name], at) for at, name in enumerate(one.names) if name in place]
            into, out = zip(*where, strict=True) if where else ((), ())
            table[row, list(into)] = one.difference[list(out)]
        weights = _weighted(table.reshape(len(examples), -1)).reshape(len(names), len(_FORMS))
        self._weights = {name: row for name, row in zip(names, weights, strict=True) if row.any()}

    def scores(self, sheet: Sheet) -> Numbers:
        """For each member: the higher, the more likely it is the sender."""
        found = np.zeros(sheet.table.shape[1])
        used = [at for at, name in enumerate(sheet.names) if name in self._weights]
        if used:
            weights = np.array([self._weights[sheet.names[at]] for at in used])
            found += np.einsum("cmf,cf->m", in_forms(sheet.table[used]), weights)
        return found

    @property
    def heaviest(self) -> str:
        """The clue that weighs most, for a person who must find the leak; empty when nothing weighs anything."""
        return max(self._weights, key=lambda name: float(np.abs(self._weights[name]).sum()), default="")


def _weighted(table: Numbers) -> Numbers:
    """Weights of the columns: maximum likelihood that each row is positive, with a ridge; most are 0."""
    size = np.sqrt((table**2).mean(axis=0))
    promise = np.abs(table.mean(axis=0)) / np.where(size > _TINY, size, np.inf)
    kept = np.argsort(-promise, kind="stable")[:_KEPT]
    kept = kept[promise[kept] > 0]
    found = np.zeros(table.shape[1])
    if not len(kept):
        return found
    scaled = table[:, kept] / size[kept]
    weights = np.zeros(len(kept))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ (1 - chance) - _RIDGE * weights
        curve = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + _RIDGE * np.eye(len(kept))
        weights = weights + np.linalg.solve(curve, slope)
    found[kept] = weights / size[kept]
    return found
