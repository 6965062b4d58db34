# SPDX-License-Identifier: Apache-2.0
"""Values and words as pages show them: nothing that can be followed by mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.console.charts import HEIGHT, WIDTH, bars
from tocsin.agent.console.entrance import own_path
from tocsin.agent.console.values import observable, spoken
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Malformed


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Block it. Tell others.", "Block it. Tell others."),
        ("See https://a.evil.example/x.", "See hxxps://a[.]evil[.]example/x."),
        ("HTTP://evil.example", "hxxp://evil[.]example"),
        ("from 203.0.113.7.", "from 203[.]0[.]113[.]7."),
        ("T1566.002 and 3.11, v1.2", "T1566.002 and 3.11, v1.2"),
        ("三井住友カード.example", "三井住友カード[.]example"),
    ],
)
def test_words_stay_words_and_addresses_are_defanged(said: str, shown: str) -> None:
    assert spoken(said) == shown


LABELS = st.lists(
    st.text("abcxyz-", min_size=1, max_size=8).map(lambda label: f"a{label}z"), min_size=2, max_size=4
)


@given(LABELS.map(".".join))
def test_no_name_survives_whole(name: str) -> None:
    assert name not in spoken(f"go to http://{name}/ or {name}")


def test_a_key_names_its_value_whatever_the_value_holds() -> None:
    assert observable("url:http://a.example/?x=1:2") == Observable(Kind.URL, "http://a.example/?x=1:2")
    with pytest.raises(Malformed):
        observable("nothing:x")
    with pytest.raises(Malformed):
        observable("")


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_bars_stand_in_their_chart(counts: list[int]) -> None:
    drawn = bars([(str(number), count) for number, count in enumerate(counts)])
    assert all(one.y >= 0 and one.y + one.height <= HEIGHT + 0.2 for one in drawn)
    assert drawn[-1].x + drawn[-1].width <= WIDTH + 1
    assert max(one.height for one in drawn) == (HEIGHT if any(counts) else 2)


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/cases", "/cases"),
        ("/search?q=x", "/search?q=x"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(asked: str, led: str) -> None:
    assert own_path(asked) == led
