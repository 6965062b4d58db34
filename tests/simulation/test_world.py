# SPDX-License-Identifier: Apache-2.0
"""An honest alliance in a troubled world: whatever happens to it, what must hold holds (`tocsin.world.invariants`)."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.simulation.arbitrary import stories
from tests.simulation.playing import shortest, told, wrongs

from tocsin.world.moves import Move

STORIES = int(os.environ.get("TOCSIN_STORIES", "60"))
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
