# SPDX-License-Identifier: Apache-2.0
"""The linkability game can be lost, is fair, and finds every mistake that it is there to find.

In its short form; ``make linkability`` plays the long one.
"""

import pytest

from tocsin.bench.linkability.defects import EVERYBODY, NAIVE, SEEN_BY, Defect
from tocsin.bench.linkability.figures import ALONE, BOUND, CI, FOUND, LINKED, NULL, SHORT, defect_found, named
from tocsin.bench.linkability.game import play
from tocsin.bench.linkability.model import Model
from tocsin.bench.linkability.path import HUB, PARTNER, RELAY

SEED = 1


def test_in_the_null_game_nobody_gains_anything() -> None:
    (found,) = play(Model(NAIVE), CI, f"{SEED}/null", (EVERYBODY,), null=True)
    assert abs(found.estimate.advantage) <= NULL
    assert found.estimate.upper <= BOUND


def test_the_textbook_shows_the_sender_to_hub_and_relay_each_alone_and_to_all_three() -> None:
    outcomes = play(Model(NAIVE), SHORT, f"{SEED}/textbook", (EVERYBODY, *ALONE))
    found = {named(one): one for one in outcomes}
    assert found["all three"].estimate.advantage >= LINKED
    assert found[HUB].estimate.advantage >= LINKED
    assert found[RELAY].estimate.advantage >= LINKED
    assert found[PARTNER].clue == ""


@pytest.mark.parametrize("defect", SEEN_BY, ids=lambda defect: defect.name)
def test_a_mistake_is_found_by_who_sees_it(defect: Defect) -> None:
    assert defect_found(defect, SEED).estimate.lower >= FOUND


def test_the_path_as_designed_shows_no_party_alone_anything() -> None:
    for found in play(Model(), CI, f"{SEED}/model", ALONE):
        assert found.estimate.upper <= BOUND, named(found)
