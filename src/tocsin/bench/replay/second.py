# SPDX-License-Identifier: Apache-2.0
"""Each phish at three banks of a whole alliance: two report it, and the third has its shields.

Everything is the product's own, from the reader child over door, hub, partner and verified streams to the file that a
third bank's shield writes; only databases, clock and wires are the simulation's. Then every ordinary mail comes to
every bank, at first as things are, and again after one bank has reported all of them by mistake.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from tocsin.agent.house import House
from tocsin.agent.readers.documents import Document
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.shields.guard import guard_for
from tocsin.agent.verbs.report import drafted, send
from tocsin.agent.work import classifier
from tocsin.bench.replay.course import level
from tocsin.bench.replay.mails import Corpus, Mail, leads_to_attacker, led_to, stoppers
from tocsin.domain.level import Level
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.errors import InputError, RemoteError
from tocsin.world.bystander import Party
from tocsin.world.inside import World

BANKS = 12
_AT_ONCE = 50
"""Reports between which the alliance has a second to itself."""
_PERSON = "Duty analyst"


class Second(msgspec.Struct, frozen=True):
    """What came of it, in mails."""

    phish: int
    held: int
    """Those that lead to a host that the attacker may hold alone."""
    stopped: int
    """Those of `held` that the third bank's shield stops by the host: the next copy too, whatever stands behind it."""
    leading: int
    """Phish that lead anywhere, shared places and institutions included."""
    stopped_leading: int
    """Those of `leading` that it stops by the host."""
    ordinary: int
    wrongly: int
    """Ordinary mails that the shield of any bank stops."""
    wrongly_after_mistake: int
    """The same after one bank has reported every one of them."""
    values: int
    """Values at `block` at all banks together."""
    alike: int
    """Of these, and of those that the replay's own rule would block, how many both do."""
    either: int
    """How many either does."""


class _Bank(msgspec.Struct, frozen=True):
    """A bank of the world, with what it needs for every mail."""

    short: str
    house: House
    classifier: Classifier


def run(corpus: Corpus, seed: int, folder: Path) -> Second:
    """Play it; `folder` is where the agents write their files."""
    dice = random.Random(f"{seed}/second source")  # noqa: S311 a repeatable load, not a secret
    with World(folder / "world", seed, parties(corpus, BANKS)) as world:
        banks = [
            _Bank(short, agent.house(), classifier(agent.house())) for short, agent in world.agents.items()
        ]
        reporters: dict[Observable, set[str]] = {}
        chosen = []
        for number, mail in enumerate(corpus.phish):
            first, second, third = dice.sample(banks, 3)
            chosen.append(third)
            _report(first, mail, reporters)
            _report(second, mail, reporters)
            if number % _AT_ONCE == 0:
                world.flow(1.0)
        blocked = _shields(world, banks)
        alike, either = _compared(banks, blocked, reporters)
        wrongly = _stopped(corpus.ordinary, blocked.values())
        for mail in corpus.ordinary:
            _report(banks[0], mail, {})
        after = _stopped(corpus.ordinary, _shields(world, banks).values())
    thirds = list(zip(corpus.phish, chosen, strict=True))
    held = [mail.name for mail, third in thirds if leads_to_attacker(mail.reading, third.classifier)]
    by_host = {mail.name for mail, third in thirds if led_to(mail.reading) & blocked[third.short]}
    return Second(
        phish=len(corpus.phish),
        held=len(held),
        stopped=len(by_host.intersection(held)),
        leading=sum(bool(led_to(mail.reading)) for mail in corpus.phish),
        stopped_leading=len(by_host),
        ordinary=len(corpus.ordinary),
        wrongly=wrongly,
        wrongly_after_mistake=after,
        values=sum(map(len, blocked.values())),
        alike=alike,
        either=either,
    )


def parties(corpus: Corpus, count: int) -> tuple[Party, ...]:
    """So many banks: the institutions whose name is abused first, then others."""
    named = corpus.institutions[:count]
    return tuple(
        Party(short, Role.BANK) for short in (*named, *(f"bank{n}" for n in range(len(named), count)))
    )


def _report(bank: _Bank, mail: Mail, reporters: dict[Observable, set[str]]) -> None:
    """Report a mail by a person, if the door lets anything of it out."""
    document = Document(mail.name, mail.data, mail.reading)
    try:
        prepared = drafted(bank.house, bank.classifier, document, attack=None, marking=Marking())
    except InputError:
        return
    send(bank.house, prepared, approve(prepared.draft, _PERSON, bank.house.clock.now()), "named", ())
    for one in prepared.draft.disclosure.indicators:
        reporters.setdefault(one.observable, set()).add(bank.short)


def _shields(world: World, banks: Sequence[_Bank]) -> dict[str, frozenset[Observable]]:
    """What each bank's file says when all has come to rest."""
    if not world.settle():
        raise RemoteError("The simulated alliance did not come to rest.")
    found = {}
    for bank in banks:
        path = bank.house.folder / bank.house.config.shields.csv
        with path.open(newline="", encoding="utf-8") as file:
            found[bank.short] = frozenset(
                Observable(Kind(row["kind"]), row["value"]) for row in csv.DictReader(file)
            )
    return found


def _compared(
    banks: Sequence[_Bank], blocked: dict[str, frozenset[Observable]], reporters: dict[Observable, set[str]]
) -> tuple[int, int]:
    """How many blocks the alliance and the rule that `course` asks have in common, and how many either has."""
    alike = either = 0
    for bank in banks:
        guard = guard_for(bank.house.config.own, bank.classifier)
        ruled = {value for value, who in reporters.items() if level(len(who), guard(value)) is Level.BLOCK}
        alike += len(ruled & blocked[bank.short])
        either += len(ruled | blocked[bank.short])
    return alike, either


def _stopped(mails: Sequence[Mail], blocked: Iterable[frozenset[Observable]]) -> int:
    every = frozenset().union(*blocked)
    return sum(not every.isdisjoint(stoppers(mail.reading)) for mail in mails)
