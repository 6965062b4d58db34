# SPDX-License-Identifier: Apache-2.0
"""The picture of a benchmark says which figures reached their targets, and is well-formed whatever they are."""

from xml.etree import ElementTree as etree

import pytest

from tocsin.bench.chart import _place, _times, chart
from tocsin.bench.result import Beside, Results, Row


def _row(value: float, better: str, target: float = 100.0) -> Row:
    return Row("a & b", value, "ms <of it>", better, target, Beside("peer", 50.0)).judged()


@pytest.mark.parametrize(
    ("value", "better", "times"),
    [
        (200.0, "higher", 2.0),
        (50.0, "higher", 0.5),
        (50.0, "lower", 2.0),
        (200.0, "lower", 0.5),
        (0.0, "lower", 100.0),
    ],
)
def test_right_of_the_target_is_better_whatever_the_unit(value: float, better: str, times: float) -> None:
    assert _times(_row(value, better), value) == times


def test_a_target_of_nothing_is_reached_by_nothing_and_missed_by_anything() -> None:
    assert _times(_row(0, "lower", 0), 0) == 1.0
    assert _times(_row(3, "lower", 0), 3) == 0.0
    assert _place(0.0) == _place(0.001) < _place(1.0) < _place(1e9) == _place(100.0)


def test_the_picture_is_well_formed_and_names_every_row() -> None:
    rows = (_row(200.0, "higher"), _row(float("inf"), "lower"), _row(0.0, "lower", 0))
    root = etree.fromstring(chart(Results("2 cores & more", 1, rows)))
    said = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said.count("a & b") == 3
    assert sum(text.startswith("reached") for text in said) == 2
    assert sum(text.startswith("MISSED") for text in said) == 1
