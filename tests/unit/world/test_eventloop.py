# SPDX-License-Identifier: Apache-2.0
"""The world's event loop: time moves when everybody waits, in one order for one seed, and never by itself."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.errors import StateError
from tocsin.world.eventloop import WorldLoop

START = Instant(1_795_249_800_000_000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def loop(clock: ManualClock) -> Iterator[WorldLoop]:
    made = WorldLoop(clock, random.Random(1))
    yield made
    made.close()


def test_a_simulated_day_takes_no_time(loop: WorldLoop, clock: ManualClock):
    began = time.process_time()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert clock.now() == START + 86_400 * SECOND
    assert time.process_time() - began < 1


def test_timers_come_in_their_order_and_those_of_one_moment_as_they_were_set(loop: WorldLoop):
    came: list[str] = []

    async def after(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        came.append(name)

    async def all_of_them() -> None:
        await asyncio.gather(after(2, "c"), after(1, "a"), after(1, "b"))

    loop.run_until_complete(all_of_them())
    assert came == ["a", "b", "c"]


def test_a_timeout_ends_what_takes_too_long(loop: WorldLoop, clock: ManualClock):
    async def patient() -> None:
        async with asyncio.timeout(3):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        loop.run_until_complete(patient())
    assert clock.now() == START + 3 * SECOND


def test_who_waits_for_ever_is_told(loop: WorldLoop):
    with pytest.raises(StateError, match="nothing will ever happen"):
        loop.run_until_complete(asyncio.Event().wait())


def test_work_for_a_thread_is_done_here_and_a_moment_later(loop: WorldLoop, clock: ManualClock):
    async def ask() -> list[int]:
        return [await loop.run_in_executor(None, pow, 2, number) for number in range(3)]

    assert loop.run_until_complete(ask()) == [1, 2, 4]
    assert START < clock.now() < START + SECOND


def test_an_error_in_such_work_is_the_callers(loop: WorldLoop):
    async def ask() -> object:
        return await loop.run_in_executor(None, int, "none")

    with pytest.raises(ValueError, match="none"):
        loop.run_until_complete(ask())


def test_one_seed_is_one_order_and_another_is_another():
    def order(seed: int) -> list[int]:
        loop, came = WorldLoop(ManualClock(START), random.Random(seed)), []

        async def all_of_them() -> None:
            await asyncio.gather(*(loop.run_in_executor(None, came.append, number) for number in range(8)))

        loop.run_until_complete(all_of_them())
        loop.close()
        return came

    assert order(1) == order(1)
    assert order(1) != order(2)


@pytest.mark.parametrize(
    "ask",
    [
        lambda loop: loop.create_connection(asyncio.Protocol, "127.0.0.1", 1),
        lambda loop: loop.subprocess_exec(asyncio.SubprocessProtocol, "true"),
    ],
)
def test_sockets_and_processes_do_not_exist_here(
    loop: WorldLoop, ask: Callable[[WorldLoop], Awaitable[object]]
):
    async def within() -> None:
        await ask(loop)

    with pytest.raises(RuntimeError):
        loop.run_until_complete(within())
