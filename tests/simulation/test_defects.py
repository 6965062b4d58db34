# SPDX-License-Identifier: Apache-2.0
"""Every seeded defect is found: by the stories that are kept, and what they miss by as many random ones as CI plays."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from tests.simulation.arbitrary import stories
from tests.simulation.defects import AWAY, DEFECTS, hint_lost_alone
from tests.simulation.playing import wrongs
from tests.simulation.reproductions import STORIES
from tests.simulation.test_world import SEED
from tests.simulation.test_world import STORIES as COUNT

from tocsin.world.moves import Move


class Found(Exception):
    """No error: the world has found it."""


@seeded(SEED)
@settings(
    max_examples=COUNT,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
@given(stories())
def _random(moves: list[Move]) -> None:
    _kept(moves)


def _kept(moves: list[Move]) -> None:
    if found := wrongs(moves):
        raise Found(found[0])


def _all(first: str) -> None:
    _kept(STORIES[first])
    for moves in STORIES.values():
        _kept(moves)
    _random()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_world_finds(defect: Callable[[], AbstractContextManager[None]]):
    with defect(), pytest.raises(Found):
        _all(DEFECTS[defect])


def test_a_lost_hint_alone_harms_nobody():
    """It is only a hint: who is not woken looks by himself."""
    with hint_lost_alone():
        _kept(STORIES[AWAY])
