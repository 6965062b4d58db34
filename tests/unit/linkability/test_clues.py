# SPDX-License-Identifier: Apache-2.0
"""Each kind of clue says about each member what it should, in a world of three members that can be read at a glance."""

import numpy as np
import pytest

from tocsin.bench.linkability.clues import KINDS, Scene
from tocsin.bench.linkability.needles import pairs
from tocsin.bench.linkability.sources import Numbers, Source
from tocsin.clock import Instant

BEGINS = tuple(Instant(1_000 * slot) for slot in range(4))
"""Slots 0, 1, 2."""
NOTHING: frozenset[bytes] = frozenset()


def _source(
    name: str,
    times: list[float],
    members: list[tuple[int, int]],
    targets: list[tuple[int, int]],
    values: tuple[frozenset[bytes], ...] = (),
) -> Source:
    count = len(times)
    sizes = np.arange(100.0, 100.0 + count).reshape(-1, 1)
    given = values or (NOTHING,) * count
    return Source(name, ("size",), sizes, (False,), np.array(times), pairs(members), pairs(targets), given)


def _clues(*sources: Source, target: int = 0, others: tuple[int, ...] = (0,)) -> dict[str, Numbers]:
    sheet = Scene(sources, BEGINS, 3).sheet(target, 1, others)
    assert all(name.partition(":")[0] in KINDS for name in sheet.names)
    return dict(zip(sheet.names, sheet.table, strict=True))


PACKETS = _source(
    "in", [500, 1_100, 1_150, 1_400, 1_900, 2_300], [(0, 1), (1, 0), (2, 0), (3, 2), (4, 1), (5, 1)], []
)


def test_actions_are_counted_and_timed_around_the_slot() -> None:
    clues = _clues(PACKETS)
    assert clues["actions: in, how often"].tolist() == [2, 1, 1]
    assert clues["actions: in, how often before"].tolist() == [0, 1, 0]
    assert clues["actions: in, how often after"].tolist() == [0, 1, 0]
    assert clues["actions: in, first"].tolist() == [100, 900, 400]
    assert clues["actions: in, last"].tolist() == [150, 900, 400]
    assert clues["actions: in, first after"].tolist() == pytest.approx([np.nan, 1_300, np.nan], nan_ok=True)


def test_sizes_and_gaps_of_each_record_in_the_slot() -> None:
    clues = _clues(PACKETS)
    assert clues["sizes and times: in, size of 0"].tolist() == [101, 104, 103]
    assert clues["sizes and times: in, size of 1"].tolist() == pytest.approx(
        [102, np.nan, np.nan], nan_ok=True
    )
    assert clues["sizes and times: in, gap 1"].tolist() == pytest.approx([50, np.nan, np.nan], nan_ok=True)


def test_who_stands_beside_the_report_and_who_near_it() -> None:
    log = _source("log", [1_500] * 4, [(0, 0), (2, 1), (3, 1)], [(2, 0)])
    clues = _clues(log)
    assert clues["named: log, beside it"].tolist() == [0, 1, 0]
    assert clues["named: log, near it"].tolist() == pytest.approx([np.log(3), 0, np.nan], nan_ok=True)


def test_the_order_of_one_source_is_held_against_that_of_another() -> None:
    rows = _source("rows", [2_000] * 3, [], [(0, 1), (1, 0), (2, 2)])
    clues = _clues(PACKETS, rows, others=(0, 1, 2))
    assert clues["order: in against rows"].tolist() == pytest.approx([1 / 3, 1 / 3, 0])


def test_a_report_that_is_alone_has_no_place_in_any_order() -> None:
    rows = _source("rows", [2_000], [], [(0, 0)])
    assert np.isnan(_clues(PACKETS, rows)["order: in against rows"]).all()


def test_whose_packet_lies_next_to_the_time_of_the_row() -> None:
    rows = _source("rows", [1_395], [], [(0, 0)])
    near = _clues(PACKETS, rows)["order: in near the time in rows"]
    assert near.argmin() == 2
    assert near[2] == pytest.approx(np.log(6))


def test_presence_is_compared_slot_by_slot_from_the_first_on() -> None:
    polls = _source("polls", [1_050, 2_050], [], [(0, 0), (1, 0)])
    assert _clues(PACKETS, polls)["presence: in against polls"].tolist() == [1, 2, 1]


def test_words_that_few_share_with_the_report() -> None:
    keys = _source(
        "keys",
        [np.nan] * 3,
        [(0, 0), (1, 1), (2, 2)],
        [],
        tuple(frozenset({b"key %d" % n}) for n in range(3)),
    )
    entry = _source("entry", [np.nan], [], [(0, 0)], (frozenset({b"key 1", b"all"}),))
    assert _clues(keys, entry)["shared: words"].tolist() == [0, 1, 0]


def test_a_word_that_stands_with_everybody_says_nothing() -> None:
    keys = _source("keys", [np.nan] * 3, [(0, 0), (1, 1), (2, 2)], [], (frozenset({b"one key"}),) * 3)
    entry = _source("entry", [np.nan], [], [(0, 0)], (frozenset({b"one key"}),))
    assert not _clues(keys, entry)["shared: words"].any()


def test_what_has_no_times_is_counted_as_a_whole() -> None:
    clues = _clues(_source("rows", [np.nan] * 3, [(0, 1), (1, 1), (2, 2)], []))
    assert clues["actions: rows, how often"].tolist() == [0, 2, 1]
    assert clues["sizes and times: rows, size of 1"].tolist() == pytest.approx(
        [np.nan, 101, np.nan], nan_ok=True
    )


def test_who_has_no_views_has_one_clue_and_it_is_empty() -> None:
    assert {name: row.tolist() for name, row in _clues().items()} == {"shared: words": [0, 0, 0]}
