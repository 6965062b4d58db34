# SPDX-License-Identifier: Apache-2.0
"""The linkability game: can a coalition tell which of two members sent a report?

A world has members, slots, absences and reports. In each challenge two members are there and have nothing else to
say, and a coin decides which of them sends the report; the other's agent does what it does when there is nothing to
send. What differs between the two is the sender and nothing else: content is not in this game, for the report is the
same. The adversary knows slot, pair and report, holds the coalition's views of the whole world, and names one.

1. It learns in worlds whose coins it is told.
2. Every kind of adversary guesses in worlds that are kept for that, and the best one is chosen.
3. That one guesses in the remaining worlds, once; these guesses are counted (`estimate`).

In a *null* game nobody sends the report: both agents do the same, and whoever finds a difference has found the game's.
Several challenges share a slot, each with two members of its own: each is the others' background.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from tocsin.bench.linkability.clues import KINDS, Scene, Sheet
from tocsin.bench.linkability.estimate import Estimate, estimate
from tocsin.bench.linkability.learner import Example, Learner, example
from tocsin.bench.linkability.path import Path, Report, Story
from tocsin.bench.linkability.sources import Source, names_of, sources

Coalition = frozenset[str]


class Terms(msgspec.Struct, frozen=True):
    """How much is played."""

    training: int
    """Worlds."""
    validation: int
    test: int
    members: int = 20
    challenged: int = 4
    """Slots with challenges."""
    at_once: int = 2
    """Challenges in each of them."""
    background: int = 2
    """Other reports in each of them, by members that are in no challenge."""
    away: float = 0.2
    """Of members and slots."""
    repeated: bool = False
    """Members are drawn anew for every slot, so that one may be in several pairs: more challenges in a world."""


class Challenge(msgspec.Struct, frozen=True):
    """One of a pair sends a report in a slot; which one, the coin says."""

    slot: int
    pair: tuple[int, int]
    value: str
    coin: int

    @property
    def sender(self) -> int:
        """Who it is."""
        return self.pair[self.coin]

    @property
    def other(self) -> int:
        """And who it is not."""
        return self.pair[1 - self.coin]


class World(msgspec.Struct, frozen=True):
    """A story with its challenges. Those come first among the reports."""

    story: Story
    challenges: tuple[Challenge, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What one coalition came to on one path."""

    coalition: Coalition
    adversary: str
    """Which was chosen."""
    clue: str
    """What it went by most."""
    estimate: Estimate
    first: float
    """How often the sender was first among all that were in the slot."""
    by_chance: float
    """How often anybody would be."""


def draw(seed: str, terms: Terms, *, null: bool = False) -> World:
    """A world from its seed; in a null game the challenges' reports are left out."""
    dice = random.Random(seed)  # noqa: S311 a repeatable world, not a secret
    challenges, others = [], []
    for slot, (pairs, more) in enumerate(_cast(dice, terms), start=1):
        challenges += [Challenge(slot, pair, _value(dice), dice.randrange(2)) for pair in pairs]
        others += [Report(slot, who, _value(dice)) for who in more]
    sent = [] if null else [Report(one.slot, one.sender, one.value) for one in challenges]
    needed = {(who, one.slot) for one in challenges for who in one.pair} | {
        (one.member, one.slot) for one in others
    }
    last = terms.challenged + 2
    away = {
        (who, slot) for who in range(terms.members) for slot in range(1, last) if dice.random() < terms.away
    }
    reports = sorted((*sent, *others), key=lambda one: (one.slot, one.member))
    story = Story(seed, terms.members, last + 1, tuple(reports), frozenset(away - needed))
    return World(story, tuple(challenges))


def _cast(dice: random.Random, terms: Terms) -> Iterator[tuple[list[tuple[int, int]], list[int]]]:
    """Slot by slot, the pairs, and who else reports."""
    in_pairs = 2 * terms.at_once
    order: list[int] = []
    for number in range(terms.challenged):
        if not number or terms.repeated:
            order = dice.sample(range(terms.members), terms.members)
            rest = order[in_pairs if terms.repeated else in_pairs * terms.challenged :]
        paired, order = order[:in_pairs], order[in_pairs:]
        yield list(zip(paired[::2], paired[1::2], strict=True)), dice.sample(rest, terms.background)


def _value(dice: random.Random) -> str:
    return f"{dice.getrandbits(64):016x}.example"


