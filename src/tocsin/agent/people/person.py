# SPDX-License-Identifier: Apache-2.0
"""A person of this party: the one value that the console hands to every verb, whose `name` is the verb's `by`.

Four eyes rest on names, so a name is unlike every other one of the same house, however it is spelled: look-alike
letters, accents, case, spaces and stops do not make another person (`likeness`, over `tocsin.domain.folding`). It has
letters of one script (Unicode TS 39 §5.1), and is no name that the journal gives to anything but people.
"""

import unicodedata
from enum import StrEnum

import msgspec

from tocsin.clock import Instant
from tocsin.domain.folding import plain, squeeze
from tocsin.errors import Malformed

MAX_NAME = 64
MAX_INSTITUTION = 120
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lo", "Mn", "Mc"})
_BESIDE_LETTERS = frozenset(" '’-.,0123456789")
_TOGETHER = (
    frozenset({"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK", "IDEOGRAPHIC"}),
    frozenset({"HANGUL", "CJK"}),
    frozenset({"BOPOMOFO", "CJK"}),
)
"""Scripts that one name may mix: Japanese, Korean, Chinese."""
_NOT_PEOPLE = frozenset({"agent", "operator", "person", "rule", "standing", "tocsin"})
"""First words of what else decides, in the journal: ``agent``, ``standing rule NAME``, ``person A and person B``."""


class Role(StrEnum):
    """What a person is here for; one person may have several."""

    ANALYST = "analyst"
    """Reads cases, drafts reports and warnings, hunts, acknowledges."""
    APPROVER = "approver"
    """The second pair of eyes; switches shields."""
    ADMIN = "admin"
    """Lets people in and shuts them out; settings. Reads no case."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing."""


class Seat(msgspec.Struct, frozen=True):
    """Somebody from another institution, for a time."""

    institution: str
    until: Instant
    """From then on nobody signs in by this account."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who is signed in."""

    id: str
    """``per_…``"""
    name: str
    """Unlike every other name of this house."""
    roles: frozenset[Role]
    institution: str = ""
    """Where a secondee comes from; empty: of this party."""


def check_name(text: str) -> str:
    """The name as it is kept: compatibility forms folded (NFKC), single spaces. Malformed says what is wrong."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 2 <= len(name) <= MAX_NAME:
        raise Malformed(f"A person's name has 2 to {MAX_NAME} letters.")
    letters = [one for one in name if one not in _BESIDE_LETTERS]
    if not letters or not all(unicodedata.category(one) in _LETTERS or one in "ー々" for one in letters):
        raise Malformed(
            "A person's name has letters, digits, spaces, hyphens, stops, commas and apostrophes only."
        )
    scripts = {
        unicodedata.name(one, "?").split()[0] for one in letters if unicodedata.category(one)[0] == "L"
    }
    if len(scripts) > 1 and not any(scripts <= several for several in _TOGETHER):
        raise Malformed("A person's name has letters of one script: these only look like one.")
    words = plain(name).split()
    if words[0] in _NOT_PEOPLE or "and" in words:
        raise Malformed("The journal gives that name to somebody else than a person.")
    if not likeness(name):
        raise Malformed("That is nobody's name.")
    return name


def likeness(name: str) -> str:
    """What two names have in common that a reader may take for each other."""
    return squeeze(name)


def check_roles(roles: frozenset[Role], seat: Seat | None, now: Instant) -> frozenset[Role]:
    """Return them; Malformed for none, for a secondee who administers, or for a seat without an end or a house."""
    if not roles:
        raise Malformed(f"A person has at least one role: {', '.join(Role)}.")
    if seat is not None:
        if Role.ADMIN in roles:
            raise Malformed("Somebody from another institution does not administer this one.")
        if seat.until <= now:
            raise Malformed("The seat would be over already.")
        if not 0 < len(seat.institution.strip()) <= MAX_INSTITUTION or not seat.institution.isprintable():
            raise Malformed(f"A secondee's institution has 1 to {MAX_INSTITUTION} printable letters.")
    return roles
