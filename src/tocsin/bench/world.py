# SPDX-License-Identifier: Apache-2.0
"""How many entries a second of processor time the simulated alliance verifies and keeps, all agents together.

Eleven banks report at once, again and again, each value twice; twelve agents follow. Everything is the product's own,
from the approval of a report to the readers' protection files, with its databases in memory: intake, streams, the
partner's witnessing, fan-out, verification, replicas, levels. Beside it stands the cheapest that a verified delivery
could be: one leaf, hashed into a tree.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tocsin.bench.result import Beside, Row
from tocsin.domain.party import Role
from tocsin.proof.leaf import LeafParts, leaf_of
from tocsin.proof.merkle import EMPTY
from tocsin.world.acts import perform
from tocsin.world.bystander import PARTIES, Party
from tocsin.world.inside import World
from tocsin.world.moves import Report

_ROUNDS = 10
_ROUND_SECONDS = 2.0
_VALUES = 12
_SEATS = 4
"""Three banks and an agency."""
_MORE = 8
_TARGET = 2_000.0
_LEAVES = 20_000


def run(seed: int) -> Iterator[Row]:
    """One row: deliveries per second of processor time."""
    parties = (*PARTIES[:_SEATS], *(Party(f"bank{number}", Role.BANK) for number in range(_MORE)))
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world", seed, parties) as world:
        before, began = _kept(world), time.process_time()
        for number in range(_ROUNDS):
            for place, bank in enumerate(one.short for one in parties if one.role is Role.BANK):
                first = (number * len(parties) + place // 2) * _VALUES  # two banks see the same
                perform(world, Report(bank, tuple(range(first, first + _VALUES)), ("all",)))
            world.flow(_ROUND_SECONDS)
        world.settle()
        rate = (_kept(world) - before) / (time.process_time() - began)
    beside = Beside("one leaf and its tree", _leaves())
    yield Row(
        "verified deliveries, in one process", rate, "entries per CPU second", "higher", _TARGET, beside
    ).judged()


def _kept(world: World) -> int:
    """Entries that all agents hold together."""
    return sum(agent.disk.look("SELECT count(*) FROM entry")[0][0] for agent in world.agents.values())


def _leaves() -> float:
    parts = LeafParts("hub_bench", "live", "members", bytes(32), bytes(32), bytes(32))
    began, tree = time.process_time(), EMPTY
    for _ in range(_LEAVES):
        tree = tree.append(leaf_of(parts))
    return _LEAVES / (time.process_time() - began)
