# SPDX-License-Identifier: Apache-2.0
"""What the game comes to, as figures: that it can be lost, that it is fair, and what it says of a path.

1. In the null game nobody gains anything, and where everything is linked everybody is found.
2. Every seeded defect is found by the parties that see it, by a lower bound.
3. The textbook construction, party by party: what it shows to whom.
4. The path as designed, party by party, by an upper bound.
"""

from collections.abc import Iterator

from tocsin.bench.linkability.defects import EVERYBODY, NAIVE, SEEN_BY, Defect
from tocsin.bench.linkability.game import Outcome, Terms, play
from tocsin.bench.linkability.model import Model
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY
from tocsin.bench.linkability.product import Product
from tocsin.bench.result import Beside, Row

NULL, LINKED, FOUND = 0.05, 0.95, 0.2
ALONE = tuple(frozenset({one}) for one in (HUB, RELAY, PARTNER))
SHORT = Terms(training=20, validation=6, test=25)
"""For what is plain to see."""
CI = Terms(training=100, validation=30, test=240)
FULL = Terms(training=300, validation=100, test=1_300)
"""2,400 challenges to learn from, and 10,400 guesses."""
PRODUCT = Terms(
    training=10, validation=3, test=30, challenged=16, at_once=4, background=2, away=0.0, repeated=True
)
"""64 challenges in each world: founding one takes a third of its time."""
BOUND, FULL_BOUND = 0.10, 0.05
_BY_CHANCE = 0.02
"""By so much somebody may be first more often in a game that nobody wins."""


def run(seed: int) -> Iterator[Row]:
    """In about two minutes."""
    yield from _rows(seed, CI, BOUND)


def run_full(seed: int) -> Iterator[Row]:
    """With ten thousand guesses at each path, and half the bound."""
    yield from _rows(seed, FULL, FULL_BOUND)


def run_product(seed: int) -> Iterator[Row]:
    """The product's own path, party by party, and hub and relay together."""
    coalitions = (*ALONE, frozenset({HUB, RELAY}))
    for outcome in play(Product(), PRODUCT, f"{seed}/product", coalitions):
        yield _row(f"product, {named(outcome)}: upper bound", outcome, outcome.estimate.upper, BOUND)
        yield _first(f"product, {named(outcome)}: sender first", outcome)


def _rows(seed: int, terms: Terms, bound: float) -> Iterator[Row]:
    (null,) = play(Model(NAIVE), terms, f"{seed}/null", (EVERYBODY,), null=True)
    yield _row("null game, all three", null, null.estimate.advantage, NULL)
    for outcome in play(Model(NAIVE), SHORT, f"{seed}/textbook", (EVERYBODY, *ALONE)):
        sees, target = ("higher", LINKED) if outcome.coalition != {PARTNER} else ("lower", FOUND)
        yield _row(f"textbook, {named(outcome)}", outcome, outcome.estimate.advantage, target, sees)
    for defect in SEEN_BY:
        yield _row(str(defect), found := defect_found(defect, seed), found.estimate.lower, FOUND, "higher")
    for outcome in play(Model(), terms, f"{seed}/model", ALONE):
        yield _row(f"as designed, {named(outcome)}: upper bound", outcome, outcome.estimate.upper, bound)
        yield _first(f"as designed, {named(outcome)}: sender first", outcome)


def defect_found(defect: Defect, seed: int) -> Outcome:
    """One defect by itself, and who sees it."""
    return play(Model(frozenset({defect})), SHORT, f"{seed}/{defect}", (SEEN_BY[defect],))[0]


def named(outcome: Outcome) -> str:
    """The coalition."""
    return "all three" if outcome.coalition == EVERYBODY else " and ".join(sorted(outcome.coalition))


def _first(name: str, outcome: Outcome) -> Row:
    """Whether the sender is first among all more often than anybody is."""
    beside = Beside("by chance", outcome.by_chance)
    return Row(
        name, outcome.first, "of the guesses", "lower", outcome.by_chance + _BY_CHANCE, beside
    ).judged()


def _row(name: str, outcome: Outcome, value: float, target: float, better: str = "lower") -> Row:
    found = outcome.estimate
    beside = Beside(f"advantage by {outcome.clue or outcome.adversary}", found.advantage)
    unit = f"of {found.guesses:,} guesses"
    return Row(name, value, unit, better, target, beside).judged()
