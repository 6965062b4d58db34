# SPDX-License-Identifier: Apache-2.0
"""What a replay comes to: one alliance of production code, and dated mails under many terms, with their intervals."""

import math
import random
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean, quantiles

import msgspec

from tocsin.agent.redaction.assets import assets_of, own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import redact
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.shields.levels import Guard
from tocsin.bench.replay.course import Dated, Shares, Tells, Terms, play
from tocsin.bench.replay.mails import Corpus, load, stoppers
from tocsin.bench.replay.second import Second, run
from tocsin.bench.result import Beside, Row
from tocsin.clock import HOUR
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Attack
from tocsin.domain.observable import Observable
from tocsin.errors import InputError
from tocsin.world.inside import START

TARGET = 0.60
"""Of the phish that lead to a host of the attacker's: stopped once a second named source has it."""
ASSIGNMENTS = 40
"""Times that chance gives each mail its bank: the interval holds 95 of 100 of them."""
BANKS, MEMBERS, DELAYS = (5, 20, 50, 200), (0.1, 0.25, 0.5, 0.75, 1.0), (0, 1, 6, 24, 72)
_USUAL, _MANY = 20, 200
"""Banks where delay varies, and where membership does."""
_QUANTILES = 40
"""Of which the first and the last cut off 2.5 of 100 each."""


class Spread(msgspec.Struct, frozen=True):
    """A share with its interval."""

    middle: float
    low: float
    high: float


class Point(msgspec.Struct, frozen=True):
    """Dated mails under one set of terms."""

    terms: Terms
    alone: Spread
    known: Spread
    blocked: Spread


class Replayed(msgspec.Struct, frozen=True):
    """Everything that a replay found."""

    second: Second
    dated: int
    """Phish that say when they came."""
    by_banks: tuple[Point, ...]
    by_members: tuple[Point, ...]
    by_delay: tuple[Point, ...]


def replay(folder: Path, seed: int) -> Replayed:
    """Read every mail below a folder and play it; UsageError when none attacked anybody."""
    corpus = load(folder)
    with tempfile.TemporaryDirectory() as place:
        second = run(corpus, seed, Path(place))
    mails, houses = dated(corpus), _Houses(corpus)
    usual, many = Terms(_USUAL), Terms(_MANY)

    def points(terms: Sequence[Terms]) -> tuple[Point, ...]:
        """One figure for each of the terms, with the same mails, banks and seed."""
        return tuple(point(mails, houses, one, seed) for one in terms)

    return Replayed(
        second=second,
        dated=len(mails),
        by_banks=points([msgspec.structs.replace(usual, banks=count) for count in BANKS]),
        by_members=points([msgspec.structs.replace(many, share=share) for share in MEMBERS]),
        by_delay=points([msgspec.structs.replace(usual, delay=hours * HOUR) for hours in DELAYS]),
    )


def dated(corpus: Corpus) -> list[Dated]:
    """The phish that say when they came, in that order."""
    found = [
        Dated(mail.at, number, stoppers(mail.reading))
        for number, mail in enumerate(corpus.phish)
        if mail.at is not None
    ]
    return sorted(found, key=lambda one: (one.at, one.mail))


def point(mails: Sequence[Dated], houses: "_Houses", terms: Terms, seed: int) -> Point:
    """The same mails again and again, each time at other banks."""
    guards = [houses.guard(bank) for bank in range(terms.banks)]
    found = [play(mails, houses.tells, guards, terms, f"{seed}/{number}") for number in range(ASSIGNMENTS)]
    return Point(
        terms, *(_spread([getattr(one, name) for one in found]) for name in Shares.__struct_fields__)
    )


class _Houses:
    """The banks of the replay: those whose name is abused, each with its own assets, and any number of others."""

    def __init__(self, corpus: Corpus) -> None:
        names = (*corpus.institutions, "somebody")
        self._phish = corpus.phish
        self._own = [OwnAssets(f"{one.capitalize()} Bank plc", domains=(f"{one}.example",)) for one in names]
        members = [assets_of(own.legal_name) for own in self._own]
        self._classifiers = [
            Classifier(own_assets(own), tuple(one for one in members if one.legal_name != own.legal_name))
            for own in self._own
        ]
        self._guards = [guard_for(*both) for both in zip(self._own, self._classifiers, strict=True)]
        self.tells: Tells = cache(self._tells)

    def guard(self, bank: int) -> Guard:
        """What speaks against blocking, at that bank."""
        return self._guards[self._which(bank)]

    def _tells(self, bank: int, mail: int) -> frozenset[Observable]:
        return self._leaves(self._which(bank), mail)

    def _which(self, bank: int) -> int:
        return min(bank, len(self._own) - 1)

    @cache  # noqa: B019 one replay's, and gone with it
    def _leaves(self, house: int, mail: int) -> frozenset[Observable]:
        """What the door lets out of a mail; nothing, when it lets nothing."""
        try:
            draft = redact(
                self._phish[mail].reading,
                self._classifiers[house],
                attack=Attack.PHISHING,
                now=START,
                entropy=random.Random(mail).randbytes,  # noqa: S311 a report that is never sent
            )
        except InputError:
            return frozenset()
        return frozenset(one.observable for one in draft.disclosure.indicators)


def rows(found: Replayed) -> Iterator[Row]:
    """The figures, each beside what it is to be held against."""
    second = found.second
    yield Row(
        "phish stopped, two named sources",
        second.stopped / max(1, second.held),
        f"of {second.held} with own host",
        "higher",
        TARGET,
        Beside("of all that lead anywhere", second.stopped_leading / max(1, second.leading)),
        interval=wilson(second.stopped, second.held),
    ).judged()
    yield Row(
        "ordinary mails stopped, same shields",
        second.wrongly,
        f"of {second.ordinary}",
        "lower",
        0,
        Beside("values at block, all banks", second.values),
    ).judged()
    yield Row(
        "the same after one bank reported them all",
        second.wrongly_after_mistake,
        f"of {second.ordinary}",
        "lower",
        0,
        Beside("before it did", second.wrongly),
    ).judged()
    yield Row(
        "blocks alike in alliance and in replay",
        second.alike / max(1, second.either),
        f"of {second.either}",
        "higher",
        1,
        Beside("values at block, all banks", second.values),
    ).judged()
    for one in (*found.by_banks, *found.by_members[:-1], *found.by_delay[1:]):
        yield from _course(one, found.dated)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share, by E. B. Wilson (1927); the whole range for none."""
    if not of:
        return 0.0, 1.0
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def _course(one: Point, mails: int) -> Iterator[Row]:
    """What was known, and what was blocked; both must beat the bank that is alone."""
    told = f"{one.terms.banks} banks"
    told += f", {one.terms.share:.0%} members" if one.terms.share < 1 else ""
    told += f", {one.terms.delay // HOUR} h late" if one.terms.delay else ""
    unit, alone = f"of {mails:,} dated phish", Beside("alone", one.alone.middle)
    for what, spread in (("known", one.known), ("blocked", one.blocked)):
        yield Row(
            f"{what}: {told}",
            spread.middle,
            unit,
            "higher",
            one.alone.middle,
            alone,
            interval=(spread.low, spread.high),
        ).judged()


def _spread(shares: Sequence[float]) -> Spread:
    low, *_, high = quantiles(shares, n=_QUANTILES, method="inclusive")
    return Spread(fmean(shares), low, high)
