# SPDX-License-Identifier: Apache-2.0
"""Playing a list of moves and holding the invariants against what becomes of it."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tocsin.world.acts import perform
from tocsin.world.inside import World
from tocsin.world.invariants import ALWAYS, AT_REST, broken
from tocsin.world.moves import Move


def wrongs(moves: Iterable[Move], seed: int = 1) -> list[str]:
    """What is wrong after these moves, at once or when all has come to rest; empty for a sound alliance."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world", seed) as world:
        for move in moves:
            world.do(move, perform)
            if found := broken(world, ALWAYS):
                return [f"after {move!r}: {sentence}" for sentence in found]
        world.settle()
        return broken(world, ALWAYS + AT_REST)


def told(moves: Iterable[Move]) -> str:
    """A list of moves as it stands in a file of reproductions."""
    return "[\n" + "".join(f"    {move!r},\n" for move in moves) + "]"
