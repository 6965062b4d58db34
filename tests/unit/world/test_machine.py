# SPDX-License-Identifier: Apache-2.0
"""Simulated machines: what was committed outlives a process, what was not is gone, and the dead do nothing."""

import asyncio
import random

import pytest

from tocsin.clock import Instant, ManualClock
from tocsin.storage.store import Transaction
from tocsin.world.eventloop import WorldLoop
from tocsin.world.machine import Crash, Disk, Moment, Process, Step, adopting


def keep(tx: Transaction) -> None:
    tx.run("set_meta", {"key": "k", "value": b"v"})


def kept(disk: Disk) -> bool:
    return disk.look("SELECT value FROM meta WHERE key = 'k'") == [(b"v",)]


def test_what_was_committed_is_there_for_the_next_process():
    disk = Disk("hub")
    store = disk.open(Process("first"))
    store.run("keep", keep)
    store.close()
    assert kept(disk)
    with disk.open(Process("second")).reading("look") as tx:
        assert tx is not None


@pytest.mark.parametrize(
    ("moment", "durable"), [(Moment.BEFORE, False), (Moment.WITHIN, False), (Moment.AFTER, True)]
)
def test_a_process_dies_at_a_named_step(moment: Moment, durable: bool):
    disk, process = Disk("hub"), Process("hub")
    store = disk.open(process)
    disk.deadly = Step("keep", moment)
    with pytest.raises(Crash):
        store.run("keep", keep)
    assert not process.alive
    assert kept(disk) is durable


def test_the_dead_write_nothing_more():
    disk, process = Disk("hub"), Process("hub")
    store = disk.open(process)
    process.die()
    with pytest.raises(Crash):
        store.run("keep", keep)
    assert not kept(disk)
    disk.open(Process("next")).run("keep", keep)
    assert kept(disk)


def test_an_image_is_put_in_place_as_it_was():
    disk = Disk("hub")
    disk.open(Process("first")).run("keep", keep)
    image = disk.image()
    disk.change("DELETE FROM meta")
    assert kept(Disk("hub", image))
    assert not kept(disk)


def test_all_tasks_of_a_process_die_with_it_and_nobody_elses():
    loop = WorldLoop(ManualClock(Instant(0)), random.Random(1))  # type: ignore[abstract]
    loop.set_task_factory(adopting)
    process, other, done = Process("one", loop), Process("other", loop), []

    async def work(name: str) -> None:
        asyncio.get_running_loop().create_task(late(f"{name}'s child"))
        await late(name)

    async def late(name: str) -> None:
        await asyncio.sleep(1)
        done.append(name)

    process.run(work("one"))
    other.run(work("other"))
    loop.run_until_complete(asyncio.sleep(0.5))
    process.die()
    loop.run_until_complete(process.gone())
    loop.run_until_complete(asyncio.sleep(1))
    assert sorted(done) == ["other", "other's child"]
    loop.close()
