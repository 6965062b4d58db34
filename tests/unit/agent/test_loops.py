# SPDX-License-Identifier: Apache-2.0
"""A loop of the agent's that meets what nobody foresaw begins again, later each time, and people hear of it once."""

import pytest

from tocsin.agent.loops import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, keep_going
from tocsin.errors import StorageError, TocsinError


class _Enough(BaseException):
    """The test has seen what it wanted."""


async def waits_of(work, alarm, rounds: int) -> list[float]:
    """How long the loop waited before each new beginning."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == rounds:
            raise _Enough

    with pytest.raises(_Enough):
        await keep_going("a test", work, alarm, sleep)
    return waited


async def test_it_begins_again_later_each_time_and_people_hear_once():
    heard: list[TocsinError] = []

    async def work() -> None:
        raise ValueError("year 128724 is out of range")

    waited = await waits_of(work, heard.append, 12)
    assert waited[:3] == [FIRST_WAIT_SECONDS, 2 * FIRST_WAIT_SECONDS, 4 * FIRST_WAIT_SECONDS]
    assert max(waited) == waited[-1] == LONGEST_WAIT_SECONDS
    (alarm,) = heard
    assert "a test: ValueError" in str(alarm)
    assert "128724" not in str(alarm), "what was read stays in the log"


async def test_another_kind_of_error_is_heard_of_too():
    errors = iter([ValueError(), KeyError(), KeyError(), ValueError()])
    heard: list[TocsinError] = []

    async def work() -> None:
        raise next(errors)

    await waits_of(work, heard.append, 4)
    assert [str(one).partition("a test: ")[2][:8] for one in heard] == ["ValueErr", "KeyError", "ValueErr"]


async def test_a_disk_that_is_full_for_the_alarm_too_ends_nothing():
    def alarm(error: TocsinError) -> None:
        raise StorageError("disk full")

    async def work() -> None:
        raise StorageError("disk full")

    assert len(await waits_of(work, alarm, 3)) == 3
