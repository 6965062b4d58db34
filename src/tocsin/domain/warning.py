# SPDX-License-Identifier: Apache-2.0
"""What to look for and what to do, authored by the alliance or an agency; never who was hurt.

An agency signs the bytes of its warning itself: a malicious hub could invent a bank's disclosure, never a warning.
A warning is a chain of versions under one identifier, each signed whole; which of them counts, and how a version
comes to be, is `tocsin.domain.warning_life`.
"""

import unicodedata
from enum import StrEnum

import msgspec

from tocsin.clock import DAY, LAST, Instant
from tocsin.domain.grading import parse_grading
from tocsin.domain.observable import Observable, check_normal
from tocsin.errors import Malformed
from tocsin.ids import check_id

MAX_LIFE_DAYS = 90
MAX_TEXT = 4_000
MAX_REASON = 500
MAX_VALUES = 1_000
MAX_VERSIONS = 1_000
"""Of one warning: more than ten a day until it expires."""
MAX_OFFICERS = 9

_REORDERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Bidirectional controls: they make a terminal show other words than the ones that are there (CVE-2021-42574)."""


class Urgency(StrEnum):
    """How fast a human should look."""

    ROUTINE = "routine"
    ELEVATED = "elevated"
    URGENT = "urgent"


class Warning(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a warning, as its author signed it. What has a default is left out where it says no more."""

    id: str
    """``wrn_…``: the same in every version."""
    author: str
    """``prt_…`` of the agency or the desk."""
    title: str
    look_for: tuple[Observable, ...]
    measures: str
    """Plain text: what to do."""
    urgency: Urgency
    issued: Instant
    """When this version was."""
    expires: Instant
    grading: str = ""
    """As its author graded it, such as ``admiralty:B2``; empty says nothing, and nobody guesses."""
    version: int = 1
    """From 1; only a later version of the same author replaces an earlier one."""
    officers: int = 1
    """How many officers of the author's stood behind it. Their names stay at home."""
    withdrawn: str = ""
    """Why it counts no more, in plain text; empty while it stands. A withdrawal names no values."""

    def active(self, now: Instant) -> bool:
        """Whether it still counts; expiry is decided by the reader at the time of reading."""
        return not self.withdrawn and self.issued <= now < self.expires


def check_warning(warning: Warning) -> Warning:
    """Return it if it is complete, bounded and safe to show; Malformed names what is wrong."""
    check_id(warning.id, "wrn")
    check_id(warning.author, "prt")
    if not warning.title.strip() or len(warning.title) > 200:
        raise Malformed("A warning needs a title of at most 200 characters.")
    if len(warning.measures) > MAX_TEXT:
        raise Malformed(f"The measures of a warning are at most {MAX_TEXT} characters.")
    if not (_is_plain(warning.title) and _is_plain(warning.measures.replace("\n", " "))):
        raise Malformed("The text of a warning holds characters that control a terminal.")
    if len(warning.look_for) > MAX_VALUES:
        raise Malformed(f"A warning names at most {MAX_VALUES:,} values.")
    for observable in warning.look_for:
        check_normal(observable)
    if not 0 < warning.expires - warning.issued <= MAX_LIFE_DAYS * DAY:
        raise Malformed(f"A warning expires after it is issued and within {MAX_LIFE_DAYS} days.")
    if not 0 <= warning.issued < warning.expires <= LAST:
        raise Malformed("A warning is issued between the years 1970 and 9999.")
    if warning.grading:
        parse_grading(warning.grading)
    _check_version(warning)
    return warning


def _check_version(warning: Warning) -> None:
    if not 1 <= warning.version <= MAX_VERSIONS:
        raise Malformed(f"The version of a warning is 1 to {MAX_VERSIONS:,}.")
    if not 1 <= warning.officers <= MAX_OFFICERS:
        raise Malformed(f"Behind a warning stand 1 to {MAX_OFFICERS} officers.")
    if len(warning.withdrawn) > MAX_REASON or not _is_plain(warning.withdrawn):
        raise Malformed(f"Why a warning is withdrawn is plain text of at most {MAX_REASON} characters.")
    if warning.withdrawn and (warning.version == 1 or warning.look_for or warning.measures):
        raise Malformed("A withdrawal is a later version of a warning, and names no values and no measures.")


def _is_plain(text: str) -> bool:
    """Whether a terminal shows it as it is: no control characters, no reordering; letters of any script."""
    return not any(
        character in _REORDERS or unicodedata.category(character) in ("Cc", "Cs") for character in text
    )
