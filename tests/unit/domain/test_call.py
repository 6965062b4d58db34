# SPDX-License-Identifier: Apache-2.0
"""When a call is told, and to whom: as it is written, no step made up for, and bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import DAY, HOUR, MINUTE, Instant
from tocsin.config.waking import Wake
from tocsin.domain.call import UNHURRIED, Call, Cause, Reach, Step, due, parse_schedule, reached
from tocsin.domain.warning import Urgency
from tocsin.errors import ConfigError

WRITTEN = ("0 on-call", "5 on-call", "15 next", "30 next", "60 everybody")
PEOPLE = ("Ann", "Bo", "Cy", "Dee")


def call(opened: int = 0, told: int = 0, urgency: Urgency = Urgency.URGENT) -> Call:
    return Call(12, Cause.WARNING, "chn/1", urgency, Instant(opened), told, Instant(0), Instant(0))


def test_a_schedule_is_read_as_it_is_written() -> None:
    steps = parse_schedule(WRITTEN)
    assert [step.after // MINUTE for step in steps] == [0, 5, 15, 30, 60]
    assert [step.reach for step in steps[1:3]] == [Reach.ON_CALL, Reach.NEXT]


@pytest.mark.parametrize(
    "lines",
    [(), ("0 on-call",) * 2, ("5 on-call", "0 next"), ("soon everybody",), ("99999 next",), ("0 on-call, next",),
     tuple(f"{n} next" for n in range(21))],
    ids=["empty", "twice", "backwards", "no number", "too late", "two in one", "too many"],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        parse_schedule(lines)


@pytest.mark.parametrize(
    ("minutes", "steps", "people"),
    [(0, 1, ["Ann"]), (4, 1, ["Ann"]), (5, 2, ["Ann"]), (15, 3, ["Bo"]), (30, 4, ["Cy"]), (60, 5, list(PEOPLE)),
     (9999, 5, list(PEOPLE))],
    ids=str,
)  # fmt: skip
def test_it_goes_from_person_to_person_until_everybody_was_told(
    minutes: int, steps: int, people: list[str]
) -> None:
    schedule = parse_schedule(WRITTEN)
    come = due(schedule, call(), Instant(minutes * MINUTE))
    assert come == steps
    assert list(reached(schedule, come - 1, PEOPLE)) == people


def test_where_there_is_nobody_further_the_last_one_is_told() -> None:
    schedule = parse_schedule(WRITTEN)
    assert list(reached(schedule, 3, ("Ann", "Bo"))) == ["Bo"]
    assert list(reached(schedule, 3, ("Ann",))) == ["Ann"]


def test_what_is_not_urgent_is_left_for_a_quarter_of_an_hour_and_told_three_times_at_most() -> None:
    patient = call(urgency=Urgency.ROUTINE)
    assert not patient.is_urgent
    times = (14 * MINUTE, 15 * MINUTE, 23 * HOUR, DAY, 3 * DAY, 90 * DAY)
    assert [due(UNHURRIED, patient, Instant(at)) for at in times] == [0, 1, 1, 2, 3, 3]


def test_the_schedule_that_stands_in_the_settings_is_one() -> None:
    assert parse_schedule(Wake(people=()).schedule)[0] == Step(0, Reach.ON_CALL)


@given(st.integers(0, 2**50), st.integers(0, 2**50))
def test_time_only_brings_steps(opened: int, later: int) -> None:
    schedule, one = parse_schedule(WRITTEN), call(opened)
    assert due(schedule, one, Instant(opened)) <= due(schedule, one, Instant(opened + later)) <= len(WRITTEN)


def test_its_reference_is_its_number() -> None:
    assert call().ref == "W-12"
