# SPDX-License-Identifier: Apache-2.0
"""The only place that asks what time it is.

An `Instant` is a whole number of microseconds since 1970-01-01 UTC. Nothing in Tocsin's correctness rests on
clocks being right: order comes from `seq`, and expiry is decided by the reader.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NewType, Protocol

from tocsin.errors import Malformed

Instant = NewType("Instant", int)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST = Instant(253_402_300_799_999_999)
"""The last instant that RFC 3339 can write, in the year 9999. Claimed times from outside are held against it."""


class Clock(Protocol):
    """What every process is given instead of the time."""

    def now(self) -> Instant:
        """The present instant."""


class SystemClock:
    """The machine's clock; only composition roots name it."""

    def now(self) -> Instant:
        """The present instant, from the operating system."""
        return Instant(time.time_ns() // 1000)


Meter = Callable[[], float]
"""Seconds of work since some beginning."""


def cpu_seconds() -> float:
    """Processor time of the thread that asks, in seconds: to bound work, and never to tell the time."""
    return time.thread_time()


class ManualClock:
    """A clock that moves only when it is told to; for tests and the world."""

    def __init__(self, start: Instant) -> None:
        self._now = start

    def now(self) -> Instant:
        """The instant it was last moved to."""
        return self._now

    def advance(self, microseconds: int) -> None:
        """Move forward; time never goes back."""
        assert microseconds >= 0
        self._now = Instant(self._now + microseconds)


def to_text(instant: Instant) -> str:
    """RFC 3339 in UTC with microseconds: ``2026-11-21T08:30:00.000000Z``."""
    return f"{_second(instant // SECOND)}.{instant % SECOND:06}Z"


def minute(instant: int) -> str:
    """A time to the minute, in UTC: ``2026-11-21 08:30``."""
    return to_text(Instant(instant))[:16].replace("T", " ")


@lru_cache(1024)
def _second(seconds: int) -> str:
    """A whole second, which many entries share: a protection file writes two times on each of its lines."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


@lru_cache(1024)  # all objects of a disclosure have one day
def from_text(text: str) -> Instant:
    """Read an RFC 3339 time with a zone; Malformed otherwise."""
    try:
        moment = datetime.fromisoformat(text)
        delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed(f"{text[:40]!r} is not a time such as 2026-11-21T08:30:00Z.")
    return Instant((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds)


def midnight(instant: Instant) -> Instant:
    """When its UTC day began: the finest time that stands beside what is sealed about an anonymous report."""
    return Instant(instant // DAY * DAY)


def day_of(instant: Instant) -> str:
    """The UTC day, ``2026-11-21``: the finest time that a disclosure carries."""
    return to_text(instant)[:10]
