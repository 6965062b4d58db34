# SPDX-License-Identifier: Apache-2.0
"""Bodies of entries, besides a party's own STIX objects: what the hub tells of sightings, bands, warnings and erasures.

Those of the directory are in `tocsin.wire.parties`, those of answers in `tocsin.wire.answering`, a restart's in
`tocsin.wire.ceremony`.
"""

from tocsin.domain.level import Band
from tocsin.domain.observable import Observable
from tocsin.wire.messages import Message, Size


class MembershipEvent(Message, frozen=True, kw_only=True, tag="membership"):
    """One party's time in one named group, as it stands now; only the desk reads it."""

    group: str
    party: str
    since: Size
    until: Size | None
    """When it left; null while it is in."""
    reads_from: Size
    """What was added earlier is not for it; 0: all history."""


class SightingEvent(Message, frozen=True, kw_only=True, tag="sighting"):
    """Somebody confirmed an observable; who is not said."""

    observable: Observable
    happened: str


class BandEvent(Message, frozen=True, kw_only=True, tag="band"):
    """How many distinct named sources an observable has now on which others may act, as a band."""

    observable: Observable
    named: Band


class WarningEvent(Message, frozen=True, kw_only=True, tag="warning"):
    """One version of a warning, or its withdrawal, with its author's own signature."""

    author: str
    warning: bytes
    signature: bytes


class ErasureEvent(Message, frozen=True, kw_only=True, tag="erasure"):
    """Everything about one fact in this stream was erased; whoever holds a copy deletes it too."""

    fact: str
    seqs: tuple[Size, ...]
    reason: str
