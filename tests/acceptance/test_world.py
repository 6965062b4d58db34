# SPDX-License-Identifier: Apache-2.0
"""The moves of the simulated world, done to real processes."""

from pathlib import Path

import pytest

from tocsin.errors import NotBuilt
from tocsin.world.moves import (
    EDGE,
    GROUP,
    HUB,
    PARTNER,
    Acknowledge,
    Erase,
    JoinGroup,
    Kill,
    LeaveGroup,
    Move,
    RaiseEdge,
    ReadFrom,
    Reinstate,
    Sight,
    Skew,
    Start,
    Suspend,
    Warn,
)
from tocsin.world.outside import Outside
from tocsin.world.processes import Processes

pytestmark = pytest.mark.processes

STORY: list[Move] = [
    RaiseEdge(),
    ReadFrom("bute"),
    JoinGroup("ayr"),
    JoinGroup("bute"),
    Sight("ayr", 0),
    Sight("bute", 0, "all"),
    Kill("bute"),
    Sight("ayr", 1),
    Kill(PARTNER),
    Kill(HUB),
    Start(HUB),
    Sight("ayr", 2, "all"),
    Warn("esk", 3),
    Sight("bute", 1, f"group:{GROUP}"),
    LeaveGroup("bute"),
    Sight("ayr", 2, f"group:{GROUP}"),
    Kill(EDGE),
    Start(PARTNER),
    Start(EDGE),
    Start("bute"),
    Suspend("esk"),
    Reinstate("esk"),
    Acknowledge("ayr"),
    Erase("ayr", 1),
]


def test_the_moves_are_done_to_real_processes_too(tmp_path: Path):
    with Processes() as processes:
        world = Outside(tmp_path, processes)
        for move in STORY:
            world.do(move)
        assert world.at_rest() == []
        assert len(world.told) == 8
        with pytest.raises(NotBuilt):
            world.do(Skew(HUB, 3))
