# SPDX-License-Identifier: Apache-2.0
"""What the objects of one bundle say of each other, when the bundle is too long to be read at once.

A piece of it is read as if the rest stood around it: every marking is obeyed wherever it is defined, the strictest one
counts for the whole file, and what an object of one piece accuses is accused in another. A piece that is surveyed
tells its share; all shares together are given with each piece that is read. The agent only passes them on.
"""

from collections.abc import Iterable

import msgspec

from tocsin.errors import TooLarge

MAX_MARKINGS = 10_000
"""Markings that one file defines and applies; real ones have some ten."""
TOO_MANY = "more markings than are kept"
"""Stands for those beyond the bound: as no definition has such an identifier, what carries them is held."""
MAX_ACCUSED = 400_000
"""Objects of one file that others accuse."""
MAX_REF = 300
"""Characters of an identifier; those of STIX have at most 286."""


class Definition(msgspec.Struct, frozen=True):
    """A marking-definition: the label that it gives, if it is one, and by what it is marked itself."""

    id: str
    tlp: str = ""
    marked_by: tuple[str, ...] = ()


class Around(msgspec.Struct, frozen=True):
    """What one piece tells of itself, or what all tell together."""

    first: int = 0
    """The place in the whole file of the first object of the piece that is read."""
    definitions: tuple[Definition, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    """Each marking that is applied, and the first place that applies it."""
    accused: tuple[str, ...] = ()
    """Observed data and observables that another object calls part of an attack."""
    files: tuple[tuple[str, str], ...] = ()
    """Observed data, and a file that was observed."""


def together(pieces: Iterable[Around]) -> Around:
    """What all pieces say, in their order. Whoever marks without end has the whole file held: nothing is disobeyed.

    TooLarge when more is accused than is kept.
    """
    definitions: dict[str, Definition] = {}
    marks: dict[str, str] = {}
    accused: dict[str, None] = {}
    files: dict[tuple[str, str], None] = {}
    for piece in pieces:
        for definition in piece.definitions[: MAX_MARKINGS - len(definitions)]:
            definitions.setdefault(definition.id, definition)
        for marking_id, where in piece.marks:
            marks.setdefault(marking_id if len(marks) < MAX_MARKINGS else TOO_MANY, where)
        accused.update(dict.fromkeys(piece.accused))
        files.update(dict.fromkeys(piece.files))
        if max(len(accused), len(files)) > MAX_ACCUSED:
            raise TooLarge(f"More than {MAX_ACCUSED:,} of its objects are accused by others: split it.")
    accused.update({file: None for observed, file in files if observed in accused})
    return Around(definitions=tuple(definitions.values()), marks=tuple(marks.items()), accused=tuple(accused))
