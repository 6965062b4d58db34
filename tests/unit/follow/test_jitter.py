# SPDX-License-Identifier: Apache-2.0
"""Five thousand agents come back to a hub that was away: spread by full jitter, never in one moment.

The real `Follower` says how long each agent waits; time is a heap. What the hub can bear: a reconnect costs it a
signature check (106 µs) and a place in a wave, so 400 in a second are 4 % of a core.
"""

import heapq
import random
from collections import Counter

import pytest

from tocsin.clock import Instant, ManualClock
from tocsin.follow.follower import Follower

AGENTS = 5_000
BEARABLE = 400
"""Reconnects in a second."""


def come_back(away_seconds: float, seed: int) -> list[float]:
    """Seconds after the hub's return at which each agent reaches it; it went away for all in one moment, at 0."""
    chance = random.Random(seed)
    arrivals: list[float] = []
    followers = [
        Follower(None, None, ManualClock(Instant(0)), chance.randbytes, None)  # type: ignore[arg-type]
        for _ in range(AGENTS)
    ]
    waiting = [(after_failure(one), number) for number, one in enumerate(followers)]
    heapq.heapify(waiting)
    while waiting:
        at, number = heapq.heappop(waiting)
        if at >= away_seconds:
            arrivals.append(at - away_seconds)
        else:
            heapq.heappush(waiting, (at + after_failure(followers[number]), number))
    return arrivals


def after_failure(one: Follower) -> float:
    """How long it waits after one failure more, in the words of `Follower.run`."""
    one._failures += 1
    return one._wait()


@pytest.mark.parametrize("away", [60.0, 3_600.0])
def test_after_an_outage_five_thousand_come_back_within_half_a_minute_and_spread(away: float) -> None:
    arrivals = come_back(away, seed=20261121)
    assert len(arrivals) == AGENTS
    assert max(arrivals) <= 30, "nobody is later than the longest wait"
    busiest = max(Counter(int(at) for at in arrivals).values())
    assert busiest <= BEARABLE
    assert busiest >= AGENTS / 30, "and it is a spread, not a queue"


def test_a_short_restart_is_spread_over_seconds() -> None:
    """Away for two seconds: waits are short still, and what comes in the first second is what must be borne."""
    arrivals = come_back(2.0, seed=7)
    per_second = Counter(int(at) for at in arrivals)
    assert max(per_second.values()) <= AGENTS / 2
    assert max(arrivals) <= 30
