# SPDX-License-Identifier: Apache-2.0
"""A call: something that a person must look at, what wakes whom, and when it is told again.

Nobody is told what happened. A call has a number, a cause and an urgency; whoever hears of it opens the console.

1. What is **urgent** is told by the bank's own schedule, day and night, until somebody acknowledges it.
2. Anything else is told by `UNHURRIED`, and never in quiet hours.
3. A step that was missed, because the agent was off say, is not made up for: of several that are due only the last is.
4. After the last step nobody is told again; the call stays open.
"""

import itertools
import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.warning import Urgency
from tocsin.errors import ConfigError

MAX_STEPS = 20
MAX_MINUTES = 7 * 24 * 60
_STEP = re.compile(r"([0-9]{1,5}) (on-call|next|everybody)")


class Cause(StrEnum):
    """Why somebody must look."""

    WARNING = "warning"
    """An agency or the desk warns."""
    HIT = "hit"
    """Something that others warned of was found in this party's own past."""
    ALARM = "alarm"
    """The history does not add up."""
    PROBLEM = "problem"
    """Something keeps the agent from its work."""
    APPROVAL = "approval"
    """A draft waits for a person's yes or no."""


class Reach(StrEnum):
    """Who is told at a step."""

    ON_CALL = "on-call"
    NEXT = "next"
    """One person further down the order, with each such step."""
    EVERYBODY = "everybody"


class Step(msgspec.Struct, frozen=True):
    """One line of a schedule."""

    after: int
    """Microseconds after the call was opened."""
    reach: Reach


UNHURRIED = (
    Step(15 * MINUTE, Reach.ON_CALL),
    Step(DAY, Reach.ON_CALL),
    Step(3 * DAY, Reach.EVERYBODY),
)
"""For what is not urgent. Not at once: a short outage is over by then, and a draft may be decided on."""


class Call(msgspec.Struct, frozen=True):
    """One thing that a person must look at."""

    number: int
    cause: Cause
    subject: str
    """What it is about, for this agent alone; never told."""
    urgency: Urgency
    opened: Instant
    told: int
    """Steps of its schedule that are done."""
    at: Instant
    """When people were last told; 0: never."""
    closed: Instant
    """When somebody acknowledged it or it was over by itself; 0: it is open."""

    @property
    def ref(self) -> str:
        """How it is called where everybody may hear it."""
        return f"W-{self.number}"

    @property
    def is_urgent(self) -> bool:
        """Whether it is told day and night."""
        return self.urgency is Urgency.URGENT


def parse_schedule(lines: Sequence[str]) -> tuple[Step, ...]:
    """The steps of a schedule as it is written, such as ``15 next``; ConfigError names the line that is wrong."""
    if not lines or len(lines) > MAX_STEPS:
        raise ConfigError(f"`wake.schedule` has 1 to {MAX_STEPS} lines.")
    steps = tuple(map(_step, lines))
    if any(later.after <= earlier.after for earlier, later in itertools.pairwise(steps)):
        raise ConfigError("The minutes in `wake.schedule` grow from line to line.")
    return steps


def due(steps: Sequence[Step], call: Call, now: Instant) -> int:
    """How many steps of its schedule have come; more than `call.told`: the last of them is due."""
    return sum(call.opened + step.after <= now for step in steps)


def reached(steps: Sequence[Step], at: int, on_call: Sequence[str]) -> Sequence[str]:
    """Who is told at a step: the first on call, one further for each ``next`` up to it, or everybody."""
    if steps[at].reach is Reach.EVERYBODY:
        return on_call
    further = sum(step.reach is Reach.NEXT for step in steps[: at + 1])
    place = further if steps[at].reach is Reach.NEXT else 0
    return on_call[min(place, len(on_call) - 1) :][:1]


def _step(line: str) -> Step:
    found = _STEP.fullmatch(line)
    if found is None or int(found[1]) > MAX_MINUTES:
        raise ConfigError(
            f"`wake.schedule`: {line[:40]!r} is not minutes (at most {MAX_MINUTES:,}) and on-call, next or everybody."
        )
    return Step(int(found[1]) * MINUTE, Reach(found[2]))
