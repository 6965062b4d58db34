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


def deceived(moves: Iterable[Move], seed: int = 1) -> dict[str, str]:
    """To whom the hub has lied by the end, and how."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world", seed) as world:
        world.play(moves, perform)
        return dict(world.deceived)


def shortest(moves: list[Move], seed: int = 1) -> list[Move]:
    """The same failure in as few moves as leaving some out can bring."""
    failure, step = _failed(moves, seed), max(1, len(moves) // 2)
    while True:
        at, shorter = 0, False
        while at < len(moves):
            without = moves[:at] + moves[at + step :]
            if _failed(without, seed) == failure:
                moves, shorter = without, True
            else:
                at += step
        if step == 1 and not shorter:
            return moves
        step = max(1, step // 2)


def _failed(moves: list[Move], seed: int) -> str:
    """Which invariant is broken first."""
    names = {one.__name__ for one in ALWAYS + AT_REST}
    return next((name for one in wrongs(moves, seed) for name in names if f"{name}: " in one), "")


def told(moves: Iterable[Move]) -> str:
    """A list of moves as it stands in a file of reproductions."""
    return "[\n" + "".join(f"    {move!r},\n" for move in moves) + "]"
