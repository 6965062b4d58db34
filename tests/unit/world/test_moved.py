# SPDX-License-Identifier: Apache-2.0
"""Clocks that are moved from outside of the processes that look at them."""

from pathlib import Path

import pytest

from tocsin.clock import DAY, HOUR, SECOND, SystemClock
from tocsin.world.moved import Clocks, follow


@pytest.fixture
def clocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clocks:
    monkeypatch.setattr(SystemClock, "now", SystemClock.now)  # put back at the end
    return Clocks(tmp_path)


def test_a_process_that_runs_sees_at_once_that_time_has_passed(clocks: Clocks) -> None:
    start = SystemClock().now()
    follow(clocks.file("hub"))
    assert 0 <= SystemClock().now() - start < HOUR
    clocks.advance(31 * DAY)
    assert 31 * DAY <= SystemClock().now() - start < 31 * DAY + HOUR


def test_one_machine_s_clock_is_wrong_and_time_passes_for_all(clocks: Clocks) -> None:
    clocks.skew("ayr", -200 * SECOND)
    clocks.advance(DAY)
    assert 199 * SECOND < clocks.now("hub") - clocks.now("ayr") < 201 * SECOND
    start = SystemClock().now()
    follow(clocks.file("ayr"))
    assert DAY - 200 * SECOND <= SystemClock().now() - start < DAY - 100 * SECOND


def test_a_machine_that_comes_later_is_as_late_as_the_others(clocks: Clocks) -> None:
    clocks.advance(DAY)
    start = SystemClock().now()
    follow(clocks.file("edge"))
    assert SystemClock().now() - start >= DAY
