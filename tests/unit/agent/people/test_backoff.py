# SPDX-License-Identifier: Apache-2.0
"""The lock-out rule: what an attacker gets at most, and a person at worst, whatever is tried when."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.people.house import people_in

from tocsin.agent.people import backoff
from tocsin.agent.people.backoff import ACCOUNT, ADDRESS, NONE, Failures, Rule, counted, is_open, wait
from tocsin.clock import DAY, HOUR, MINUTE, SECOND, Instant
from tocsin.privacy.box import Box

BOX = Box(bytes(32), bytes)
RULES = pytest.mark.parametrize("rule", [ACCOUNT, ADDRESS], ids=lambda rule: rule.kind)
GAPS = st.lists(st.integers(0, 20 * MINUTE), max_size=60)


def looked_at(rule: Rule, gaps: Sequence[int]) -> list[Instant]:
    """When tries at these distances are looked at, every one of them failing."""
    now, state, times = Instant(DAY), NONE, []
    for gap in gaps:
        now = Instant(now + gap)
        if is_open(rule, state, now):
            state = counted(rule, state, now)
            times.append(now)
    return times


@RULES
def test_the_first_failures_cost_nothing_and_each_later_one_twice_the_one_before(rule: Rule) -> None:
    assert [wait(rule, failures) for failures in range(rule.free)] == [0] * rule.free
    waits = [wait(rule, rule.free + more) for more in range(12)]
    assert waits[0] == rule.first
    assert all(later == min(2 * one, rule.longest) for one, later in pairwise(waits))
    assert wait(rule, 10**9) == rule.longest


@RULES
@given(gaps=GAPS)
def test_nobody_guesses_more_often_than_the_rule_says(rule: Rule, gaps: list[int]) -> None:
    times = looked_at(rule, gaps)
    doublings = (rule.longest // rule.first).bit_length()
    for first, begin in enumerate(times):
        within = [one for one in times[first:] if one < begin + rule.forgotten]
        assert len(within) <= rule.free + doublings + rule.forgotten // rule.longest + 1


@RULES
@given(gaps=GAPS, after=st.integers(0, DAY))
def test_nobody_is_kept_out_longer_than_the_bound_after_the_last_try_that_counted(
    rule: Rule, gaps: list[int], after: int
) -> None:
    state, now = NONE, Instant(DAY)
    for gap in gaps:
        now = Instant(now + gap)
        if is_open(rule, state, now):
            state = counted(rule, state, now)
    assert is_open(rule, state, Instant(state.at + rule.longest + after))


@RULES
@given(failures=st.integers(0, 1000), back=st.integers(1, 400 * DAY))
def test_a_clock_that_is_set_back_keeps_nobody_out(rule: Rule, failures: int, back: int) -> None:
    at = Instant(500 * DAY)
    assert is_open(rule, Failures(failures, at), Instant(at - back))


@RULES
def test_a_quiet_while_forgets(rule: Rule) -> None:
    many = Failures(100, Instant(DAY))
    assert counted(rule, many, Instant(DAY + rule.forgotten)).failures == 1
    assert counted(rule, many, Instant(DAY + rule.forgotten - 1)).failures == 101


def test_names_of_nobody_share_a_bounded_number_of_places() -> None:
    keys = {backoff.account_key(BOX, None, f"nobody {number}") for number in range(5_000)}
    assert len(keys) <= backoff.NOBODY
    assert len(backoff.account_key(BOX, "per_" + "1" * 32, "Ada")) == 32


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("nonsense", "", True),
        ("192.0.2.7", "nonsense", False),
    ],
)
def test_an_address_is_what_one_subscriber_has(one: str, other: str, same: bool) -> None:
    assert (backoff.address_key(BOX, one) == backoff.address_key(BOX, other)) is same


def test_a_flood_of_addresses_is_bounded_and_pushes_no_account_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "MOST_ADDRESSES", 50)
    with people_in(tmp_path / "ayr") as house, house.store.transaction("flood") as tx:
        backoff.keep(tx, ACCOUNT, b"ada", Failures(9, Instant(DAY)))
        for number in range(200):
            backoff.keep(tx, ADDRESS, number.to_bytes(2), Failures(1, Instant(DAY + number * SECOND)))
        backoff.tidy(tx, Instant(DAY + 200 * SECOND))
        left = [number for number in range(200) if backoff.of(tx, ADDRESS, number.to_bytes(2)) != NONE]
        assert left == list(range(150, 200))
        assert backoff.of(tx, ACCOUNT, b"ada").failures == 9
        backoff.tidy(tx, Instant(DAY + 2 * HOUR))
        assert backoff.of(tx, ADDRESS, (199).to_bytes(2)) == NONE
        assert backoff.of(tx, ACCOUNT, b"ada").failures == 9
