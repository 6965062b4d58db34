# SPDX-License-Identifier: Apache-2.0
"""The short form of ``make oracle``: fewer pairs, so a wider band around blind."""

import pytest
from tests.timing.oracle import PLANTED, TOLERANCE, auc, search

PAIRS = 1_500
WIDER = 0.05
"""Nearly five standard errors of an AUC over so many pairs."""


def test_the_time_of_an_answer_tells_nothing_and_a_planted_difference_is_found():
    found = {one.way: one.auc for one in search(PAIRS, seed=20261121)}
    assert found.pop(PLANTED) > 0.5 + TOLERANCE, "a blind classifier proves nothing"
    assert len(found) == 7
    assert {way: auc for way, auc in found.items() if abs(auc - 0.5) > WIDER} == {}


@pytest.mark.parametrize(
    ("there", "nowhere", "chance"),
    [
        ([2.0, 3.0], [0.0, 1.0], 1.0),
        ([0.0], [1.0, 2.0], 0.0),
        ([1.0, 1.0], [1.0], 0.5),
        ([0.0, 3.0], [1.0, 2.0], 0.5),
        ([1.0, 2.0], [1.0, 0.0], 0.875),
    ],
)
def test_the_chance_of_being_right(there, nowhere, chance):
    assert auc(there, nowhere) == chance
