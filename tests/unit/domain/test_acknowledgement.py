# SPDX-License-Identifier: Apache-2.0
"""An answer says more or nothing new, and others learn bands."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.docs.test_data_model import rows

from tocsin.domain.acknowledgement import COUNTED_TO, Answer, Answers, answers_of, says_more
from tocsin.domain.level import Band

COUNTS = st.dictionaries(st.sampled_from(Answer), st.integers(0, 60))
_BANDS = list(Band)


@pytest.mark.parametrize(("before", "answer"), list(product([None, *Answer], Answer)))
def test_the_steps_are_those_of_the_data_model(before: Answer | None, answer: Answer) -> None:
    listed = {(row[0], row[1]) for row in rows("Answer of a party to a version of a warning")}
    assert says_more(before, answer) is ((before or "(none)", answer) in listed)


def test_whoever_answered_anything_has_received() -> None:
    counts = {Answer.RECEIVED: 1, Answer.ACTED: 1, Answer.NOT_AFFECTED: 3}
    assert answers_of(counts) == Answers(Band.SEVERAL, Band.ONE, Band.FEW)
    assert answers_of({}) == Answers(Band.NONE, Band.NONE, Band.NONE)


@given(COUNTS)
def test_no_band_of_answers_is_above_the_band_of_those_who_received(counts: dict[Answer, int]) -> None:
    found = answers_of(counts)
    assert _BANDS.index(found.received) >= max(_BANDS.index(found.acted), _BANDS.index(found.not_affected))


@given(COUNTS)
def test_counting_further_than_the_widest_band_changes_nothing(counts: dict[Answer, int]) -> None:
    short = {answer: min(count, COUNTED_TO) for answer, count in counts.items()}
    assert answers_of(short) == answers_of(counts)
