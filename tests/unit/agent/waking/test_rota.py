# SPDX-License-Identifier: Apache-2.0
"""Who is on call: by day and night, over holidays and changed clocks, and never nobody."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.waking.rota import Rota
from tocsin.clock import MINUTE, SECOND, Instant, from_text
from tocsin.config.waking import Person, Shift, ShiftChange, Wake
from tocsin.errors import ConfigError

ANN, BO, CY, DEE = (Person(name, (f"{name.lower()}@bank.example",)) for name in ("Ann", "Bo", "Cy", "Dee"))
WORK_DAYS = ("mon", "tue", "wed", "thu", "fri")
DAY = Shift(days=WORK_DAYS, begin="08:00", end="18:00", people=("Ann", "Bo"))
NIGHT = Shift(days=WORK_DAYS, begin="18:00", end="08:00", people=("Cy",))
WEEKEND = Shift(days=("sat", "sun"), begin="08:00", end="08:00", people=("Dee",))
HOLIDAY = Shift(days=("holiday",), begin="00:00", end="00:00", people=("Bo",))
WAKE = Wake(
    people=(ANN, BO, CY, DEE),
    shifts=(HOLIDAY, DAY, NIGHT, WEEKEND),
    time_zone="Europe/London",
    holidays=("2026-12-25",),
)


def wake(**changes: object) -> Wake:
    return msgspec.structs.replace(WAKE, **changes)


def at(local: str, zone: str = "Europe/London", fold: int = 0) -> Instant:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return Instant(int(moment.timestamp()) * SECOND)


@pytest.mark.parametrize(
    ("local", "first"),
    [
        ("2026-11-30 08:00", "Ann"),
        ("2026-11-30 17:59", "Ann"),
        ("2026-11-30 18:00", "Cy"),
        ("2026-12-01 07:59", "Cy"),
        ("2026-12-05 07:59", "Cy"),
        ("2026-12-05 08:00", "Dee"),
        ("2026-12-07 07:59", "Dee"),
        ("2026-12-07 08:00", "Ann"),
        ("2026-12-25 12:00", "Bo"),
        ("2026-12-25 23:59", "Bo"),
        ("2026-12-26 00:00", "Ann"),
    ],
)
def test_the_shift_that_covers_the_moment_says_who(local: str, first: str) -> None:
    assert Rota(WAKE).on_call(at(local))[0] == first


def test_behind_the_shift_come_all_others_so_that_somebody_is_next() -> None:
    assert Rota(WAKE).on_call(at("2026-11-30 09:00")) == ("Ann", "Bo", "Cy", "Dee")
    assert Rota(WAKE).on_call(at("2026-11-30 19:00")) == ("Cy", "Ann", "Bo", "Dee")


def test_where_no_shift_is_everybody_is_called_in_their_order() -> None:
    assert Rota(wake(shifts=())).on_call(at("2026-11-30 09:00")) == ("Ann", "Bo", "Cy", "Dee")


def test_a_change_counts_before_the_shifts_and_the_last_of_several() -> None:
    changes = (
        ShiftChange("2026-12-24 18:00", "2026-12-27 08:00", ("Dee", "Ann")),
        ShiftChange("2026-12-25 00:00", "2026-12-26 00:00", ("Cy",)),
    )
    rota = Rota(wake(changes=changes))
    asked = (
        "2026-12-24 17:59",
        "2026-12-24 18:00",
        "2026-12-25 10:00",
        "2026-12-26 10:00",
        "2026-12-27 08:00",
    )
    assert [rota.on_call(at(one))[0] for one in asked] == ["Ann", "Dee", "Cy", "Dee", "Dee"]
    assert rota.on_call(at("2026-12-28 10:00"))[0] == "Ann"


def test_people_take_turns_by_the_week() -> None:
    week = Shift(
        days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        begin="09:00",
        end="09:00",
        people=("Ann", "Bo", "Cy"),
        turns_since="2026-12-02",
    )
    rota = Rota(wake(shifts=(week,), holidays=()))
    mondays = (
        "2026-11-30 09:00",
        "2026-12-07 08:59",
        "2026-12-07 09:00",
        "2026-12-14 09:00",
        "2026-12-21 09:00",
    )
    assert [rota.on_call(at(one))[0] for one in mondays] == ["Ann", "Ann", "Bo", "Cy", "Ann"]
    assert rota.on_call(at("2026-11-23 09:00"))[0] == "Cy", "and before that week, backwards"


def test_on_the_night_on_which_clocks_go_back_the_doubled_hour_belongs_to_one_shift() -> None:
    """25 October 2026: 01:00 to 02:00 comes twice in London."""
    late = Shift(days=("sun",), begin="00:00", end="01:30", people=("Ann",))
    early = Shift(days=("sun",), begin="01:30", end="09:00", people=("Bo",))
    rota = Rota(wake(shifts=(late, early)))
    asked = [
        at("2026-10-25 01:15"),
        at("2026-10-25 01:45"),
        at("2026-10-25 01:15", fold=1),
        at("2026-10-25 01:45", fold=1),
    ]
    assert asked == sorted(asked)
    assert [rota.on_call(one)[0] for one in asked] == ["Ann", "Bo", "Ann", "Bo"]
    assert rota.on_call(at("2026-10-25 02:00"))[0] == "Bo"


def test_on_the_night_on_which_they_go_forward_a_shift_begins_when_the_missing_hour_is_over() -> None:
    """28 March 2027: after 00:59 comes 02:00 in London."""
    late = Shift(days=("sat",), begin="20:00", end="01:30", people=("Ann",))
    early = Shift(days=("sun",), begin="01:30", end="09:00", people=("Bo",))
    rota = Rota(wake(shifts=(late, early)))
    before = from_text("2027-03-28T00:59:00Z")
    assert rota.wall(before).isoformat() == "2027-03-28T00:59:00"
    after = Instant(before + MINUTE)
    assert rota.wall(after).isoformat() == "2027-03-28T02:00:00"
    assert (rota.on_call(before)[0], rota.on_call(after)[0]) == ("Ann", "Bo")


@given(
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_at_every_moment_everybody_is_called_once_and_somebody_is_first(zone: str, moment: datetime) -> None:
    rota = Rota(wake(time_zone=zone))
    order = rota.on_call(Instant(int(moment.timestamp()) * SECOND))
    assert sorted(order) == ["Ann", "Bo", "Cy", "Dee"]


@given(st.datetimes(datetime(2026, 3, 1), datetime(2027, 4, 1)), st.integers(1, 10))
def test_the_rota_for_some_days_says_what_each_of_its_moments_says(begin: datetime, days: int) -> None:
    rota = Rota(wake(time_zone="UTC"))
    start = Instant(int(begin.replace(tzinfo=UTC).timestamp()) * SECOND)
    spans = list(rota.days(start, days))
    assert spans[0].begin == rota.wall(start)
    assert spans[-1].end == rota.wall(start) + timedelta(days=days)
    for one, following in itertools.pairwise(spans):
        assert one.end == following.begin
        assert one.people != following.people
    for one in spans:
        for edge in (one.begin, one.end - timedelta(seconds=1)):
            assert rota.on_call(Instant(int(edge.replace(tzinfo=UTC).timestamp()) * SECOND)) == one.people


@pytest.mark.parametrize(
    ("local", "quiet"),
    [
        ("2026-11-30 06:59", True),
        ("2026-11-30 07:00", False),
        ("2026-11-30 19:59", False),
        ("2026-11-30 20:00", True),
        ("2026-12-05 12:00", True),
        ("2026-12-25 12:00", True),
    ],
)
def test_quiet_hours_are_nights_weekends_and_holidays(local: str, quiet: bool) -> None:
    assert Rota(WAKE).is_quiet(at(local)) is quiet


def test_quiet_hours_that_end_as_they_begin_are_none() -> None:
    rota = Rota(wake(quiet_begin="08:00", quiet_end="08:00", quiet_days=()))
    assert not any(rota.is_quiet(at(f"2026-11-30 {hour:02}:00")) for hour in range(24))


def test_quiet_hours_within_one_day() -> None:
    rota = Rota(wake(quiet_begin="12:00", quiet_end="13:00", quiet_days=()))
    assert [rota.is_quiet(at(f"2026-11-30 {one}")) for one in ("11:59", "12:00", "12:59", "13:00")] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"holidays": ("2026-02-30",)}, "no day that there is"),
        ({"shifts": (msgspec.structs.replace(DAY, people=("Zed",)),)}, "Zed, who is none of"),
        ({"shifts": (msgspec.structs.replace(DAY, people=()),)}, "has nobody"),
        ({"changes": (ShiftChange("tomorrow", "2026-12-27 08:00", ("Ann",)),)}, "no time such as"),
        ({"changes": (ShiftChange("2026-12-27 08:00", "2026-12-26 08:00", ("Ann",)),)}, "ends before"),
        ({"people": (ANN, ANN, BO, CY, DEE)}, "one name"),
        ({"people": (), "shifts": ()}, "1 to 100"),
    ],
    ids=["zone", "path", "day", "stranger", "nobody", "words", "backwards", "namesake", "no people"],
)
def test_a_rota_that_cannot_be_meant_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Rota(wake(**changes))
