# SPDX-License-Identifier: Apache-2.0
"""The moves of the simulated world, done to real processes: on a file, and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from tests.store.cluster import Cluster
from tests.store.conftest import ON_POSTGRES, cluster  # noqa: F401  # the fixture

from tocsin.domain.audience import History
from tocsin.errors import NotBuilt
from tocsin.world import moves
from tocsin.world.commands import BEYOND, COMMANDS, perform
from tocsin.world.moves import (
    EDGE,
    GROUP,
    HUB,
    PARTNER,
    TWIN,
    Acknowledge,
    Age,
    BackUp,
    Cut,
    Erase,
    EraseByLaw,
    JoinGroup,
    Kill,
    Leap,
    LeaveGroup,
    Lose,
    Move,
    RaiseEdge,
    ReadFrom,
    Reinstate,
    Report,
    Rotate,
    Sight,
    Skew,
    Start,
    Suspend,
    Warn,
    Withdraw,
)
from tocsin.world.outside import Outside

pytestmark = pytest.mark.processes

RING = f"group:{GROUP}"

STORIES: dict[str, list[Move]] = {
    "processes die and come back": [
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
        Sight("bute", 1, RING),
        LeaveGroup("bute"),
        Sight("ayr", 2, RING),
        Kill(EDGE),
        Start(PARTNER),
        Start(EDGE),
        Start("bute"),
        Suspend("esk"),
        Reinstate("esk"),
        Acknowledge("ayr"),
        Erase("ayr", 1),
    ],
    "two processes are one hub": [
        Start(TWIN),
        Report("ayr", (0, 1)),
        Report("bute", (0,), ("all", "party:esk")),
        Kill(HUB),
        Report("ayr", (2,)),
        Suspend("bute"),
        Sight("ayr", 3),
        Reinstate("bute"),
        Start(HUB),
        EraseByLaw(2),
        Kill(TWIN),
        Sight("bute", 3),
        Rotate("ayr"),
        Start(TWIN),
        Rotate(HUB),
        Sight("ayr", 1),
    ],
}


@pytest.fixture(params=["file", ON_POSTGRES], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """One alliance for all stories: it lives through one after the other."""
    store = "hub.db"
    if request.param == "postgres":
        server: Cluster = request.getfixturevalue("cluster")
        server.empty()
        store = server.url
    with Outside(tmp_path_factory.mktemp("world"), store) as raised:
        yield raised


def play(world: Outside, story: list[Move]) -> list[str]:
    """What is wrong after these moves."""
    for move in story:
        perform(world, move)
    return world.at_rest()


@pytest.mark.parametrize("name", STORIES)
def test_what_happens_to_real_processes_costs_nobody_anything(name: str, world: Outside):
    before = len(world.told)
    assert play(world, STORIES[name]) == []
    assert len(world.told) >= before + 6


def test_time_passes_for_real_processes_too(world: Outside):
    """An embargo ends, and what has reached its age is gone, whichever of the hub's processes looks."""
    before = len(world.told)
    held: list[Move] = [
        Start(TWIN),
        Report("ayr", (0,), ("all",), embargo_minutes=60),
        Report("bute", (1,), embargo_minutes=90),
        Sight("bute", 2),
        Skew("ayr", 200),
        Sight("ayr", 2),
        Leap(30),
    ]
    assert play(world, held) == []
    told = world.told[before:]
    assert [one.not_before > world.clocks.now(HUB) for one in told] == [True, True, False, False]
    assert play(world, [Erase("bute", 1), Kill(HUB), Leap(40)]) == []
    assert [one.not_before > world.clocks.now(HUB) for one in told] == [False, True, False, False]
    assert play(world, [Start(HUB), Leap(30), Warn("esk", 3), Age(29), Sight("ayr", 0), Age(2)]) == []
    assert [one.gone for one in world.told[before:]] == [True, True, True, True, False, False]


def test_real_machines_come_back_from_their_backups(tmp_path: Path):
    """On a file: PostgreSQL is restored with its own tools."""
    story: list[Move] = [
        Report("ayr", (0,)),
        JoinGroup("ayr"),
        Report("ayr", (1,), (RING,)),
        JoinGroup("bute", History.ALL),
        BackUp(HUB),
        BackUp("bute"),
        BackUp(PARTNER),
        Warn("esk", 2),
        Withdraw("esk"),
        Report("bute", (1,)),
        Erase("ayr", 1),
        Lose(PARTNER),
        Lose(HUB),
        Lose("bute"),
        Sight("bute", 0),
    ]
    with Outside(tmp_path) as world:
        assert play(world, story) == []


def test_every_move_is_done_outside_too_or_says_why_not():
    assert COMMANDS.keys() | BEYOND.keys() == set(get_args(moves.Any))
    assert not COMMANDS.keys() & BEYOND.keys()


def test_a_move_that_needs_a_simulated_machine_is_refused(tmp_path: Path):
    with pytest.raises(NotBuilt, match="a wire that somebody holds"):
        perform(Outside(tmp_path), Cut("ayr"))
