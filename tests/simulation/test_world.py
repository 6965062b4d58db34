# SPDX-License-Identifier: Apache-2.0
"""An honest alliance in a troubled world: whatever happens to it, what must hold holds (`tocsin.world.invariants`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.simulation.arbitrary import stories
from tests.simulation.playing import deceived, shortest, told, wrongs

from tocsin.world.moves import Deceit, Deceive, Misbehave, Mischief, Move, Replay, Report, Wait, Warn

STORIES = int(os.environ.get("TOCSIN_STORIES", "30"))
SEED = int(os.environ.get("TOCSIN_SEED", "20261121"))


@seed(SEED)
@settings(
    max_examples=STORIES,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # ours is shorter, and faster: any list of moves is a story
    suppress_health_check=list(HealthCheck),
)
@given(stories())
def test_whatever_happens_an_honest_alliance_stays_sound(moves: list[Move]):
    if found := wrongs(moves):
        short = shortest(moves)
        raise AssertionError(f"{found[0]}\nFor reproductions.py:\n{told(short)}\n{wrongs(short)}")


@pytest.mark.parametrize("how", Deceit)
def test_a_hub_that_lies_to_one_reader_is_accused_by_it_and_by_nobody_else(how: Deceit):
    before: list[Move] = [Report("ayr", (0,)), Wait(2.0)]
    after: list[Move] = [Report("cowal", (1,)), Wait(3.0), Report("ayr", (2,)), Wait(3.0)]
    with_lie = [*before, Deceive("bute", how), *after]
    assert wrongs(with_lie) == []
    assert deceived(with_lie) == {"bute": how}


def test_no_trick_of_a_member_is_taken():
    said: list[Move] = [Report(who, (0,)) for who in ("ayr", "bute")] + [Warn("esk", 1), Wait(2.0)]
    tricks: list[Move] = [Misbehave(who, how) for who in ("ayr", "bute") for how in Mischief]
    again: list[Move] = [Replay(who, nth) for who in ("ayr", "esk") for nth in range(8)]
    assert wrongs([*said, *tricks, *again]) == []


PROBE = """
import sys, tempfile, hashlib
from pathlib import Path
from tests.simulation.reproductions import LONG
from tocsin.world.acts import perform
from tocsin.world.inside import World
with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world", 7) as world:
    world.play(LONG, perform)
    world.settle()
    machines = (world.hub, *world.agents.values())
    rows = [one.disk.look("SELECT name, size, frontier FROM stream") for one in machines]
    print(hashlib.sha256(repr([rows, world.clock.now(), world.refused]).encode()).hexdigest())
"""


def test_the_same_moves_and_the_same_seed_are_the_same_world():
    """In another process, under another order of Python's sets, to the last byte and the last microsecond."""
    root = Path(__file__).parents[2]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROBE],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(outputs) == 1
