# SPDX-License-Identifier: Apache-2.0
"""Two systems, each in its one spelling; nothing is converted and nothing is guessed."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.domain.grading import Grading, System, parse_grading
from tocsin.errors import Malformed

ADMIRALTY = ["".join(one) for one in product("ABCDEF", "123456")]
UK = ["".join(one) for one in product("123", "ABCDE", "PC")]
ALL = [*(f"admiralty:{one}" for one in ADMIRALTY), *(f"3x5x2:{one}" for one in UK)]


def test_there_are_as_many_grades_as_the_systems_have() -> None:
    assert (len(ADMIRALTY), len(UK)) == (36, 30)


@pytest.mark.parametrize("text", ALL)
def test_every_grade_is_shown_as_it_was_given(text: str) -> None:
    assert str(parse_grading(text)) == text


def test_no_two_grades_say_the_same() -> None:
    assert len({parse_grading(text).words() for text in ALL}) == len(ALL)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("admiralty:A1", "completely reliable; confirmed by other sources"),
        ("admiralty:B2", "usually reliable; probably true"),
        ("admiralty:C3", "fairly reliable; possibly true"),
        ("admiralty:D4", "not usually reliable; doubtful"),
        ("admiralty:E5", "unreliable; improbable"),
        ("admiralty:F6", "reliability cannot be judged; truth cannot be judged"),
        ("3x5x2:1AP", "reliable; known directly to the source; sharing permitted"),
        (
            "3x5x2:2BC",
            "untested; known indirectly to the source but corroborated; sharing permitted with conditions",
        ),
        ("3x5x2:3CP", "not reliable; known indirectly to the source; sharing permitted"),
        ("3x5x2:1DP", "reliable; not known; sharing permitted"),
        ("3x5x2:1EP", "reliable; suspected to be false; sharing permitted"),
    ],
)
def test_a_grade_is_explained_in_its_own_system_s_words(text: str, words: str) -> None:
    assert parse_grading(text).words() == words


@given(st.text(max_size=20) | st.from_regex(r"(admiralty|3x5x2):[A-Z0-9]{0,4}", fullmatch=True))
@example("")
@example("B2")
@example("admiralty")
@example("admiralty:")
@example("admiralty:b2")
@example("admiralty:2B")
@example("admiralty:B7")
@example("admiralty:B22")
@example("admiralty:G1")
@example("admiralty:1AP")
@example("3x5x2:1A")
@example("3x5x2:1AX")
@example("3x5x2:4AP")
@example("3x5x2:1-A-P")
@example("3×5×2:1AP")
@example("5x5x5:B22")
@example(" admiralty:B2")
@example("admiralty:B2\n")
def test_every_other_text_is_malformed_and_never_guessed(text: str) -> None:
    if text in ALL:
        return
    with pytest.raises(Malformed):
        parse_grading(text)


@pytest.mark.parametrize(("system", "grade"), [(System.ADMIRALTY, "1AP"), (System.UK_352, "B2")])
def test_a_grade_of_the_other_system_is_malformed(system: System, grade: str) -> None:
    with pytest.raises(Malformed, match=f"no {system} grade"):
        Grading(system, grade)


def test_a_refusal_names_an_example_and_no_more_of_the_text_than_a_line() -> None:
    with pytest.raises(Malformed, match="admiralty:B2") as refused:
        parse_grading("x" * 1_000)
    assert len(str(refused.value)) < 200
