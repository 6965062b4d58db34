# SPDX-License-Identifier: Apache-2.0
"""When there is more than a product takes, room is shared: no flood pushes out what others said."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.shields.cap import within
from tocsin.clock import DAY, HOUR, Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.hooks import Blocked

NOW = Instant(1_800_000_000_000_000)
GOOD = 20_000
CAP = 100_000
MILLION = 1_000_000


def one(value: str, since: int, fact: str, source: str = "2-4") -> Blocked:
    at = Instant(since)
    return Blocked(Observable(Kind.DOMAIN, value), "2-4 named sources", fact, at, Instant(NOW + DAY), source)


def newest_first(values: list[Blocked]) -> list[Blocked]:
    return sorted(values, key=lambda each: (-each.since, each.observable))


def good(chance: random.Random) -> list[Blocked]:
    """A month of honest reports, of one to forty values each."""
    values: list[Blocked] = []
    while len(values) < GOOD:
        since, fact = NOW - chance.randrange(30 * DAY), f"rpt_{len(values)}"
        values += [one(f"good-{len(values) + n}.example", since, fact) for n in range(chance.randint(1, 40))]
    return values


def delivered(values: list[Blocked]) -> float:
    """The share of the good ones that a file of the cap holds."""
    wanted = sum(each.observable.value.startswith("good-") for each in values)
    held = within(CAP, newest_first(values))
    assert len(held) <= CAP
    return sum(each.observable.value.startswith("good-") for each in held) / wanted


def test_a_million_values_of_one_afternoon_cost_no_good_one() -> None:
    chance = random.Random(1)
    flood = [
        one(f"junk-{n}.example", NOW - 2 * DAY - chance.randrange(4 * HOUR), f"flood_{n // 1_000}")
        for n in range(MILLION)
    ]
    assert delivered([*good(chance), *flood]) >= 0.99


def test_a_million_values_in_large_reports_over_a_month_cost_no_good_one() -> None:
    chance = random.Random(2)
    times = [NOW - chance.randrange(30 * DAY) for _ in range(MILLION // 1_000)]
    flood = [one(f"junk-{n}.example", times[n // 1_000], f"flood_{n // 1_000}") for n in range(MILLION)]
    assert delivered([*good(chance), *flood]) >= 0.99


def test_one_agency_that_warns_of_everything_leaves_room_for_the_others() -> None:
    chance = random.Random(3)
    flood = [one(f"junk-{n}.example", NOW - n, f"wrn_{n // 1_000}", "prt_bad") for n in range(MILLION)]
    warned = [one(f"good-w{n}.example", NOW - 20 * DAY, "wrn_good", "prt_police") for n in range(1_000)]
    assert delivered([*good(chance), *warned, *flood]) == 1


VALUES = st.lists(
    st.tuples(st.integers(0, 30 * 24), st.integers(0, 9), st.sampled_from(["2-4", "20+", "prt_a"])),
    max_size=80,
).map(
    lambda drawn: newest_first(
        [one(f"v{n}.example", NOW - hour * HOUR, f"rpt_{fact}", s) for n, (hour, fact, s) in enumerate(drawn)]
    )
)


@given(VALUES, st.integers(0, 100))
def test_a_file_is_as_full_as_it_may_be_and_keeps_the_order(values: list[Blocked], cap: int) -> None:
    held = within(cap, values)
    assert len(held) == min(cap, len(values))
    assert held == [each for each in values if each in held]


@given(VALUES, st.integers(0, 100))
def test_nobody_has_more_than_another_who_wanted_more(values: list[Blocked], cap: int) -> None:
    held = Counter(each.source for each in within(cap, values))
    wanted = Counter(each.source for each in values)
    for source, count in wanted.items():
        if held[source] < count:  # it went short: nobody else has more, but for what did not divide
            assert all(held[source] + len(wanted) >= have for have in held.values())
