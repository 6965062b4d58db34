# SPDX-License-Identifier: Apache-2.0
"""Instants are whole microseconds; their text is RFC 3339 in UTC, and reading it never surprises."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import DAY, LAST, SECOND, Instant, ManualClock, SystemClock, day_of, from_text, to_text
from tocsin.errors import Malformed


@given(st.integers(0, LAST))
def test_text_and_instant_are_one_value(microseconds: int) -> None:
    assert from_text(to_text(Instant(microseconds))) == microseconds


@given(st.integers(0, LAST), st.integers(0, LAST))
def test_text_sorts_as_time_does(one: int, other: int) -> None:
    assert (to_text(Instant(one)) < to_text(Instant(other))) == (one < other)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("2026-11-21T08:30:00Z", 1_795_249_800 * SECOND),
        ("2026-11-21T09:30:00+01:00", 1_795_249_800 * SECOND),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
        ("9999-12-31T23:59:59.999999Z", LAST),
    ],
)
def test_a_time_with_a_zone_is_read(text: str, instant: int) -> None:
    assert from_text(text) == instant


def test_early_years_keep_four_digits() -> None:
    assert to_text(from_text("0999-01-01T00:00:00Z")) == "0999-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T08:30:00",
        "2026-02-30T00:00:00Z",
        "2026-11-21T25:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+23:00",
        "٢٠٢٦-11-21T08:30:00Z",
        "yesterday",
        "1795249800",
        "\ud800",
        "9" * 100_000,
    ],
)
def test_a_time_without_a_zone_or_out_of_range_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="is not a time such as"):
        from_text(text)


@given(st.text())
def test_no_text_makes_another_error_than_malformed(text: str) -> None:
    try:
        to_text(from_text(text))
    except Malformed:
        return


def test_the_day_is_that_of_utc() -> None:
    assert day_of(from_text("2026-11-21T00:30:00+01:00")) == "2026-11-20"


def test_a_manual_clock_moves_only_when_it_is_told_to(manual_clock: ManualClock) -> None:
    start = manual_clock.now()
    assert manual_clock.now() == start
    manual_clock.advance(DAY)
    assert manual_clock.now() == start + DAY
    with pytest.raises(AssertionError):
        manual_clock.advance(-1)


def test_the_system_clock_counts_microseconds_of_this_century() -> None:
    clock = SystemClock()
    first = clock.now()
    time.sleep(0.001)
    assert from_text("2026-01-01T00:00:00Z") < first < clock.now() < from_text("2100-01-01T00:00:00Z")
