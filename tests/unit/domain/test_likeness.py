# SPDX-License-Identifier: Apache-2.0
"""How many look alike: by table, by property, and what a coarser day or audience makes of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.domain.likeness import Earlier, Grain, Offer, first_day, price
from tocsin.domain.marking import Marking
from tocsin.domain.party import Party, Role, Standing
from tocsin.errors import Malformed

ME = "prt_me"


def party(
    number: int, role: Role = Role.BANK, where: str = "GB", standing: Standing = Standing.ACTIVE
) -> Party:
    return Party(ME if number == 0 else f"prt_{number}", "", role, where, standing, b"", b"")


BANKS = (
    party(0),
    party(1),
    party(2, where="FR"),
    party(3, where="FR"),
    party(4, standing=Standing.SUSPENDED),
    party(5, Role.AGENCY),
)


def told(happened: str = "2026-11-21") -> Disclosure:
    return Disclosure("rpt_" + "0" * 32, Attack.PHISHING, happened, (), (), Marking())


def phish(*days: str) -> tuple[Earlier, ...]:
    return tuple(Earlier(Attack.PHISHING, day) for day in days)


@pytest.mark.parametrize(
    ("audience", "parties"),
    [
        ("members", 4),
        ("all", 4),
        ("role:bank", 4),
        ("role:agency", 4),
        ("jurisdiction:GB", 2),
        ("role:bank+jurisdiction:GB", 2),
        ("jurisdiction:FR", 4),  # a reader there who knows that senders are anywhere
        ("group:north", 0),
        ("party:prt_" + "1" * 32, 0),
    ],
)
def test_readers_think_of_the_active_parties_of_the_senders_role_near_the_audience(
    audience: str, parties: int
) -> None:
    assert price(told(), ME, Role.BANK, (audience,), BANKS, {}).parties == parties


def test_of_several_audiences_the_one_that_leaves_fewest_counts() -> None:
    earlier = {"members": phish("2026-11-21", "2026-11-21"), "jurisdiction:GB": phish("2026-11-21")}
    found = price(told(), ME, Role.BANK, ("members", "jurisdiction:GB"), BANKS, earlier)
    assert (found.parties, found.reports) == (2, 2)


def test_only_reports_of_the_same_attack_and_time_look_alike() -> None:
    others = (Earlier(Attack.DDOS, "2026-11-21"), *phish("2026-11-20", "2026-11-21", "2026-12-01"))
    assert price(told(), ME, Role.BANK, ("members",), BANKS, {"members": others}).reports == 2


def test_a_coarser_day_is_offered_only_where_more_look_alike() -> None:
    near, far = phish("2026-11-20", "2026-11-16"), phish("2026-11-02")
    offers = price(told(), ME, Role.BANK, ("members",), BANKS, {"members": near + far}).offers
    assert offers == (Offer(grain=Grain.WEEK, reports=3), Offer(grain=Grain.MONTH, reports=4))
    only_far = price(told(), ME, Role.BANK, ("members",), BANKS, {"members": far}).offers
    assert only_far == (Offer(grain=Grain.MONTH, reports=2),)
    assert price(told(), ME, Role.BANK, ("members",), BANKS, {}).offers == ()


def test_what_is_told_coarsely_already_is_offered_nothing_finer() -> None:
    found = price(
        told("2026-11-01"),
        ME,
        Role.BANK,
        ("members",),
        BANKS,
        {"members": phish("2026-11-20")},
        grain=Grain.MONTH,
        named=1,
    )
    assert (found.reports, found.offers, found.named) == (2, (), 1)


def test_a_wider_audience_is_offered_to_whoever_tells_its_neighbours_alone() -> None:
    found = price(told(), ME, Role.BANK, ("jurisdiction:GB",), BANKS, {})
    assert found.offers == (Offer(audience="members", parties=4),)


@pytest.mark.parametrize(
    ("day", "week", "month"),
    [
        ("2026-11-21", "2026-11-16", "2026-11-01"),
        ("2026-11-16", "2026-11-16", "2026-11-01"),
        ("2027-01-01", "2026-12-28", "2027-01-01"),
        ("2024-02-29", "2024-02-26", "2024-02-01"),
    ],
)
def test_a_week_begins_on_its_monday_and_a_month_on_its_first(day: str, week: str, month: str) -> None:
    assert [first_day(day, grain) for grain in Grain] == [day, week, month]


def test_what_is_no_day_is_malformed() -> None:
    with pytest.raises(Malformed):
        first_day("2026-02-30", Grain.WEEK)


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(date.isoformat)


@given(DAYS, st.sampled_from(Grain))
def test_the_first_day_is_no_later_and_is_its_own_first_day(day: str, grain: Grain) -> None:
    first = first_day(day, grain)
    assert first_day(first, grain) == first
    assert date.fromisoformat(day) - timedelta(31) < date.fromisoformat(first) <= date.fromisoformat(day)


@given(DAYS, st.lists(DAYS, max_size=30))
def test_whatever_is_offered_really_raises_the_count(day: str, days: list[str]) -> None:
    earlier = {"members": phish(*days)}
    now = price(told(day), ME, Role.BANK, ("members",), BANKS, earlier)
    for offer in now.offers:
        assert offer.grain is not None
        coarse = told(first_day(day, offer.grain))
        then = price(coarse, ME, Role.BANK, ("members",), BANKS, earlier, grain=offer.grain)
        assert then.reports == offer.reports > now.reports
