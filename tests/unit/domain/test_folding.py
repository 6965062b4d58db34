# SPDX-License-Identifier: Apache-2.0
import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.folding import MAX_TEXT, MAX_VIEWS, plain, skeleton, squeeze, unfold


@pytest.mark.parametrize(
    "text", ["banco", "BANCO", "bаncо", "bánco", "b4nc0", "ｂａｎｃｏ", "ban\u200bco", "βαnco"]
)
def test_look_alikes_have_one_skeleton(text: str) -> None:
    assert skeleton(text) == skeleton("banco")


@pytest.mark.parametrize(("one", "other"), [("rn", "m"), ("vv", "w"), ("Il1|", "llll"), ("O0", "oo")])
def test_pairs_that_read_alike_are_one(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_plain_keeps_look_alikes_apart() -> None:
    assert plain("BÄNCO") == "banco"
    assert plain("b4nco") != "banco"
    assert plain("bаnco") != "banco"


def test_words_are_joined_however_they_were_separated() -> None:
    assert squeeze("banco-do_norte") == squeeze("Banco do Norte") == squeeze("banco.do/norte")


@given(st.text(alphabet="abcdefghijklmnop@.-", min_size=6, max_size=40))
def test_nested_encodings_are_taken_off(text: str) -> None:
    once = base64.b64encode(text.encode()).decode()
    assert text in unfold(f"x?u={quote(quote(text, safe=''), safe='')}")[-1] or any(
        text in view for view in unfold(f"x?u={quote(quote(text, safe=''), safe='')}")
    )
    assert any(text in view for view in unfold(f"?a=1&u={once}"))
    assert any(text in view for view in unfold(f"/{once.encode().hex()}/"))


@given(st.text(max_size=400))
def test_unfolding_is_bounded_and_begins_with_the_text(text: str) -> None:
    views = unfold(text)
    assert views[0] == text
    assert len(views) <= MAX_VIEWS


def test_a_bomb_of_encodings_is_bounded() -> None:
    text = "a" * 50
    for _ in range(12):
        text = base64.b64encode(text.encode()).decode()
    views = unfold(text + "%25" * 10_000)
    assert len(views) <= MAX_VIEWS
    assert max(map(len, views)) <= 3 * MAX_TEXT
