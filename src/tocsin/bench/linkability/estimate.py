# SPDX-License-Identifier: Apache-2.0
"""What guesses come to: an advantage over the coin, and bounds that it lies within, one-sided at 95 of 100.

The advantage is 2 · wins / n − 1: 0 for whoever throws a coin, 1 for whoever knows. Two bounds are taken on each side
and the wider one holds: that of C. J. Clopper and E. S. Pearson (1934), which is exact for guesses that have nothing to
do with each other, and a bootstrap over worlds, because guesses in one world may have.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
_RESAMPLES = 2_000
_HALVINGS = 50
"""Of the range that a bound lies in: far finer than any figure that is shown."""


class Estimate(msgspec.Struct, frozen=True):
    """An advantage with its bounds."""

    wins: int
    guesses: int
    lower: float
    upper: float

    @property
    def advantage(self) -> float:
        """2 · wins / n − 1."""
        return 2 * self.wins / self.guesses - 1


def estimate(worlds: Sequence[tuple[int, int]], seed: int) -> Estimate:
    """Of wins and guesses, world by world."""
    wins, guesses = (sum(one[at] for one in worlds) for at in (0, 1))
    low, high = _bootstrap(np.array(worlds, dtype=np.float64), seed)
    lower, upper = clopper_pearson(wins, guesses)
    return Estimate(wins, guesses, min(2 * lower - 1, low), max(2 * upper - 1, high))


def clopper_pearson(wins: int, guesses: int) -> tuple[float, float]:
    """The lower and the upper bound of a share, each one-sided at `CONFIDENCE`."""
    miss = 1 - CONFIDENCE
    lower = _root(lambda share: 1 - _at_most(wins - 1, guesses, share) - miss) if wins else 0.0
    upper = _root(lambda share: miss - _at_most(wins, guesses, share)) if wins < guesses else 1.0
    return lower, upper


def _at_most(wins: int, guesses: int, share: float) -> float:
    """The chance of that many wins or fewer, by the binomial distribution."""
    if wins < 0:
        return 0.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, guesses + 1)))])
    k = np.arange(wins + 1)
    terms = logs[guesses] - logs[k] - logs[guesses - k] + k * np.log(share) + (guesses - k) * np.log1p(-share)
    return float(min(1.0, np.exp(terms).sum()))


def _root(rising: Callable[[float], float]) -> float:
    """Where a function between 0 and 1 that grows crosses 0."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _bootstrap(worlds: npt.NDArray[np.float64], seed: int) -> tuple[float, float]:
    """Bounds of the advantage when worlds are drawn again and again from those there are."""
    drawn = np.random.default_rng(seed).integers(len(worlds), size=(_RESAMPLES, len(worlds)))
    wins, guesses = (worlds[:, at][drawn].sum(axis=1) for at in (0, 1))
    low, high = np.quantile(2 * wins / guesses - 1, [1 - CONFIDENCE, CONFIDENCE])
    return float(low), float(high)
