# SPDX-License-Identifier: Apache-2.0
"""A name is found however it is written into a link, and a common word is no name."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers import people
from tocsin.agent.readers.people import is_ordinary, says_what_one_is, spellings_of
from tocsin.domain.folding import plain


def test_the_example_in_its_own_words_is_true() -> None:
    assert doctest.testmod(people).failed == 0


@pytest.mark.parametrize(
    "spelling", ["helen", "marsh", "helenmarsh", "marshhelen", "hmarsh", "marshh", "helenm", "mhelen"]
)
@pytest.mark.parametrize("name", ["Helen Marsh", "MARSH, Helen", "Ms Helen Marsh", "Helen Marsh (Customer)"])
def test_a_name_is_written_in_many_ways(name: str, spelling: str) -> None:
    assert spelling in spellings_of(name)


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("Björn Groß", {"bjorn", "bjoern", "gross", "bgross", "bjorngross", "grossbjoern"}),
        ("Bjoern Gross", {"bjorn", "bjoern", "gross", "bjorngross"}),
        ("Bjo\u0308rn", {"bjorn", "bjoern"}),
        ("João da Silva", {"joao", "silva", "jsilva", "joaosilva", "joaodasilva", "silvaj"}),
        ("Søren Ærø", {"soren", "soeren", "aro", "aeroe"}),
        ("Helen J. Marsh", {"hmarsh", "helenmarsh", "helenjmarsh"}),
        ("Al Doe", {"doe", "aldoe", "adoe", "doea"}),
        ("Anna-Lena O'Neil", {"anna", "lena", "annalena", "neil", "aneil"}),
        ("王伟", {"王伟"}),
    ],
)
def test_accents_particles_and_short_names(name: str, spellings: set[str]) -> None:
    assert spellings <= spellings_of(name)


@pytest.mark.parametrize(
    "name",
    ["Security Team", "Customer", "Kunde", "Valued Customer", "Undisclosed recipients", "Sehr geehrte Damen",
     "Cliente", "Account Update", "Support", "Your Account", "", "...", "Mr", "X", "42"],
)  # fmt: skip
def test_what_names_nobody_has_no_spelling(name: str) -> None:
    assert spellings_of(name) == frozenset()


def test_an_ordinary_word_stands_for_a_person_only_beside_the_other_name() -> None:
    found = spellings_of("Helen Page")
    assert "page" not in found
    assert {"helen", "helenpage", "hpage", "pagehelen"} <= found


def test_words_are_looked_up_without_accents_and_short_forms() -> None:
    assert says_what_one_is("SEÑOR")
    assert is_ordinary("Você")
    assert is_ordinary("We're")
    assert not is_ordinary("O'Neil")


@given(st.text(max_size=200))
def test_spellings_are_few_folded_and_never_short(name: str) -> None:
    found = spellings_of(name)
    assert len(found) < 150
    assert all(plain(spelling) == spelling and len(spelling) > 1 for spelling in found)
