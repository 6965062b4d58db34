# SPDX-License-Identifier: Apache-2.0
"""What to look for and what to do, authored by the alliance or an agency; never who was hurt.

An agency signs the bytes of its warning itself: a malicious hub could invent a bank's disclosure, never a warning.
"""

from enum import StrEnum

import msgspec

from tocsin.clock import DAY, Instant
from tocsin.domain.observable import Observable
from tocsin.errors import Malformed

MAX_LIFE_DAYS = 90
MAX_TEXT = 4_000


class Urgency(StrEnum):
    """How fast a human should look."""

    ROUTINE = "routine"
    ELEVATED = "elevated"
    URGENT = "urgent"


class Warning(msgspec.Struct, frozen=True):
    """One warning, as its author signed it."""

    id: str
    """``wrn_…``"""
    author: str
    """``prt_…`` of the agency or the desk."""
    title: str
    look_for: tuple[Observable, ...]
    measures: str
    """Plain text: what to do."""
    urgency: Urgency
    issued: Instant
    expires: Instant

    def active(self, now: Instant) -> bool:
        """Whether it still counts; expiry is decided by the reader at the time of reading."""
        return self.issued <= now < self.expires


def check_warning(warning: Warning) -> Warning:
    """Return it if it is complete and bounded; Malformed names what is wrong."""
    if not warning.title.strip() or len(warning.title) > 200:
        raise Malformed("A warning needs a title of at most 200 characters.")
    if len(warning.measures) > MAX_TEXT:
        raise Malformed(f"The measures of a warning are at most {MAX_TEXT} characters.")
    if not 0 < warning.expires - warning.issued <= MAX_LIFE_DAYS * DAY:
        raise Malformed(f"A warning expires after it is issued and within {MAX_LIFE_DAYS} days.")
    return warning
