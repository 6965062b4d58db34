# SPDX-License-Identifier: Apache-2.0
import base64
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import cpu_seconds
from tocsin.domain.folding import (
    MAX_ESCAPES,
    MAX_TEXT,
    MAX_VIEWS,
    TooMuchHidden,
    plain,
    skeleton,
    squeeze,
    unfold,
)


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


NAME = "helen.marsh"
WRITTEN = {
    "%u0067": "".join(f"%u{ord(c):04x}" for c in NAME),
    "\\u0067": "".join(f"\\u{ord(c):04x}" for c in NAME),
    "\\u{67}": "".join(f"\\u{{{ord(c):x}}}" for c in NAME),
    "\\x67": "".join(f"\\x{ord(c):02x}" for c in NAME),
    "decimal entities": "".join(f"&#{ord(c)};" for c in NAME),
    "hexadecimal entities": "".join(f"&#x{ord(c):x};" for c in NAME),
    "named entities": NAME.replace(".", "&period;"),
    "separated hexadecimal": ":".join(f"{ord(c):02x}" for c in NAME),
    "C's hexadecimal": ", ".join(f"0x{ord(c):02x}" for c in NAME),
    "separated decimal": "-".join(str(ord(c)) for c in NAME),
    "hexadecimal after a half byte": "f" + NAME.encode().hex(),
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("percents", range(MAX_ESCAPES - 1))
def test_letters_written_as_numbers_are_read_under_percent_signs_too(form: str, percents: int) -> None:
    text = f"/a/{WRITTEN[form]}/b"
    for _ in range(percents):
        text = quote(text)
    assert any(NAME in view for view in unfold(text))


@pytest.mark.parametrize("first", "ⓗ⒣𝐡🄷🅗🅷🇭ｈ")
def test_letters_in_circles_and_squares_are_letters(first: str) -> None:
    start = ord("ⓐ") if first == "ⓗ" else ord(first) - 7
    assert squeeze("".join(chr(start + ord(c) - ord("a")) for c in "helen")) == squeeze("helen")


def test_latin_1_under_two_layers_of_percent_signs_is_read() -> None:
    assert any("Björn" in view for view in unfold("?n=Bj%25F6rn"))


@given(st.text(max_size=400))
def test_unfolding_is_bounded_and_begins_with_the_text(text: str) -> None:
    try:
        views = unfold(text)
    except TooMuchHidden:
        return
    assert views[0] == text
    assert len(views) <= MAX_VIEWS


@pytest.mark.parametrize(
    "decoy",
    [
        "xn--{}-tka",
        "%41{}%2541",
        "48656c6c6f20776f726c64{}",
        "SGVsbG8gd29ybGQ{}",
        "={}41",
        "&amp;{}",
        "\\u00{}",
    ],
)
def test_many_decoys_hide_nothing(decoy: str) -> None:
    decoys = "/".join(decoy.replace("{}", f"{n:02d}") for n in range(90))
    name = quote("".join(f"%{ord(c):02x}" for c in NAME))
    assert any(NAME in view for view in unfold(f"/{name}/{decoys}"))
    assert any(NAME in view for view in unfold(f"/{decoys}/{name}"))


def _nested(text: str, times: int) -> str:
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


def _percent(text: str, times: int) -> str:
    for _ in range(times):
        text = text.replace("%", "%25")
    return text


@pytest.mark.parametrize(
    "text",
    [_nested("helen.marsh@bank.example", 4), _percent("%41", MAX_ESCAPES), "a" * (MAX_TEXT + 1)],
    ids=["depth", "percent signs", "length"],
)
def test_what_cannot_be_read_to_its_end_is_said_to_be_too_much(text: str) -> None:
    with pytest.raises(TooMuchHidden):
        unfold(text)


def test_one_layer_less_than_too_much_is_read() -> None:
    assert any("helen.marsh" in view for view in unfold(_nested("helen.marsh@bank.example", 3)))
    assert any("/A" in view for view in unfold(_percent("/%41", MAX_ESCAPES - 2)))


HOSTILE = [
    "%25" * 680, "xn--a-" * 340, "a0:" * 680, "65-" * 680, "&#x26;" * 340, "&" * 2_048, "=3D" * 680, "A" * 2_048,
    "%5Cu" * 512, "0x" * 1_024, "a1" * 1_024, "&amp;#" * 340, _nested("a%41=42&lt;" * 50, 3)[:2_048],
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_made_to_cost_time_costs_milliseconds(text: str) -> None:
    began = cpu_seconds()
    for _ in range(10):
        with suppress(TooMuchHidden):
            unfold(text)
    assert cpu_seconds() - began < 1.0
