# SPDX-License-Identifier: Apache-2.0
"""What a receiver may do with an indicator, and why: watch → hold → block.

=========  =====================================================================================================
``watch``  any one source
``hold``   a guard hit (warninglist, own asset, partner), or an anonymous report plus one named source: for a human
``block``  two distinct named sources or a warning, and no guard hit
=========  =====================================================================================================

The hub's band counts a source only if its marking permits active measures, for `COUNTS_FOR`, and nothing while no
person approved any.
Anonymous reports, however many, never complete a quorum: one member with twenty tokens looks like twenty members.
"""

from enum import StrEnum

import msgspec

from tocsin.clock import DAY


class Level(StrEnum):
    """What may be done, from least to most."""

    WATCH = "watch"
    HOLD = "hold"
    BLOCK = "block"


class Band(StrEnum):
    """How many distinct named sources, as the hub publishes it: never an exact count above one."""

    NONE = "0"
    ONE = "1"
    FEW = "2-4"
    SEVERAL = "5-19"
    MANY = "20+"


COUNTS_FOR = 90 * DAY
"""How long a source counts for a band, from when the hub added what it said: values change hands, and what somebody saw
a year ago confirms nothing that is said today."""

MOST_BY_TWO = 10_000
"""Values of a stream that the same two parties alone may confirm at a time; a tenth of what a product's file takes.
Two banks that see the same campaigns come to some tens a day that nobody else names."""


def band_of(count: int) -> Band:
    """The band for a count of distinct named sources."""
    steps = ((20, Band.MANY), (5, Band.SEVERAL), (2, Band.FEW), (1, Band.ONE))
    return next((band for least, band in steps if count >= least), Band.NONE)


class Evidence(msgspec.Struct, frozen=True):
    """Everything that a receiver knows for and against acting on one indicator."""

    named: Band = Band.NONE
    anonymous: bool = False
    warned: bool = False
    guards: tuple[str, ...] = ()
    """Why a human must look first: each a sentence that names the list or the asset."""
    witnessed: bool = True
    """False while the partner has not co-signed for so long that nothing may step to block by itself."""
    may_block: bool = True
    """False when every marking (PAP) forbids active measures."""


class Judgement(msgspec.Struct, frozen=True):
    """A level with the reasons that led to it."""

    level: Level
    reasons: tuple[str, ...]


def judge(evidence: Evidence) -> Judgement:
    """The level that the evidence supports. Order of the rules matters: whatever holds, holds first."""
    if evidence.guards:
        return Judgement(Level.HOLD, evidence.guards)
    level, why = _sources_say(evidence)
    if level is not Level.WATCH and not evidence.may_block:
        return Judgement(Level.WATCH, (why, "its marking permits no active measures"))
    if level is Level.BLOCK and not evidence.witnessed:
        return Judgement(Level.HOLD, (why, "the partner has not co-signed: nothing steps to block by itself"))
    return Judgement(level, (why,))


def _sources_say(evidence: Evidence) -> tuple[Level, str]:
    """How far the sources alone would go, and which of them."""
    if evidence.warned:
        return Level.BLOCK, "a warning names it"
    if evidence.named in (Band.FEW, Band.SEVERAL, Band.MANY):
        return Level.BLOCK, f"{evidence.named} named sources"
    if evidence.named is Band.ONE and evidence.anonymous:
        return Level.HOLD, "one named source and anonymous reports: a human decides"
    if evidence.named is Band.ONE:
        return Level.WATCH, "one named source"
    return Level.WATCH, "anonymous reports only" if evidence.anonymous else "no source is left"
