# SPDX-License-Identifier: Apache-2.0
"""What leaves by mail or pager is made of a few words, references, numbers and a code: nothing else can get into it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.waking.codes import LETTERS, SIZE, is_code, new_code
from tocsin.agent.waking.words import SHOWN, TEST, WORDS, headline, letter, notice
from tocsin.clock import Instant
from tocsin.domain.call import Call, Cause
from tocsin.domain.warning import Urgency
from tocsin.hooks import Notice

SECRET = "planted-subject"
FIXED = frozenset(
    re.findall(
        r"\w+",
        "open the console ref told times and more Code Give it to whoever is at the console by voice It counts once "
        "for all of these Tocsin sends no links Follow none that claims to come from here",
    )
)

calls = st.builds(
    Call,
    number=st.integers(1, 10**6),
    cause=st.sampled_from(Cause),
    subject=st.just(SECRET),
    urgency=st.sampled_from(Urgency),
    opened=st.just(Instant(0)),
    told=st.integers(0, 19),
    at=st.just(Instant(0)),
    closed=st.just(Instant(0)),
)


def strange(text: str) -> set[str]:
    """What is neither one of our words nor a reference, a number or a code."""
    known = {word for phrase in WORDS for word in phrase.split()}
    known |= {f"{word}s" for word in known} | FIXED
    return {
        word
        for word in re.findall(r"[^\s,.:]+", text)
        if word not in known and not re.fullmatch(rf"W-\d+|\d+|[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", word)
    }


@given(
    st.lists(calls, min_size=1, max_size=30, unique_by=lambda one: one.number),
    st.binary(min_size=16, max_size=16),
)
def test_nothing_else_is_ever_said(found: list[Call], chance: bytes) -> None:
    told = notice(found, ("ann@bank.example",), new_code(lambda size: chance[:size]))
    text = f"{headline(told)}\n{letter(told)}"
    assert strange(text) == set()
    assert text.isascii()
    assert "://" not in text
    assert len(told.refs) <= SHOWN + 1


def test_it_reads_like_this() -> None:
    urgent = Call(123, Cause.WARNING, SECRET, Urgency.URGENT, Instant(0), 0, Instant(0), Instant(0))
    alarm = Call(124, Cause.ALARM, SECRET, Urgency.URGENT, Instant(0), 2, Instant(0), Instant(0))
    assert headline(notice([urgent], (), "")) == "1 urgent warning, open the console, ref W-123"
    both = notice([urgent, alarm], (), "")
    assert headline(both) == "1 urgent warning, 1 alarm, open the console, ref W-124, W-123, told 3 times"
    assert "Code" not in letter(both)


def test_of_many_the_newest_are_named() -> None:
    many = [
        Call(n, Cause.WARNING, SECRET, Urgency.ELEVATED, Instant(0), 0, Instant(0), Instant(0))
        for n in range(1, 41)
    ]
    told = notice(many, (), "")
    assert told.what == "40 warnings"
    assert told.refs[0] == "W-40"
    assert told.refs[-1] == f"and {40 - SHOWN} more"
    assert not told.urgent


def test_a_test_says_that_it_is_one() -> None:
    assert headline(TEST) == "test, open the console, ref W-0"


@pytest.mark.parametrize("said", ["4F7K-2M9Q", "4f7k 2m9q", "4F7K2M9Q"])
def test_a_code_is_told_from_a_reference_however_it_is_said(said: str) -> None:
    assert is_code(said)
    assert not is_code("W-12")


@given(st.binary(min_size=16, max_size=16))
def test_a_code_has_letters_that_are_not_mistaken_for_others(chance: bytes) -> None:
    code = new_code(lambda size: chance[:size]).replace("-", "")
    assert len(code) == SIZE
    assert set(code) <= set(LETTERS)
    assert not set("01ILOU") & set(LETTERS)


def test_a_notice_holds_no_field_for_anything_else() -> None:
    assert Notice.__struct_fields__ == ("what", "refs", "urgent", "times", "to", "code")
