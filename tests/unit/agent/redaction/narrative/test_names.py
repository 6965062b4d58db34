# SPDX-License-Identifier: Apache-2.0
"""People, in every script, by title, signature and login name; and wherever they stand again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.narrative.again import places_of
from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

OWN = OwnAssets(legal_name="Northmoor Bank plc", staff=("Ada Brookfield", "田村花子"))
HIDDEN = (
    "Dear <Mr and Mrs Price>, we closed it.",
    "Rozmowa z <panem Wilkiem> o karcie.",
    "Звонил <господин Мороз> вчера.",
    "Cliente <Ludovico degli Albizzi> chiama.",
    "<A. N. Other>? No.",
    "nothing to add. <jw>",
    "two probes, both refused (<burak>)",
    "Users with replay: <apetrides>, <kmbeki>. Done",
    "用户<zhoumin>登录失败",
    "<マイケル・スミス>様より入電",
    "<さくら>さん、ありがとう",
    "客户<赵丽娜>来电称被骗",
    "告诉<王主任>了",
    "来电人<阿卜杜拉·买买提>，问官网",
    "（<老张>备注：无需处理）",
    "고객 <김민지> 님 문의",
    "أبلغت الأستاذة <نورة السويدي> عن رسالة",
    "ग्राहक <राजेश शर्मा> ने बताया",
    "הלקוחה <שרה פרידמן> קיבלה הודעה",
    "<Ada Brookfield> and <田村花子> agreed.",
    "billing address: <tracy sukhorukova>",
)


@pytest.mark.parametrize("marked", HIDDEN)
def test_people_go_with_their_titles(marked: str) -> None:
    values = [piece.split(">")[0] for piece in marked.split("<")[1:]]
    told = redact_text(marked.replace("<", "").replace(">", ""), OWN).text
    for value in values:
        assert value not in told


def test_whoever_was_found_goes_from_files_and_links_and_as_a_login() -> None:
    text = "Mr Penwarden opened bill_penwarden.pdf at https://evil.example/penwarden/x as jpenwarden, Joe Penwarden"
    assert "penwarden" not in redact_text(text, OWN).text.lower()


def test_a_town_does_not_cut_an_attackers_link() -> None:
    text = "Poster in the lobby of the Leeds branch: https://qr-rates.example/login?b=leeds"
    assert "https://qr-rates.example/login?b=leeds" in redact_text(text, OWN).text


NAMES = st.frozensets(st.text("abc", min_size=1, max_size=3), max_size=6)


@given(st.text("abc ", max_size=40), NAMES)
def test_places_are_those_where_a_name_stands_the_longest_first(text: str, names: frozenset[str]) -> None:
    expected = []
    for at in range(len(text)):
        here = [name for name in names if text.startswith(name, at)]
        if here:
            expected.append((at, at + max(map(len, here))))
    assert list(places_of(text, names)) == expected
