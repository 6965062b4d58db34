# SPDX-License-Identifier: Apache-2.0
"""What a bank can show for itself about one warning: warned at T1, read at T2, a measure or an accepted risk at T3.

It is a case of its own (`record.py`), kept like any other: chained, sealed, anchored in the journal, held and let go by
the same rules. Here is only what its lines tell together.

1. T1 is the hub's time of the first version that came, under a signed head; nobody here chose it.
2. T2 and T3 are this party's own word, in the order in which it was written. What the hub knows of them besides is what
   this party answered: see `tocsin.agent.verbs.prove`.
3. A version that nobody has read is unread, whatever was done about the one before.
4. An accepted risk ends. Then it is lapsed, and says so until somebody decides again.
"""

from enum import StrEnum

import msgspec

from tocsin.agent.cases.facts import RiskAccepted, Took, Warned, WasRead
from tocsin.agent.cases.record import Case
from tocsin.clock import Instant


class Defended(StrEnum):
    """Where a bank stands with one warning, the worst first."""

    UNREAD = "unread"
    READ = "read"
    """And nothing decided."""
    LAPSED = "lapsed"
    """A risk was accepted until a time that is over."""
    ACCEPTED = "accepted"
    MEASURED = "measured"


class Reading(msgspec.Struct, frozen=True):
    """Who read which version, and when."""

    at: Instant
    by: str
    version: int


class Measure(msgspec.Struct, frozen=True):
    """A measure with its line."""

    line: int
    at: Instant
    by: str
    what: Took


class Acceptance(msgspec.Struct, frozen=True):
    """An accepted risk with its line."""

    line: int
    at: Instant
    by: str
    what: RiskAccepted


class Defence(msgspec.Struct, frozen=True):
    """What the lines of one such case tell; those that were struck tell nothing."""

    case: str
    warned: tuple[Warned, ...]
    """Each version once, as it came to be read."""
    readings: tuple[Reading, ...]
    measures: tuple[Measure, ...]
    acceptances: tuple[Acceptance, ...]

    def read(self, version: int) -> bool:
        """Whether anybody has read that version."""
        return any(one.version == version for one in self.readings)


def defence_of(found: Case) -> Defence:
    """The defence that a case tells; empty for a case about something else."""
    counted = [(number, line) for number, line in enumerate(found.lines) if number not in found.struck]
    return Defence(
        case=found.id,
        warned=tuple(line.fact for _, line in counted if isinstance(line.fact, Warned)),
        readings=tuple(
            Reading(line.at, line.by, line.fact.version)
            for _, line in counted
            if isinstance(line.fact, WasRead)
        ),
        measures=tuple(
            Measure(number, line.at, line.by, line.fact)
            for number, line in counted
            if isinstance(line.fact, Took)
        ),
        acceptances=tuple(
            Acceptance(number, line.at, line.by, line.fact)
            for number, line in counted
            if isinstance(line.fact, RiskAccepted)
        ),
    )


def state(found: Defence | None, version: int, now: Instant) -> Defended:
    """Where it stands with the version that counts; None: nobody has written anything yet."""
    if found is None or not found.read(version):
        return Defended.UNREAD
    if found.measures:
        return Defended.MEASURED
    if any(one.what.until > now for one in found.acceptances):
        return Defended.ACCEPTED
    return Defended.LAPSED if found.acceptances else Defended.READ
