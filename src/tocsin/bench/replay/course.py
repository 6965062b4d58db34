# SPDX-License-Identifier: Apache-2.0
"""Dated mails in the order in which they came, each to one of N banks at random: what was known before it came.

Every mail is reported by the bank that it came to, as far as the product's own door lets anything of it leave, and
`Terms.delay` later everybody of the alliance has it. A later mail is then

- *known alone*: the same bank had a value of it before, which counts for 30 days as a shield's does;
- *known allied*: anybody of the alliance had;
- *blocked allied*: one of its values is at level `block` at its bank, by the product's own rule and guards, which want
  two distinct named sources and nothing that speaks against it.

Alone is given the benefit of the doubt: a bank that blocks at once whatever it has found itself. The method is that of
the published figures for 7,883 mails; its limits are theirs: chance assigns the banks, so no campaign aims at one, and
the mails were caught by a few honeypots.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from tocsin.agent.shields.levels import Guard
from tocsin.clock import Instant
from tocsin.config.shields import Decay
from tocsin.domain.decay import ends_after
from tocsin.domain.level import COUNTS_FOR, Evidence, Level, band_of, judge
from tocsin.domain.observable import Kind, Observable

LIFE = ends_after(Decay(), Kind.DOMAIN)

Tells = Callable[[int, int], frozenset[Observable]]
"""What leaves of a mail at a bank, both by their number."""


class Terms(msgspec.Struct, frozen=True):
    """One alliance."""

    banks: int
    share: float = 1.0
    """Of the banks that are members."""
    delay: int = 0
    """Microseconds from a mail until all members have what was told of it."""


class Dated(msgspec.Struct, frozen=True):
    """One mail with its place in time."""

    at: Instant
    mail: int
    stoppers: frozenset[Observable]


class Shares(msgspec.Struct, frozen=True):
    """Of the mails that came to members."""

    alone: float
    known: float
    blocked: float


def play(mails: Sequence[Dated], tells: Tells, guards: Sequence[Guard], terms: Terms, seed: str) -> Shares:
    """One assignment of banks, by its seed; `mails` are in the order of their time, `guards` one for each bank."""
    dice = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    members = frozenset(dice.sample(range(terms.banks), max(1, round(terms.share * terms.banks))))
    heard: dict[Observable, list[tuple[int, int]]] = defaultdict(list)
    came = alone = known = blocked = 0
    for one in mails:
        bank = dice.randrange(terms.banks)
        if bank not in members:
            continue
        said = {value: heard[value] for value in one.stoppers if value in heard}
        own = any(
            who == bank and one.at - LIFE < since < one.at for told in said.values() for since, who in told
        )
        ready = one.at - terms.delay
        there = {
            value: _sources(told, one.at, ready)
            for value, told in said.items()
            if _alive(told, one.at, ready)
        }
        stops = any(level(len(who), guards[bank](value)) is Level.BLOCK for value, who in there.items())
        came, alone, known = came + 1, alone + own, known + (own or bool(there))
        blocked += stops
        for value in tells(bank, one.mail):
            heard[value].append((one.at, bank))
    return Shares(alone / came, known / came, blocked / came) if came else Shares(0.0, 0.0, 0.0)


@lru_cache(10_000)
def level(sources: int, guards: tuple[str, ...]) -> Level:
    """What so many named sources and these guards come to."""
    return judge(Evidence(named=band_of(sources), guards=guards)).level


def _alive(told: Sequence[tuple[int, int]], now: int, ready: int) -> bool:
    """Whether a report of it still counts, as its posting does."""
    return any(now - LIFE < since < ready for since, _ in told)


def _sources(told: Sequence[tuple[int, int]], now: int, ready: int) -> frozenset[int]:
    """The distinct banks behind it, as the hub's band counts them."""
    return frozenset(who for since, who in told if now - COUNTS_FOR < since < ready)
