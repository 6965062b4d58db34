# SPDX-License-Identifier: Apache-2.0
"""Real phish at banks of a whole alliance: two report, the third stops it, and ordinary mail comes through.

A part of the corpus, drawn by a seed, in the time that a test may take; all of it is `tocsin bench replay`.
"""

import random
from pathlib import Path

import msgspec
import pytest

from tocsin.bench.replay.figures import TARGET, dated, wilson
from tocsin.bench.replay.mails import load
from tocsin.bench.replay.second import run

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

PHISH, ORDINARY = 60, 60


def test_a_second_source_stops_phish_and_no_ordinary_mail(data_dir: Path, tmp_path: Path) -> None:
    corpus = load(data_dir / "mail")
    assert (len(corpus.phish), corpus.institutions[0]) == (488, "bradesco")
    assert len(dated(corpus)) > 450
    dice = random.Random(20261130)
    part = msgspec.structs.replace(
        corpus,
        phish=tuple(dice.sample(corpus.phish, PHISH)),
        ordinary=tuple(dice.sample(corpus.ordinary, ORDINARY)),
    )
    found = run(part, 1, tmp_path)
    low, high = wilson(found.stopped, found.held)
    print(
        f"\n{found.stopped} of {found.held} stopped ({low:.2f} to {high:.2f}); {found.values} values at block"
    )
    assert found.held > PHISH / 2
    assert found.stopped / found.held >= TARGET
    assert (found.wrongly, found.wrongly_after_mistake) == (0, 0)
    assert found.alike == found.either > 0
