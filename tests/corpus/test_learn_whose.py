# SPDX-License-Identifier: Apache-2.0
"""What is learned of whose a value is: told by texts it was not learned from, and shipped as learned."""

import os
from collections import defaultdict

import msgspec
import pytest
from tests.corpus.learn_whose import (
    FILE,
    HIDDEN,
    Example,
    cross_validated,
    developed,
    folds,
    learn,
    margins,
    speaks,
)

from tocsin.agent.redaction.narrative.whose import Learned

SHIPPED = msgspec.toml.decode(FILE.read_bytes(), type=Learned)
FLOORS = {
    "text": {
        "hide account": 0.98,
        "hide mail": 0.98,
        "hide phone": 0.97,
        "keep account": 0.85,
        "keep mail": 0.8,
        "keep phone": 0.43,
    },
    "language": {
        "hide account": 0.97,
        "hide mail": 0.98,
        "hide phone": 0.97,
        "keep account": 0.85,
        "keep mail": 0.8,
        "keep phone": 0.4,
    },
}
"""Shares of values told right by what was learned from other texts, and from texts in other languages."""


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return developed()


def test_the_figures_are_those_of_the_texts(examples: list[Example]) -> None:
    learned = learn(examples)
    assert SHIPPED.worth.keys() == learned.keys()
    for what, worth in learned.items():
        assert SHIPPED.worth[what] == pytest.approx(worth, abs=0.011)


@pytest.mark.skipif(
    os.environ.get("LEARN") != "all", reason="LEARN=all learns ten times by text, and by language"
)
@pytest.mark.parametrize("by", FLOORS)
def test_other_texts_tell_whose_a_value_is(examples: list[Example], by: str) -> None:
    there, right = defaultdict[str, float](float), defaultdict[str, float](float)
    said = list(cross_validated(examples, folds(examples, by)))
    for one, much in said:
        kind = f"{'keep' if one.is_attackers else 'hide'} {one.what}"
        there[kind] += one.share
        right[kind] += one.share * ((much > SHIPPED.margin[one.what]) is one.is_attackers)
    shares = {kind: right[kind] / there[kind] for kind in sorted(there)}
    print("\n" + ", ".join(f"{kind} {share:.3f} of {there[kind]:.0f}" for kind, share in shares.items()))
    assert {kind: share for kind, share in shares.items() if share < FLOORS[by][kind]} == {}
    if by == "text":
        assert SHIPPED.margin == pytest.approx(margins(said), abs=0.11)


def test_a_margin_lets_go_what_must() -> None:
    made = [Example(f"t{at}", "en", "phone", {}, is_attackers=at % 2 == 1) for at in range(400)]
    margin = margins((one, at / 100) for at, one in enumerate(made))["phone"]
    gone = [at / 100 <= margin for at, one in enumerate(made) if not one.is_attackers]
    assert HIDDEN["phone"] <= sum(gone) / len(gone) <= HIDDEN["phone"] + 0.01


def test_what_is_told_right_needs_no_margin() -> None:
    assert margins([(Example("t", "en", "phone", {}, is_attackers=False), -2.0)]) == {"phone": 0.0}


def test_what_speaks_in_every_text_is_learned() -> None:
    seen = [{"always": 1.0, "told": 1.0}, {"always": 1.0, "not told": 1.0}]
    made = [Example(f"t{at}", "en", "phone", seen[at % 2], is_attackers=at % 2 == 0) for at in range(40)]
    worth = learn(made)
    assert all((speaks(worth, one) > 0) is one.is_attackers for one in made)


def test_what_stands_in_one_text_only_is_not_learned() -> None:
    made = [Example("t", "en", "phone", {"always": 1.0, "rare": 1.0}, is_attackers=True) for _ in range(9)]
    assert learn(made) == {"phone": {}}
