# SPDX-License-Identifier: Apache-2.0
"""A version takes the listed steps and no other; readers agree on what stands, whatever came first."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.docs.test_data_model import rows

from tocsin.clock import Instant
from tocsin.domain.party import MAY_WARN, Role
from tocsin.domain.warning_life import (
    OFFICERS,
    STEPS,
    State,
    Stated,
    Step,
    contradicts,
    present,
    same_person,
    second_officer,
    standing,
    take,
)
from tocsin.errors import Conflict, Forbidden

VERSIONS = st.builds(
    Stated,
    version=st.integers(1, 4),
    digest=st.sampled_from([b"a", b"b", b"c"]),
    withdrawn=st.booleans(),
)


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_a_step_is_taken_or_refused_with_its_reason(state: State, step: Step) -> None:
    if (state, step) in STEPS:
        assert take(state, step) is STEPS[state, step]
        return
    with pytest.raises(Conflict) as refused:
        take(state, step)
    first, second = refused.value.detail.split(". ", 1)
    assert first.startswith("A warning that is ")
    assert second.endswith(".")


def test_the_data_model_lists_exactly_these_steps() -> None:
    listed = {
        (row[0], row[2], row[1])
        for row in rows("Version of a warning, at its author's")
        if row[2] in list(Step)
    }
    assert listed == {(state, step, after) for (state, step), after in STEPS.items()}


def test_nothing_leads_out_of_an_end() -> None:
    ends = {State.UPDATED, State.WITHDRAWN, State.EXPIRED}
    assert not [state for state, _ in STEPS if state in ends]


@pytest.mark.parametrize("state", State)
def test_only_what_was_issued_expires(state: State) -> None:
    expires = Instant(10)
    assert present(state, expires, Instant(9)) is state
    after = State.EXPIRED if state is State.ISSUED else state
    assert present(state, expires, Instant(10)) is after


def test_every_role_that_warns_has_its_number_of_officers() -> None:
    assert set(OFFICERS) == MAY_WARN
    assert OFFICERS[Role.AGENCY] == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ana Ferreira", "ana  ferreira ", True),
        ("Zoë", "Zoe\u0308", True),
        ("Ana Ferreira", "Anna Ferreira", False),
        ("", " ", True),
    ],
)
def test_a_person_is_one_however_the_name_is_typed(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
    if same:
        with pytest.raises(Forbidden, match="another officer"):
            second_officer(one, other, 2)
    else:
        second_officer(one, other, 2)
    second_officer(one, other, 1)


def test_without_a_version_nothing_stands() -> None:
    assert standing([]) is None


@pytest.mark.parametrize(
    ("held", "stands"),
    [
        ([(1, b"a", False), (2, b"b", False)], (2, b"b", False)),
        ([(2, b"b", False), (1, b"a", False), (1, b"a", False)], (2, b"b", False)),
        ([(1, b"a", False), (3, b"w", True), (2, b"b", False)], (3, b"w", True)),
        # a withdrawal is final, even against what was signed after it
        ([(4, b"d", False), (3, b"w", True)], (3, b"w", True)),
        ([(3, b"w", True), (5, b"x", True)], (3, b"w", True)),
        # two contents under one number: the smaller digest, and a withdrawal before anything
        ([(2, b"b", False), (2, b"a", False)], (2, b"a", False)),
        ([(2, b"a", False), (2, b"b", True)], (2, b"b", True)),
    ],
)
def test_what_stands(held: list[tuple[int, bytes, bool]], stands: tuple[int, bytes, bool]) -> None:
    assert standing([Stated(*one) for one in held]) == Stated(*stands)


@given(st.lists(VERSIONS, max_size=8), st.randoms())
def test_the_order_of_arrival_and_repeats_change_nothing(held: list[Stated], dice) -> None:
    shuffled = held + held[: len(held) // 2]
    dice.shuffle(shuffled)
    assert standing(shuffled) == standing(held)


@given(st.lists(VERSIONS, min_size=1, max_size=8))
def test_an_older_version_never_stands_beside_a_later_one(held: list[Stated]) -> None:
    stands = standing(held)
    assert stands is not None
    assert stands.withdrawn or stands.version == max(one.version for one in held)
    assert stands.withdrawn or not any(one.withdrawn for one in held)


@given(VERSIONS, st.lists(VERSIONS, max_size=6))
def test_a_replay_contradicts_nothing_and_a_second_content_always_does(
    new: Stated, held: list[Stated]
) -> None:
    said = contradicts(new, held)
    twice = any(one.version == new.version and one != new for one in held)
    assert ("two different contents" in said) is twice


def test_a_version_after_a_withdrawal_is_told_in_either_order() -> None:
    gone, later = Stated(2, b"w", withdrawn=True), Stated(3, b"x", withdrawn=False)
    assert "withdrawn" in contradicts(later, [gone])
    assert "withdrawn" in contradicts(gone, [later])
    assert contradicts(gone, [Stated(1, b"a", withdrawn=False)]) == ""
