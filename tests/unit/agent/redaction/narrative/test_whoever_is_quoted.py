# SPDX-License-Identifier: Apache-2.0
"""People where they are easily missed: in a quotation of nobody knows whom, behind an accent, as an ordinary word."""

import pytest

from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

OWN = OwnAssets(legal_name="Ayr Bank plc", domains=("ayr.example",))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ('"But he knew my son, Anton Frickhelm, by name" she told us.', "Frickhelm"),
        ("「お名前は」「はい、日下部です」とのこと。", "日下部"),
        ("Khách hàng là chị Hà. Hà nói rằng tiền đã mất.", "Hà"),
        ("Ms Helen Price rang. Later that day Price rang again.", "Price"),
        ("jml: did it go\nbot: it did\njml: then call her", "jml"),
        ("田中＞ 確認しました\n口座＞ 停止済み", "田中"),
        ("佐々木 14:20 確認しました", "佐々木"),
        ("opened by k.oduya42 at the desk", "oduya42"),
        ("担当はk.oduyaです", "oduya"),
        ("asg: Nur Oduya\nKit found on evil.example", "Oduya"),
        ("Penipu tahu nama anak saya, Gilang Oduya.", "Gilang"),
    ],
)
def test_they_go(text: str, gone: str) -> None:
    assert gone not in redact_text(text, OWN).text


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ('The subject was "Anton Frickhelm has shared a file with you"', "has shared a file with you"),
        ("The loader is NetSupport RAT, seen twice.", "NetSupport RAT"),
        ('The affiliate signs as "kr0wn". We did not pay.', "kr0wn"),
        ('Attached was "Avis de paiement Oduya.pdf.exe".', ".pdf.exe"),
        ("첨부 영수증.exe를 열었다", "영수증.exe"),
        ("भुगतान_रसीद.apk खोला गया", "भुगतान_रसीद.apk"),
        ("He lives at 3 Elm Road, Leeds LS1 9ZZ. The caller rang.", "The caller rang."),
    ],
)
def test_evidence_stays(text: str, stays: str) -> None:
    assert stays in redact_text(text, OWN).text


def test_whoever_is_taken_out_of_a_quotation_is_asked_about() -> None:
    found = redact_text('"But he knew my son, Anton Frickhelm, by name" she told us.', OWN)
    assert found.doubts
    assert "Frickhelm" not in found.text


@pytest.mark.parametrize("code", ["20-45-77", "40-13-61"])
def test_a_sort_code_that_no_calendar_knows_is_no_date(code: str) -> None:
    assert code not in redact_text(f"Her account at {code} was emptied.", OWN).text


@pytest.mark.parametrize("day", ["21-11-2026", "11/21/26", "2026-11-21", "21.11.26"])
def test_a_day_stays(day: str) -> None:
    assert day in redact_text(f"It was seen on {day} by all.", OWN).text
