# SPDX-License-Identifier: Apache-2.0
"""The bounds are those of the paper, and wider where guesses of one world hang together."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bench.linkability.estimate import clopper_pearson, estimate


def _at_most(wins: int, guesses: int, share: float) -> float:
    return sum(comb(guesses, k) * share**k * (1 - share) ** (guesses - k) for k in range(wins + 1))


@given(st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_beyond_each_bound_lie_five_of_a_hundred(counted: tuple[int, int]) -> None:
    wins, guesses = counted
    lower, upper = clopper_pearson(wins, guesses)
    assert 0 <= lower <= wins / guesses <= upper <= 1
    if wins:
        assert 1 - _at_most(wins - 1, guesses, lower) == pytest.approx(0.05, abs=1e-6)
    if wins < guesses:
        assert _at_most(wins, guesses, upper) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("guesses", "upper"), [(1_000, 0.053), (4_000, 0.026), (10_000, 0.017)])
def test_half_won_proves_no_more_than_so_many_guesses_can(guesses: int, upper: float) -> None:
    found = estimate([(1, 2)] * (guesses // 2), 1)
    assert found.advantage == 0
    assert found.upper == pytest.approx(upper, abs=1e-3)
    assert found.lower == pytest.approx(-upper, abs=1e-3)


def test_worlds_that_are_won_or_lost_whole_say_less() -> None:
    apart = estimate([(4, 8)] * 50, 1)
    together = estimate([(8, 8)] * 25 + [(0, 8)] * 25, 1)
    assert (apart.wins, apart.guesses) == (together.wins, together.guesses) == (200, 400)
    assert together.upper > 2 * apart.upper
    assert together.lower < 2 * apart.lower


def test_who_knows_has_the_whole_advantage() -> None:
    found = estimate([(8, 8)] * 40, 1)
    assert found.advantage == 1 == found.upper
    assert found.lower > 0.98
