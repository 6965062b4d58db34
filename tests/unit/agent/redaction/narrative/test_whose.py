# SPDX-License-Identifier: Apache-2.0
"""Whose a value is: by who called, wrote or was paid, in the languages that banks write in."""

import pytest

from tocsin.agent.redaction.narrative import whose
from tocsin.agent.redaction.narrative.cues import says_whose
from tocsin.agent.redaction.narrative.marks import Board
from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.agent.redaction.narrative.whose import Learned, Whose
from tocsin.config.agent import OwnAssets

OWN = OwnAssets(legal_name="Northmoor Bank plc", domains=("northmoor.example",), iban=("GB??NRTH",))
ATTACKERS = (
    "A caller rang the same afternoon from <+44 20 7946 0999>.",
    "Der Betrüger rief von <069 90009871> an.",
    "Un faux conseiller l'a appelée depuis le <01 99 00 71 45>.",
    "La llamaron desde el <900 555 871> haciéndose pasar por el banco.",
    "Il truffatore ha chiamato dal <02 5550 0177>.",
    "Ligaram-lhe do <+351 210 555 088>, um falso agente.",
    "Oszust dzwonił z numeru <22 555 01 19>.",
    "De oplichter belde met <020 555 0190>.",
    "Мошенник звонил с номера <+372 5555 0170>.",
    "Petturid helistavad numbrilt <+372 600 5550>.",
    "Huijari soitti numerosta <+358 50 555 0144>.",
    "Dolandırıcı <0850 555 01 44> numarasından aradı.",
    "Ο απατεώνας τηλεφώνησε από το <210 555 0191>.",
    "المحتال اتصل من الرقم <+971 4 555 0177>.",
    "ठगों का <+91 98765 55012> से फोन आया।",
    "骗子用<+86 21 5550 0166>打来。",
    "犯人は<0120-555-018>から電話してきた。",
    "사기범 번호는 <010-5550-0912>.",
)
CUSTOMERS = (
    "Customer's mobile is <07700 900 318>.",
    "The client called us from <07700 900 318>.",
    "Bitte um Rückruf unter <0171 5550188>.",
    "Merci de rappeler la cliente au <06 39 98 12 70>.",
    "Tel. klienta: <601 555 014>.",
    "Телефон клиента: <+372 5555 0158>.",
    "お客様の連絡先は<090-5550-0143>です。",
    "고객 연락처 <010-5550-0147>.",
)


def _told(marked: str) -> tuple[str, str]:
    """The value between angle brackets, and the text without them as it is told."""
    value = marked[marked.index("<") + 1 : marked.index(">")]
    return value, redact_text(marked.replace("<", "").replace(">", ""), OWN).text


@pytest.mark.parametrize("marked", ATTACKERS)
def test_a_number_that_the_attacker_called_from_stays(marked: str) -> None:
    value, told = _told(marked)
    assert value in told


@pytest.mark.parametrize("marked", CUSTOMERS)
def test_a_number_of_a_customers_goes(marked: str) -> None:
    value, told = _told(marked)
    assert value not in told


def test_a_list_belongs_to_what_announces_it() -> None:
    text = "The fraudsters called from:\n- 0161 496 0299\n- 0161 496 0301\n"
    at = text.rindex("0161")
    assert "attacker's name far before" in Whose(Board(text)).evidence(at, at + 13, "phone")
    assert "0161 496 0299" in redact_text(text, OWN).text


def test_what_follows_a_label_is_the_sentences_before_it() -> None:
    told = redact_text(
        "It targets clients with a fake upgrade by fraudsters. Numbers: 020 7946 0666", OWN
    ).text
    assert "020 7946 0666" in told


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        (
            "The fraudster's number was 020 7946 0871, the customer's is 07700 900 318.",
            "020 7946 0871",
            "07700",
        ),
        (
            "Il numero dei truffatori è +39 02 555 0199, quello del cliente 347 555 0101.",
            "+39 02 555 0199",
            "347",
        ),
        (
            "The scammer uses desk7@box.example; reply to the customer at j.whit@post.example.",
            "desk7@box.example",
            "whit",
        ),
    ],
)
def test_what_is_said_of_one_value_does_not_count_for_the_next(text: str, kept: str, gone: str) -> None:
    told = redact_text(text, OWN).text
    assert kept in told
    assert gone not in told


def test_nothing_beyond_the_end_of_a_sentence_counts() -> None:
    text = "The fraudster was arrested. 07700 900 318"
    seen = Whose(Board(text)).evidence(28, len(text), "phone")
    assert "attacker's name in the sentence before" in seen
    assert "attacker's name before" not in seen


def test_when_nothing_speaks_for_either_a_person_is_asked() -> None:
    redacted = redact_text("Also seen: 0161 496 0299", OWN)
    assert redacted.text == "Also seen: [phone 1]"
    assert redacted.doubts == ("[phone 1]",)


def test_what_speaks_for_the_attacker_by_less_than_the_margin_goes_and_a_person_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "The fraudster called from 0161 496 0299"
    worth = {"attacker's name before": 2.0}
    for margin, told in ((0.0, text), (2.0, "The fraudster called from [phone 1]")):
        learned = Learned(margin={"phone": margin}, worth={"phone": worth})
        monkeypatch.setattr(whose, "_learned", lambda learned=learned: learned)
        redacted = redact_text(text, OWN)
        assert redacted.text == told
        assert redacted.doubts == (("[phone 1]",) if margin else ())


def test_when_a_customer_is_named_nobody_is_asked() -> None:
    assert redact_text("The customer's mobile is 0161 496 0299", OWN).doubts == ()


def test_placeholders_speak_for_nobody() -> None:
    text = "[account 1] and [phone 2] and [mail 3]: "
    seen = Whose(Board(text)).evidence(len(text), len(text), "account")
    assert [name for name in seen if name.startswith(("attacker", "victim"))] == []


@pytest.mark.parametrize(
    ("word", "is_cue"), [("betrügerin", True), ("caller", True), ("keller", False), ("ann", False)]
)
def test_a_word_that_says_whose_is_nobodys_name(word: str, is_cue: bool) -> None:
    assert says_whose(word) is is_cue
