# SPDX-License-Identifier: Apache-2.0
"""Two markings combine to the stricter of each, in any order and however often; an unknown label is never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import MARKINGS

from tocsin.domain.marking import PAP, TLP, Marking, parse_tlp, stricter
from tocsin.errors import Malformed


def wider(one: Marking, other: Marking) -> bool:
    """Whether `one` permits something that `other` does not."""
    tlp, pap = list(TLP), list(PAP)
    return tlp.index(one.tlp) < tlp.index(other.tlp) or pap.index(one.pap) < pap.index(other.pap)


@given(MARKINGS, MARKINGS)
def test_order_does_not_matter(one: Marking, other: Marking) -> None:
    assert stricter(one, other) == stricter(other, one)


@given(MARKINGS, MARKINGS, MARKINGS)
def test_grouping_does_not_matter(a: Marking, b: Marking, c: Marking) -> None:
    assert stricter(stricter(a, b), c) == stricter(a, stricter(b, c))


@given(MARKINGS)
def test_a_marking_with_itself_is_itself(one: Marking) -> None:
    assert stricter(one, one) == one


@given(MARKINGS, MARKINGS)
def test_the_combination_is_never_wider_than_either(one: Marking, other: Marking) -> None:
    both = stricter(one, other)
    assert not wider(both, one)
    assert not wider(both, other)


@given(MARKINGS, MARKINGS)
def test_the_combination_invents_nothing(one: Marking, other: Marking) -> None:
    both = stricter(one, other)
    assert both.tlp in (one.tlp, other.tlp)
    assert both.pap in (one.pap, other.pap)


def test_the_two_scales_combine_apart() -> None:
    one = Marking(TLP.CLEAR, PAP.RED)
    other = Marking(TLP.AMBER_STRICT, PAP.CLEAR)
    assert stricter(one, other) == Marking(TLP.AMBER_STRICT, PAP.RED)


def test_the_default_lets_members_act_and_pass_nothing_on() -> None:
    assert str(Marking()) == "TLP:AMBER PAP:GREEN"
    assert Marking().blocks()


@pytest.mark.parametrize(
    ("pap", "permitted"), [(PAP.CLEAR, True), (PAP.GREEN, True), (PAP.AMBER, False), (PAP.RED, False)]
)
def test_active_measures_need_pap_green_or_wider(pap: PAP, permitted: bool) -> None:
    assert Marking(pap=pap).blocks() is permitted


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("TLP:CLEAR", TLP.CLEAR),
        ("TLP:WHITE", TLP.CLEAR),
        ("white", TLP.CLEAR),
        ("tlp:green", TLP.GREEN),
        ("TLP: AMBER", TLP.AMBER),
        (" amber+strict ", TLP.AMBER_STRICT),
        ("TLP:AMBER+STRICT", TLP.AMBER_STRICT),
        ("Red", TLP.RED),
    ],
)
def test_a_known_label_is_read(text: str, label: TLP) -> None:
    assert parse_tlp(text) is label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TLP:",
        "TLP",
        "TLP:TLP:RED",
        "TLP:BLUE",
        "TLP:AMBER-STRICT",
        "TLP:AMBER STRICT",
        "TLP:EX:CHR",
        "PAP:RED",
    ],
)
def test_an_unknown_label_is_malformed_and_never_guessed(text: str) -> None:
    with pytest.raises(Malformed, match="not a TLP label"):
        parse_tlp(text)


@given(st.text())
def test_no_text_makes_another_error_than_malformed(text: str) -> None:
    try:
        assert parse_tlp(text) in TLP
    except Malformed:
        return
