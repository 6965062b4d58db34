# SPDX-License-Identifier: Apache-2.0
"""What a party answers to a warning, and how far others learn of it: bands for each role, never who.

The hub knows who answered what, and so who is behind. Members, the warning's author and the desk all learn the same:
for each role, a band of how many have it, acted on it, or are not affected.
"""

from enum import StrEnum

import msgspec

from tocsin.domain.level import Band, band_of

FEWEST = 3
"""Parties of one role that an audience must have before bands tell of them: among fewer, a band would be a name."""
COUNTED_TO = 20
"""Nobody is counted beyond the widest band."""


class Answer(StrEnum):
    """What a party says about one version of a warning; its latest answer is the one that counts."""

    RECEIVED = "received"
    """People or machines there have it."""
    ACTED = "acted"
    """Its measures are in effect there."""
    NOT_AFFECTED = "not-affected"
    """It was looked for, and does not concern this party."""


class Answers(msgspec.Struct, frozen=True):
    """How many parties of one role have answered, as bands."""

    received: Band = Band.NONE
    """Whoever gave any answer: to act, one has received."""
    acted: Band = Band.NONE
    not_affected: Band = Band.NONE


def says_more(before: Answer | None, answer: Answer) -> bool:
    """Whether an answer changes anything: *received* never takes back what was said after it."""
    return before is None or (answer is not before and answer is not Answer.RECEIVED)


def answers_of(counts: dict[Answer, int]) -> Answers:
    """The bands for how many parties gave each answer as their latest; counts above 20 need not be exact."""
    return Answers(
        received=band_of(sum(counts.values())),
        acted=band_of(counts.get(Answer.ACTED, 0)),
        not_affected=band_of(counts.get(Answer.NOT_AFFECTED, 0)),
    )
