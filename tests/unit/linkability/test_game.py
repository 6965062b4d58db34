# SPDX-License-Identifier: Apache-2.0
"""The game is fair: pairs alike but for the coin, worlds of their own for each step, and the same game from a seed."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.bench.linkability.game import Challenge, Terms, _guess, draw, play
from tocsin.bench.linkability.model import Model
from tocsin.bench.linkability.path import Played, Story

TERMS = Terms(training=2, validation=1, test=2)
seeds = st.integers(0, 10_000).map(str)


@given(seeds)
def test_a_pair_is_there_alike_and_says_nothing_else(seed: str) -> None:
    world = draw(seed, TERMS)
    for challenge in world.challenges:
        assert not {(who, challenge.slot) for who in challenge.pair} & world.story.away
        said = [one for one in world.story.reports if one.member in challenge.pair]
        assert [(one.slot, one.member, one.value) for one in said] == [
            (challenge.slot, challenge.sender, challenge.value)
        ]


@given(seeds)
def test_nobody_is_in_two_pairs_and_no_two_reports_are_alike(seed: str) -> None:
    world = draw(seed, TERMS)
    members = [who for challenge in world.challenges for who in challenge.pair]
    assert len(set(members)) == len(members) == 2 * TERMS.challenged * TERMS.at_once
    values = [one.value for one in world.story.reports]
    assert len(set(values)) == len(values) == TERMS.challenged * (TERMS.at_once + TERMS.background)


@given(seeds)
def test_where_members_are_drawn_anew_nobody_is_twice_in_a_slot(seed: str) -> None:
    terms = Terms(1, 1, 1, challenged=6, at_once=3, repeated=True)
    world = draw(seed, terms)
    assert len(world.challenges) == 18
    for slot in range(1, 7):
        said = [one.member for one in world.story.reports if one.slot == slot]
        silent = [one.other for one in world.challenges if one.slot == slot]
        assert len(said) == 5
        assert len({*said, *silent}) == 8


@given(seeds)
def test_everybody_is_there_at_both_ends_and_where_it_reports(seed: str) -> None:
    story = draw(seed, TERMS).story
    assert all(0 < slot < story.slots - 1 for _, slot in story.away)
    assert not {(one.member, one.slot) for one in story.reports} & story.away
    assert all(0 < one.slot < story.slots - 2 for one in story.reports)


@given(seeds)
def test_in_a_null_game_neither_of_a_pair_says_anything(seed: str) -> None:
    world, null = draw(seed, TERMS), draw(seed, TERMS, null=True)
    assert null.challenges == world.challenges
    assert null.story.away == world.story.away
    said = {one.value for one in null.story.reports}
    assert said == {one.value for one in world.story.reports} - {one.value for one in world.challenges}


def test_coins_are_fair() -> None:
    coins = [one.coin for seed in range(400) for one in draw(str(seed), TERMS).challenges]
    assert abs(np.mean(coins) - 0.5) < 0.03


def test_who_cannot_tell_throws_a_coin() -> None:
    challenge, coins = Challenge(1, (0, 1), "lure.example", 1), random.Random(1)
    right = [_guess(np.zeros(2), challenge, coins) for _ in range(1_000)]
    assert abs(np.mean(right) - 0.5) < 0.05
    assert _guess(np.array([0.0, 1.0]), challenge, coins)
    assert not _guess(np.array([1.0, 0.0]), challenge, coins)


class _Counted:
    """A path that writes down which worlds it was asked to play."""

    def __init__(self) -> None:
        self.seeds: list[str] = []

    def play(self, story: Story) -> Played:
        self.seeds.append(story.seed)
        return Model().play(story)


def test_every_world_is_played_once() -> None:
    path = _Counted()
    play(path, TERMS, "seed", (frozenset({"hub"}), frozenset({"relay"})))
    assert path.seeds == [
        "seed/training/0",
        "seed/training/1",
        "seed/validation/0",
        "seed/test/0",
        "seed/test/1",
    ]


def test_the_same_seed_is_the_same_game() -> None:
    first, again = (play(Model(), TERMS, "seed", (frozenset({"relay", "hub"}),)) for _ in range(2))
    assert first == again
    assert first[0].estimate.guesses == 2 * 8
    assert 0.04 < first[0].by_chance < 0.08
