# SPDX-License-Identifier: Apache-2.0
"""What adversaries do."""

from tocsin.world import moves
from tocsin.world.inside import World


def replay(world: World, move: moves.Replay) -> None:
    """Later."""


def misbehave(world: World, move: moves.Misbehave) -> None:
    """Later."""


def deceive(world: World, move: moves.Deceive) -> None:
    """Later."""
