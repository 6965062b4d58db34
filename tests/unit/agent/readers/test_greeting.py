# SPDX-License-Identifier: Apache-2.0
"""The words after a greeting are a name when they look like one; what is said to everybody names nobody."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers import greeting
from tocsin.agent.readers.greeting import MAX_GREETINGS, MAX_NUMBERS, told_in, visible

NAMED = [
    ("Dear Helen Marsh,\nYour account", "Helen Marsh"),
    ("DEAR HELEN MARSH, YOUR ACCOUNT", "HELEN MARSH"),
    ("dear Mr. J. Marsh,", "J Marsh"),
    ("Dear\n\n  Helen\n Marsh,", "Helen Marsh"),
    ("Northbridge Bank Dear Helen Marsh, Your account", "Helen Marsh"),
    ("Hi Helen! Please", "Helen"),
    ("Hi hmarsh17,", "hmarsh17"),
    ("Dear helen.marsh@northbridge.example Your", "helen.marsh"),
    ("Dear Valued Customer Helen Marsh, we", "Helen Marsh"),
    ("Dear D\u200bavid O'Neil,", "David O'Neil"),
    ("Sehr geehrter Herr Groß,", "Groß"),
    ("Sehr geehrte/r Anna Blume, trotz", "Anna Blume"),
    ("Guten Tag Björn Groß, Ihre", "Björn Groß"),
    ("Olá, João", "João"),
    ("Olá, João Você ganhou", "João"),
    ("Prezado(a) João da Silva, devido", "João da Silva"),
    ("Bonjour Mme Dupont,", "Dupont"),
    ("Estimado Sr. Pérez:", "Pérez"),
    ("Gentile Signora Maria Rossi,", "Maria Rossi"),
    ("Beste Jan van der Berg,", "Jan van der Berg"),
    ("Cliente: Maria Souza\n", "Maria Souza"),
    ("Account holder: Helen Marsh.", "Helen Marsh"),
    ("Helen Marsh, your parcel is waiting", "Helen Marsh"),
    ("Dear 王伟,", "王伟"),
]


@pytest.mark.parametrize(("text", "name"), NAMED)
def test_a_name_after_a_greeting_is_taken(text: str, name: str) -> None:
    assert told_in(visible(text))[0][0] == name


@pytest.mark.parametrize(
    "text",
    ["Dear Customer,\nYour account", "Dear Security Team,", "Dear Ledger User, On", "Dear Exodus user,",
     "Sehr geehrter Kunde,", "Sehr geehrte Damen und Herren,", "Liebe/r Kunde", "Estimado/a Cliente:",
     "Prezado(a) Cliente", "Olá, Você ganhou", "Bonjour", "Bonjour,\n\nNous", "Hi there, We saw", "Hello, Your Tax",
     "Hello, Payment Confirmed for", "say hi to Bob", "the name of a dear friend", "Dear {{first_name}},", "Dear",
     "Congratulations, you won", "We're sorry, but", "Important notice, read", "Dear Sir or Madam,", ""],
)  # fmt: skip
def test_what_is_said_to_everybody_names_nobody(text: str) -> None:
    assert told_in(text)[0] == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Guten Tag Björn Groß, Ihre Kundennummer 88213, geb. 02.04.1978", ["88213", "02.04.1978"]),
        ("Dear Helen, your card ending 4521, valid to 2027", ["4521"]),
        ("Dear Helen, your account AB-1234 or 12 34 56", ["AB-1234", "12 34 56"]),
        ("Dear Helen, see https://evil.example/12345/x?id=99999 now", []),
        ("no greeting 88213", []),
        ("Dear Helen, " + "x " * 200 + "88213", []),
    ],
)
def test_the_numbers_told_near_a_greeting_are_taken(text: str, numbers: list[str]) -> None:
    assert told_in(text)[1] == numbers


def test_a_subjects_numbers_count_wherever_they_stand() -> None:
    assert told_in("Invoice 2026/88213", everywhere=True)[1] == ["2026/88213"]


def test_greetings_and_numbers_are_bounded() -> None:
    assert len(told_in("Dear Helen,\n" * 500)[0]) == MAX_GREETINGS
    numbers = " ".join(map(str, range(10_000, 11_000)))
    assert len(told_in(numbers, everywhere=True)[1]) <= MAX_NUMBERS


@pytest.mark.parametrize(
    "unit", ["Dear ", "dear a", "A", "Name : ", "good good ", "(", "12 34 ", "1.2.", "Dear A b C ", " \n\t"]
)
def test_no_text_makes_the_search_slow(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    start = time.process_time()
    told_in(text, everywhere=True)
    assert time.process_time() - start < 2


@given(st.text(max_size=500))
def test_any_text_can_be_searched(text: str) -> None:
    for start in ("", "Dear ", "Olá, ", "Name: "):
        assert all(told_in(start + text)[0])
        assert all(told_in(start + text)[1])


PLAINLY = re.compile(
    r"(?<![\w@])(?:(?<![^\n\r>])(?=[a-z])|(?=(?-i:[A-Z])))"
    rf"(?:(?:{greeting._GREETINGS})(?!\w)(?:\s?\([\w/]{{1,3}}\)|/\w{{1,3}})?[\s,;:.!-]{{0,6}}|(?:{greeting._LABELS})\s?:\s?)",
    re.IGNORECASE,
)
"""The expression as one would write it; those of the product find the same and are several times faster."""
_PIECES = ["dear", "Dear", "DEAR", "good morning", "Good", "sehr geehrte", "Sehr Geehrte", "olá", "Name", "name",
           "cliente", "Sr(a)", "(a)", "/in", "Guten Tag", "hi", "Hi"]  # fmt: skip


@given(st.lists(st.sampled_from([*_PIECES, *" :,\n\r>@_ax."]), max_size=16).map("".join))
def test_what_is_written_for_speed_finds_what_the_plain_expression_does(text: str) -> None:
    assert list(greeting._greetings_in(text)) == [one.end() for one in PLAINLY.finditer(text)]
