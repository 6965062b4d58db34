# SPDX-License-Identifier: Apache-2.0
"""What is not in a disclosure cannot leak: its fields are a short list, and this test is the place to argue."""

import pytest

from tocsin.domain.disclosure import PARTS, Attack, Disclosure, Indicator


def test_a_disclosure_has_no_field_for_victims_or_money() -> None:
    assert Disclosure.__struct_fields__ == (
        "report_id",
        "attack",
        "happened",
        "indicators",
        "external_ids",
        "marking",
        "grading",
        "text",
    )
    assert Indicator.__struct_fields__ == ("observable", "part")


def test_the_parts_an_indicator_plays_are_single_words_of_a_vocabulary() -> None:
    assert {part.replace("-", "").isalnum() for part in PARTS} == {True}
    assert "text" not in PARTS, "a value that is only mentioned does not leave"


@pytest.mark.parametrize("word", Attack)
def test_kinds_of_attack_are_words_that_can_stand_in_a_label(word: Attack) -> None:
    assert word.isascii()
    assert word.isalpha()
    assert word.islower()
