# SPDX-License-Identifier: Apache-2.0
"""What a person answers to what is asked about a text: put back, hidden too, and never what is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.narrative.walk import answered, redact_text
from tocsin.config.agent import OwnAssets
from tocsin.errors import InputError

OWN = OwnAssets(legal_name="Northmoor Bank plc", domains=("northmoor.example",), iban=("GB??NRTH",))
TEXT = """Also seen: 0161 496 0299
Also listed: 0161 496 0300

The fraudster called Mrs Penny Larkspur from +44 20 7946 0999."""


def test_what_may_be_either_is_asked_about_and_what_stays_is_shown() -> None:
    redacted = redact_text(TEXT, OWN)
    assert redacted.doubts == ("[phone 1]", "[phone 2]")
    assert redacted.stays == ("+44 20 7946 0999",)


def test_the_attackers_is_put_back_and_the_others_keep_their_numbers() -> None:
    told = answered(TEXT, redact_text(TEXT, OWN), ["[phone 1]"])
    assert told.text.startswith("Also seen: 0161 496 0299\nAlso listed: [phone 2]\n")
    assert told.doubts == ("[phone 2]",)
    assert [mark.same for mark in told.marks if "496" in TEXT[mark.start : mark.end]] == ["01614960300"]


def test_it_is_put_back_wherever_it_stands() -> None:
    text = "Also seen: 0161 496 0299\nAlso seen: 01614960299"
    assert answered(text, redact_text(text, OWN), ["[phone 1]"]).text == text


@pytest.mark.parametrize("strange", ["[person 1]", "[phone 9]", "Larkspur"])
def test_what_is_sure_is_not_put_back(strange: str) -> None:
    with pytest.raises(InputError, match="none of the doubts"):
        answered(TEXT, redact_text(TEXT, OWN), [strange])


def test_whatever_a_person_names_goes_too_wherever_it_stands() -> None:
    told = redact_text(
        "the zorlu twins called; a zorlus phone, https://evil.example/zorlu", OWN, ["zorlu"]
    ).text
    assert "zorlu " not in told
    assert told.endswith("https://evil.example/[name 1]")


def test_capitals_are_no_difference() -> None:
    told = redact_text("ZORLU called, then Zorlu: the zorlus, zorlu_2 and re.zorlu", OWN, ["Zorlu"]).text
    assert told == "[name 1] called, then [name 1]: the zorlus, [name 1]_2 and re.[name 1]"


def test_a_word_inside_of_another_is_not_meant() -> None:
    assert "carton" in redact_text("a carton, and art for sale", OWN, ["art"]).text


def test_in_a_script_without_spaces_it_is() -> None:
    assert "月見" not in redact_text("今日は月見さんと話した", OWN, ["月見"]).text


@given(st.lists(st.sampled_from(["[phone 1]", "[phone 2]"])))
def test_an_answer_changes_nothing_but_what_it_names(said: list[str]) -> None:
    before = redact_text(TEXT, OWN)
    after = answered(TEXT, before, said)
    assert set(after.marks) <= set(before.marks)
    assert len(before.marks) - len(after.marks) == len(set(said))
    assert after.stays == before.stays
