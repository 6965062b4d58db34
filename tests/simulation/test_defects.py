# SPDX-License-Identifier: Apache-2.0
"""Every seeded defect is found by random stories, within the number of stories that the honest world is given too."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from tests.simulation.arbitrary import stories
from tests.simulation.defects import DEFECTS, hint_lost_alone
from tests.simulation.playing import wrongs
from tests.simulation.reproductions import LONG
from tests.simulation.test_world import SEED

from tocsin.world.moves import Move

STORIES = 60


class Found(Exception):
    """No error: the world has found it."""


@pytest.mark.parametrize("name", DEFECTS)
def test_the_world_finds(name: str):
    @seeded(SEED)
    @settings(
        max_examples=STORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(stories())
    def holds(moves: list[Move]) -> None:
        if found := wrongs(moves):
            raise Found(found[0])

    with DEFECTS[name](), pytest.raises(Found):
        holds()


def test_a_lost_hint_alone_harms_nobody():
    """It is only a hint: who is not woken looks by himself."""
    with hint_lost_alone():
        assert wrongs(LONG) == []