def play(
    path: Path, terms: Terms, seed: str, coalitions: Sequence[Coalition], *, null: bool = False
) -> tuple[Outcome, ...]:
    """Play a path against coalitions, each by itself."""
    adversaries = {one: tuple(Learner(kind) for kind in (*KINDS, "")) for one in coalitions}
    _teach(path, terms, seed, adversaries, null=null)
    chosen = _choose(path, terms, seed, adversaries, null=null)
    return tuple(_test(path, terms, seed, chosen, null=null))


def _teach(
    path: Path, terms: Terms, seed: str, adversaries: Mapping[Coalition, Sequence[Learner]], *, null: bool
) -> None:
    known: dict[Coalition, list[Example]] = {one: [] for one in adversaries}
    for number in range(terms.training):
        for coalition, challenge, sheet, _ in _sheets(
            path, terms, f"{seed}/training/{number}", adversaries, null=null
        ):
            known[coalition].append(example(sheet, challenge.sender, challenge.other))
    for coalition, learners in adversaries.items():
        for learner in learners:
            learner.learn(known[coalition])


def _choose(
    path: Path, terms: Terms, seed: str, adversaries: Mapping[Coalition, Sequence[Learner]], *, null: bool
) -> dict[Coalition, Learner]:
    wins = {one: [0.0] * len(learners) for one, learners in adversaries.items()}
    for number in range(terms.validation):
        for coalition, challenge, sheet, _ in _sheets(
            path, terms, f"{seed}/validation/{number}", adversaries, null=null
        ):
            for at, learner in enumerate(adversaries[coalition]):
                ahead = np.sign(np.subtract(*learner.scores(sheet)[[challenge.sender, challenge.other]]))
                wins[coalition][at] += (1 + float(ahead)) / 2
    return {one: learners[int(np.argmax(wins[one]))] for one, learners in adversaries.items()}


def _test(
    path: Path, terms: Terms, seed: str, chosen: Mapping[Coalition, Learner], *, null: bool
) -> Iterator[Outcome]:
    worlds: dict[Coalition, list[tuple[int, int]]] = {one: [] for one in chosen}
    firsts: dict[Coalition, list[tuple[float, float]]] = {one: [] for one in chosen}
    for number in range(terms.test):
        name = f"{seed}/test/{number}"
        coins = random.Random(f"{name}/coins")  # noqa: S311 a repeatable game
        won: dict[Coalition, list[bool]] = {one: [] for one in chosen}
        for coalition, challenge, sheet, there in _sheets(path, terms, name, chosen, null=null):
            scores = chosen[coalition].scores(sheet)
            won[coalition].append(_guess(scores, challenge, coins))
            best = [who for who in there if scores[who] == scores[there].max()]
            firsts[coalition].append(((challenge.sender in best) / len(best), 1 / len(there)))
        for coalition, guesses in won.items():
            worlds[coalition].append((sum(guesses), len(guesses)))
    for coalition, learner in chosen.items():
        first, by_chance = np.mean(firsts[coalition], axis=0)
        kind = learner.kind or "all clues"
        found = estimate(worlds[coalition], terms.test)
        yield Outcome(coalition, kind, learner.heaviest, found, float(first), float(by_chance))


def _guess(
    scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", challenge: Challenge, coins: random.Random
) -> bool:
    """Whether the adversary is right; where both look the same to it, it throws a coin."""
    first, second = (scores[who] for who in challenge.pair)
    guess = coins.randrange(2) if first == second else int(second > first)
    return guess == challenge.coin


def _sheets(
    path: Path, terms: Terms, seed: str, coalitions: Mapping[Coalition, object], *, null: bool
) -> Iterator[tuple[Coalition, Challenge, Sheet, list[int]]]:
    """Every challenge of one world as each coalition sees it, with the members that were there."""
    world = draw(seed, terms, null=null)
    played = path.play(world.story)
    background = [
        one for one in world.story.reports if one.value not in {one.value for one in world.challenges}
    ]
    said = [
        *((one.slot, one.value) for one in world.challenges),
        *((one.slot, one.value) for one in background),
    ]
    names = names_of(played, [value for _, value in said])
    parts: dict[str, tuple[Source, ...]] = {
        party: sources(party, played.views[party], names) for party in sorted(frozenset().union(*coalitions))
    }
    for coalition in coalitions:
        held = [source for party in sorted(coalition) for source in parts[party]]
        scene = Scene(held, played.begins, terms.members)
        for number, challenge in enumerate(world.challenges):
            others = [at for at, (slot, _) in enumerate(said) if slot == challenge.slot]
            there = [who for who in range(terms.members) if (who, challenge.slot) not in world.story.away]
            yield coalition, challenge, scene.sheet(number, challenge.slot, others), there
