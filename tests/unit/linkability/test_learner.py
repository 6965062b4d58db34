# SPDX-License-Identifier: Apache-2.0
"""What tells a sender is learnt, what does not is not, and of what is not there nothing is made."""

import numpy as np
import pytest

from tocsin.bench.linkability.clues import Sheet
from tocsin.bench.linkability.learner import Learner, example, in_forms

MEMBERS = 8
NAMES = ("sizes and times: noise", "order: telling", "actions: the same for all")


def _sheets(count: int, told: float) -> list[tuple[Sheet, int, int]]:
    """Reports with three clues, of which the second is so much higher for the sender."""
    dice = np.random.default_rng(5)
    found = []
    for _ in range(count):
        table = np.stack([dice.normal(size=MEMBERS), dice.normal(size=MEMBERS), np.ones(MEMBERS)])
        sender, other = dice.choice(MEMBERS, size=2, replace=False)
        table[1, sender] += told
        found.append((Sheet(NAMES, table), int(sender), int(other)))
    return found


def _right(learner: Learner, sheets: list[tuple[Sheet, int, int]]) -> float:
    scores = [(learner.scores(sheet), sender, other) for sheet, sender, other in sheets]
    return float(np.mean([one[sender] > one[other] for one, sender, other in scores]))


@pytest.mark.parametrize("kind", ["", "order"])
def test_the_clue_that_tells_is_found(kind: str) -> None:
    learner = Learner(kind)
    learner.learn([example(*one) for one in _sheets(200, 6.0)])
    assert learner.heaviest == "order: telling"
    assert _right(learner, _sheets(100, 6.0)) > 0.95


def test_where_nothing_tells_nothing_is_gained() -> None:
    learner = Learner()
    learner.learn([example(*one) for one in _sheets(200, 0.0)])
    assert _right(learner, _sheets(1_000, 0.0)) == pytest.approx(0.5, abs=0.06)


def test_who_does_not_look_there_does_not_find_it() -> None:
    learner = Learner("actions")
    learner.learn([example(*one) for one in _sheets(50, 6.0)])
    assert learner.heaviest == ""
    assert not learner.scores(_sheets(1, 6.0)[0][0]).any()


def test_without_examples_nobody_is_preferred() -> None:
    learner = Learner()
    learner.learn([])
    assert not learner.scores(_sheets(1, 6.0)[0][0]).any()


def test_a_clue_that_was_never_seen_weighs_nothing() -> None:
    learner = Learner()
    learner.learn([example(*one) for one in _sheets(50, 6.0)])
    assert not learner.scores(Sheet(("order: another",), np.eye(1, MEMBERS))).any()


def test_what_separates_wholly_is_learnt_without_running_away() -> None:
    table = np.zeros((1, MEMBERS))
    table[0, 3] = 1
    learner = Learner()
    learner.learn([example(Sheet(("named: beside",), table), 3, 4)] * 300)
    scores = learner.scores(Sheet(("named: beside",), table))
    assert np.isfinite(scores).all()
    assert scores.argmax() == 3


def test_the_forms_of_a_clue_hold_it_against_all_members() -> None:
    far, rank, lowest, highest = in_forms(np.array([[1.0, 1.0, 1.0, 5.0, np.nan]]))[0].T
    assert far.tolist() == pytest.approx([-(3**-0.5)] * 3 + [3**0.5, 0.0])
    assert rank.tolist() == [-0.25, -0.25, -0.25, 0.75, 0.0]
    assert lowest.tolist() == [0.0] * 5
    assert highest.tolist() == [0.0, 0.0, 0.0, 1.0, 0.0]


def test_nobody_is_alone_with_a_clue_that_nobody_has() -> None:
    assert not in_forms(np.full((1, 4), np.nan)).any()
