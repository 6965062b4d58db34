# SPDX-License-Identifier: Apache-2.0
"""How far intelligence is to be believed, as its author graded it: Admiralty or UK 3×5×2.

A grading is shown as it was given. The two systems are never converted into each other: their steps do not measure
the same. Nothing is ever guessed: what has no grading shows none, and an unknown one is Malformed.

=================  =========================================================================================
``admiralty:B2``   NATO's code (AJP-2.1): source A-F, information 1-6
``3x5x2:1AP``      UK police (College of Policing, APP intelligence report): source, information, handling
=================  =========================================================================================

>>> str(parse_grading("admiralty:B2")), parse_grading("3x5x2:2BC").words()
('admiralty:B2', 'untested; known indirectly to the source but corroborated; sharing permitted with conditions')
"""

from enum import StrEnum

import msgspec

from tocsin.errors import Malformed


class System(StrEnum):
    """Who grades this way."""

    ADMIRALTY = "admiralty"
    UK_352 = "3x5x2"


_STEPS: dict[System, tuple[dict[str, str], ...]] = {
    System.ADMIRALTY: (
        {
            "A": "completely reliable",
            "B": "usually reliable",
            "C": "fairly reliable",
            "D": "not usually reliable",
            "E": "unreliable",
            "F": "reliability cannot be judged",
        },
        {
            "1": "confirmed by other sources",
            "2": "probably true",
            "3": "possibly true",
            "4": "doubtful",
            "5": "improbable",
            "6": "truth cannot be judged",
        },
    ),
    System.UK_352: (
        {"1": "reliable", "2": "untested", "3": "not reliable"},
        {
            "A": "known directly to the source",
            "B": "known indirectly to the source but corroborated",
            "C": "known indirectly to the source",
            "D": "not known",
            "E": "suspected to be false",
        },
        {"P": "sharing permitted", "C": "sharing permitted with conditions"},
    ),
}
"""What each place of a grade may hold, in order, and the author's word for it."""


class Grading(msgspec.Struct, frozen=True):
    """One grade in one system. There is no order between gradings, not even within a system."""

    system: System
    grade: str
    """One character for each place: ``B2``, ``1AP``."""

    def __post_init__(self) -> None:
        places = _STEPS[self.system]
        if len(self.grade) != len(places) or not all(map(dict.__contains__, places, self.grade)):
            shape = " ".join("".join(place) for place in places)
            raise Malformed(f"{self.grade[:20]!r} is no {self.system} grade: one of each of {shape}.")

    def __str__(self) -> str:
        return f"{self.system}:{self.grade}"

    def words(self) -> str:
        """The grade in its system's own words."""
        return "; ".join(place[step] for place, step in zip(_STEPS[self.system], self.grade, strict=True))


def parse_grading(text: str) -> Grading:
    """Read the canonical text; Malformed for another system, another grade or another spelling."""
    name, _, grade = text.partition(":")
    if name not in list(System):
        raise Malformed(f"{text[:40]!r} is not a grading such as admiralty:B2 or 3x5x2:1AP.")
    return Grading(System(name), grade)
