# SPDX-License-Identifier: Apache-2.0
"""What may stand in a case's log: a line is who wrote it, when, and one of these facts. Their order: `record.py`."""

from enum import StrEnum
from typing import Annotated

import msgspec

from tocsin.agent.cases.impact import Measured, Name, Names
from tocsin.clock import Instant
from tocsin.domain.mail_features import MailFeatures

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]
Control = Annotated[str, msgspec.Meta(max_length=40)]
"""Of a catalogue of controls, such as ``PR.AA-03.03``; empty when none is named."""
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Kind(StrEnum):
    """Decisions that rules rest on: the events that start regulators' clocks, and one for all others."""

    AWARE = "aware"
    CLASSIFIED_MAJOR = "classified_major"
    THRESHOLD_MET = "threshold_met"
    DETERMINED = "determined"
    MATERIAL = "material"
    RANSOM_PAID = "ransom_paid"
    RESOLVED = "resolved"
    OTHER = "other"


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The first line of every case, and of no other place."""

    title: Name


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """Something that happened, or that somebody wants kept."""

    text: Text
    happened: Instant


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """A decision of the line's person."""

    kind: Kind
    happened: Instant
    """Since when it holds: what a clock counts from, and may be earlier than the line."""
    why: Text


class Concerned(msgspec.Struct, frozen=True, tag="concerned"):
    """Whom and what it touches; a later one adds to it."""

    impersonated: Names = ()
    """Institutions whose name is abused: never in a disclosure."""
    platforms: Names = ()
    """Services that several parties stand on."""


class Attached(msgspec.Struct, frozen=True, tag="attached"):
    """A file came into custody; its bytes lie beside the log."""

    name: Name
    digest: Digest
    """SHA-256."""
    size: int
    features: MailFeatures | None = None
    """What joins the mail to others of its campaign; None: it was read as no mail, or never."""


class TakenOut(msgspec.Struct, frozen=True, tag="taken-out"):
    """A copy of a file left custody."""

    digest: Digest


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """Something was told to the alliance because of this case. Identifiers and a text: the rest is in the outbox."""

    what: Name
    """``report``, ``sighting`` or ``warning``."""
    fact: Name
    """The identifier under which it can be taken back."""
    message: Name
    """The message in the outbox."""
    evidence: str = ""
    """SHA-256 of the file that it rests on."""
    text: str = ""
    """What was told in words, as it left; empty: nothing."""


class Warned(msgspec.Struct, frozen=True, tag="warned"):
    """A version of a warning is here, proved: the line that a proof of defence begins with (`defence.py`)."""

    author: Name
    """``prt_…``"""
    warning: Name
    version: int
    stream: Name
    seq: int
    """Its entry."""
    added: Instant
    """When the hub added it, which its head proves."""


class WasRead(msgspec.Struct, frozen=True, tag="was-read"):
    """The line's person has read that version of the warning."""

    version: int


class Took(msgspec.Struct, frozen=True, tag="took"):
    """A measure was taken because of the warning."""

    measure: Text
    happened: Instant
    control: Control = ""


class RiskAccepted(msgspec.Struct, frozen=True, tag="risk-accepted"):
    """The line's person bears the risk that the warning speaks of, until then."""

    why: Text
    until: Instant
    control: Control = ""


class Struck(msgspec.Struct, frozen=True, tag="struck"):
    """A line was a mistake, and counts no more."""

    line: int
    why: Text


class Held(msgspec.Struct, frozen=True, tag="held"):
    """Nothing may be erased, for one matter."""

    matter: Name
    why: Text


class Released(msgspec.Struct, frozen=True, tag="released"):
    """That matter needs it no longer."""

    matter: Name
    why: Text


class Closed(msgspec.Struct, frozen=True, tag="closed"):
    """Nothing more is expected."""

    why: Text


class Reopened(msgspec.Struct, frozen=True, tag="reopened"):
    """It goes on after all."""

    why: Text


Fact = (
    Opened
    | Noted
    | Decided
    | Measured
    | Concerned
    | Attached
    | TakenOut
    | Sent
    | Warned
    | WasRead
    | Took
    | RiskAccepted
    | Struck
    | Held
    | Released
    | Closed
    | Reopened
)


class Line(msgspec.Struct, frozen=True):
    """One line of the log: who wrote what, and when."""

    at: Instant
    by: Name
    fact: Fact


def happened(line: Line) -> Instant:
    """Where a line stands in the timeline: when it happened, as far as somebody said so."""
    return line.fact.happened if isinstance(line.fact, Noted | Decided | Took) else line.at
