# SPDX-License-Identifier: Apache-2.0
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.agent.redaction.narrative.marks import PLACEHOLDER
from tocsin.agent.redaction.narrative.walk import MAX_TEXT, redact_text
from tocsin.config.agent import OwnAssets
from tocsin.errors import TooLarge

OWN = OwnAssets(
    legal_name="Northmoor Bank plc",
    domains=("northmoor.example",),
    networks=("198.51.100.0/24",),
    bic=("NRTHGB2L",),
    iban=("GB??NRTH",),
    internal_hosts=("NB-*",),
    staff=("Ada Brookfield",),
)
EVIDENCE = (
    "203.0.113.7",
    "hxxps://login[.]evil[.]example/a.php",
    "evil-portal.example",
    "CVE-2024-3400",
    "T1566.002",
    "AS64501",
    "d41d8cd98f00b204e9800998ecf8427e",
    "bc1q0c3uz24szacyf5urfapduvn3kwfh74j93drmmk",
    "northmoor-login.example",
    "LockBit 3.0",
    "update.exe",
)
OURS = (
    "northmoor.example",
    "www.northmoor.example",
    "198.51.100.9",
    "Northmoor",
    "NORTHMOOR BANK",
    "NB-WS0412",
    "NRTHGB2L",
)


def _told(text: str) -> str:
    return redact_text(text, OWN).text


def test_a_note_loses_everybody_and_keeps_the_attack() -> None:
    who = "Mrs Penny Larkspur (account GB94 HPBK 2038 1789 3288 04, 07700 900318)"
    text = f"{who} clicked https://evil.example/x at 14:26."
    told = _told(text)
    for gone in ("Penny", "Larkspur", "GB94", "07700", "14:26"):
        assert gone not in told
    assert "https://evil.example/x" in told
    assert "[in the afternoon]" in told


def test_the_same_thing_has_the_same_placeholder() -> None:
    told = _told("Ada Brookfield called. Ms Yvonne Kestrel and Ada Brookfield agreed.")
    assert told.startswith("[person 1] called")
    assert told.endswith("[person 1] agreed.")


@pytest.mark.parametrize("value", EVIDENCE)
def test_evidence_that_stands_alone_survives(value: str) -> None:
    assert value in _told(f"We saw {value} today")


@pytest.mark.parametrize("value", OURS)
def test_nothing_of_the_banks_own_survives(value: str) -> None:
    assert value not in _told(f"We saw {value} today")


def test_a_reader_is_cut_out_of_a_link_and_the_rest_stays() -> None:
    told = _told(
        "It was https://evil.example/a?m=jane%40post.example&lang=en and https://evil.example/b?id=7"
    )
    assert "https://evil.example/a?m=[mail 1]&lang=en" in told
    assert "https://evil.example/b?id=7" in told


def test_a_callers_number_stays_and_the_customers_goes() -> None:
    told = _told("The fraudster called from 0800 000 4471. Her mobile is 07700 900 318.")
    assert "0800 000 4471" in told
    assert "07700" not in told


def test_sums_and_times_are_told_less_exactly() -> None:
    told = _told("On 2026-11-21 08:44 she lost £14,250.00")
    assert told == "On [in the morning of 2026-11-21] she lost [some tens of thousand GBP]"


def test_placeholders_go_on_after_those_of_the_text() -> None:
    assert _told("[person 4] met Ada Brookfield") == "[person 4] met [person 5]"


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLarge):
        redact_text("a" * (MAX_TEXT + 1), OWN)


_SAID = (
    "Anna Müller anna.mueller@post.example 佐藤さん £300 14:26 fraudster called from GB94HPBK20381789328804 "
    "4762108387464572 0800555017 Dear customer . : , ( ) « “ [ ] 1 العميل خالد 김민지 대리"
)
SAID = _SAID.split()
WORDS = st.sampled_from([*EVIDENCE, *OURS, *SAID, "\n"])


@given(st.lists(WORDS, max_size=30).map(" ".join))
@settings(max_examples=40, deadline=None)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = _told(text)
    assert _told(once) == once


@given(st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_redacted_twice(text: str) -> None:
    once = _told(text)
    assert _told(once) == once


@given(st.lists(WORDS, max_size=20), st.sampled_from(OURS))
@settings(max_examples=30, deadline=None)
def test_no_own_value_survives_among_others(before: list[str], own: str) -> None:
    left = PLACEHOLDER.sub(" ", _told(" ".join([*before, own])))
    assert not re.search(rf"(?<![\w.@-]){re.escape(own)}(?![\w.-])", left)


HOSTILE = (
    *(
        "a.",
        "1 ",
        "A ",
        "@",
        "a@",
        "http://",
        "GB11 ",
        "1:",
        "(",
        "Mr ",
        "«",
        "王",
        "م ",
        "1.1.1.1 ",
        "Anna Berg. ",
    ),
    *(
        "/a",
        "&",
        "subject: ",
        "mil",
        "£1 ",
        "called a b from ",
        "田中さん、",
        "고객 김민지 님 ",
        "HPB-WS0412 ",
        "\n",
        '"ab" ',
    ),
)
MANY = {
    "people": " ".join(
        f"{a}{b}{c}" for a in ("Bel", "Cor", "Dan", "Fil") for b in "aeiou" for c in ("lim", "ros", "tek")
    ),
    "people without capitals": "，".join(
        f"{a}{b}{c}" for a in "王李张刘陈杨" for b in "小大中文明" for c in "一二三四五六"
    ),
    "mailboxes": " ".join(f"a{n}.b{n}@c{n}.example" for n in range(900)),
    "accounts": " ".join(f"GB{n % 90 + 10}HPBK2038178932{n:06}" for n in range(900)),
    "phones": " ".join(f"+44 7700 {n:06}" for n in range(1_500)),
    "own machines": " ".join(f"NB-x{n}y{n}.northmoor.example" for n in range(800)),
    "a long word": "e" + "9" * MAX_TEXT,
    "values of a link": "https://a.example/" + "a=1&" * 500,
}


@pytest.mark.parametrize("piece", [*HOSTILE, *MANY.values()], ids=[*map(repr, HOSTILE), *MANY])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """Ten times what the worst of them took alone on two cores: what grows faster than the text takes longer."""
    text = (piece * (MAX_TEXT // len(piece) + 1))[:MAX_TEXT]
    start = time.process_time()
    redact_text(text, OWN)
    assert time.process_time() - start < 10
