# SPDX-License-Identifier: Apache-2.0
"""What a text that leaves may hold, and that nothing hides in it: neither a link nor a value that is not told."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.test_linter import registrable

from tocsin.domain.narrative import MAX_LINES, MAX_NARRATIVE, RULES, broken, check_narrative, defanged
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Malformed

TOLD = (
    Observable(Kind.URL, "https://login.evil.com/a/kit.php?x=1"),
    Observable(Kind.DOMAIN, "evil.example"),
    Observable(Kind.EMAIL, "boss@evil.com"),
    Observable(Kind.IPV4, "203.0.113.9"),
    Observable(Kind.IPV6, "2001:db8::5"),
    Observable(Kind.CIDR, "198.51.100.0/24"),
    Observable(Kind.IBAN, "DE89370400440532013000"),
    Observable(Kind.FILE_NAME, "invoice.com"),
)


def rules(text: str) -> list[str]:
    return [name for _, name, _ in broken(text, TOLD, registrable)]


@pytest.mark.parametrize(
    "text",
    [
        "The caller said that [person 1] must pay at once, and sent a link.",
        "Kit at hxxps://login[.]evil[.]com/a/kit.php?x=1, front page hxxp://evil[.]example/.",
        "hxxps[:]//login[.]evil[.]com and evil[.]com above it; mail from boss[@]evil[.]com.",
        "Hosts 203[.]0[.]113[.]9, 2001:db8::5 and 198[.]51[.]100[.]0/24, e.g. by T1566.002 v1.2.3, 1.5 of 2.0.",
        "Money went to DE89 3704 0044 0532 0130 00 in three parts.",
        "The file invoice[.]com, SHA-256 " + "ab12" * 16 + ".",
        "A call from +44 20 7946 0123 [in the morning of 2026-11-21], [some thousand EUR] gone.",
        "攻撃者はevil[.]exampleから送信した。",
        "Το μήνυμα ήρθε από evil[.]example.\nЗвонили дважды.",
        "It stopped.In the evening they called again.",
    ],
)
def test_what_the_disclosure_tells_may_stand_in_words(text: str) -> None:
    assert check_narrative(text) == text
    assert rules(text) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("https://login[.]evil[.]com/a/kit.php?x=1", "text-live"),
        ("evil.example", "text-live"),
        ("Evil.Com", "text-live"),
        ("a." * 40 + "evil.com", "text-live"),
        ("at 203.0.113.9", "text-live"),
        ("by boss@evil[.]com", "text-live"),
        ("ftp://evil[.]example", "text-live"),
        ("ｅｖｉｌ．example", "text-live"),
        ("hxxps://login[.]evil[.]com/a/jane", "text-untold"),
        ("hxxps://login[.]evil[.]com/a/kit.php?x=1&u=jane", "text-untold"),
        ("hxxps://portal[.]bank[.]com/", "text-untold"),
        ("jane[@]bank[.]com", "text-untold"),
        ("jane (at) bank (dot) com", "text-untold"),
        ("jane.doe[at]evil[.]com", "text-untold"),
        ("their host srv1[.]bank[.]com", "text-untold"),
        ("jane-doe[.]login[.]evil[.]com", "text-untold"),
        ("from 9[.]9[.]9[.]9", "text-untold"),
        ("from 2001:db8::6", "text-untold"),
        ("all of 198[.]51[.]100[.]0/16", "text-untold"),
        ("攻撃者はbank[.]comから", "text-untold"),
        ("to GB82 WEST 1234 5698 7654 32 and", "text-account"),
        ("to gb82west12345698765432", "text-account"),
        ("card 4111 1111 1111 1111", "text-account"),
        ("card 4111-1111-1111-1111.", "text-account"),
        ("at 10:42 it", "text-time"),
        ("lost £300", "text-sum"),
        ("lost 300 EUR", "text-sum"),
        ("EUR 1.000,00", "text-sum"),
        ("1,000 dollars", "text-sum"),
    ],
)
def test_what_no_text_may_hold(text: str, rule: str) -> None:
    assert rule in rules(text)


def test_a_finding_names_its_line_and_repeats_nothing() -> None:
    found = list(broken("fine\nalso fine\njane[@]bank[.]com", TOLD, registrable))
    assert [(line, name) for line, name, _ in found] == [(3, "text-untold")]
    assert "jane" not in found[0][2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "x" * (MAX_NARRATIVE + 1),
        "\n".join("x" * (MAX_LINES + 1)),
        "tab\there",
        "\x1b[31mred",
        "line\rover",
        "line\u2028over",
        "ja\u200bne",
        "soft\u00adhyphen",
        "\u202eenaj",
        "\U000e006aane",
        "blank\u3164",
        "private \ue000",
        "half \ud800",
        "z" + "\u0301" * 4,
    ],
)
def test_nothing_unseen_unbounded_or_heaped_is_a_text(text: str) -> None:
    with pytest.raises(Malformed):
        check_narrative(text)


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "naïve façade", "e\u0301te\u0301", "a\nb"])
def test_letters_of_every_script_are(text: str) -> None:
    assert check_narrative(text) == text


TEXTS = st.text(st.sampled_from(list("ab.@[]()/:hHtpx1029 -\ndo€漢é")), max_size=80)


@given(TEXTS)
def test_what_is_defanged_is_not_live_and_stays_as_it_is(text: str) -> None:
    once = defanged(text, registrable)
    assert defanged(once, registrable) == once


@given(TEXTS)
def test_every_rule_answers_for_any_text(text: str) -> None:
    assert {name for _, name, _ in broken(text, TOLD, registrable)} <= {name for name, _ in RULES}


@pytest.mark.parametrize(
    "piece", ["a.", "a@", "1:", "DE12 ", "4 ", "http://", "[.]", "a-", "€", "漢a", "GB82"]
)
def test_the_longest_text_of_one_piece_is_judged_at_once(piece: str) -> None:
    text = (piece * MAX_NARRATIVE)[:MAX_NARRATIVE]
    began = time.process_time()
    list(broken(text, TOLD, registrable))
    defanged(text, registrable)
    assert time.process_time() - began < 1.0
