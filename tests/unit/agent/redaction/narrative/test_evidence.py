# SPDX-License-Identifier: Apache-2.0
"""What must survive of a report: names of malware, subject lines, the attacker's mailboxes and hosts."""

import pytest

from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

OWN = OwnAssets(
    legal_name="Northmoor Bank plc", domains=("northmoor.example",), internal_hosts=("NB-*",), bin=("476210",)
)
KEPT = (
    "Subject: <Your parcel is held at the depot>",
    "Sie bekam eine Mail mit dem Betreff „<Ihr Zugang läuft ab>“.",
    "mail from the sender; subject <Strictly private: acquisition>; money was asked",
    'She got "<Refund of overpaid council tax>" and opened it.',
    "The loader dropped <Zorvex> on two machines.",
    "Actor tracked as <Gilded Heron>.",
    "Seen before: <Velvet Typhoon>, no attribution.",
    "<Morlock> ransomware encrypted the share.",
    "A <Quaxbot>-like macro ran.",
    "Kampagne „<Nordwind>“ läuft wieder.",
    "악성 앱은 <Drelock> 로 보임",
    "It was registered with <billing@secure-pay.example>.",
    "From: Royal Parcel <<depot@parcel-duty.example>>",
    "电脑连接了<198.51.100.252>和<shuiwu-cha.test>。",
    "Tracked as <UAC-0006>, hash <d41d8cd98f00b204e9800998ecf8427e>.",
)


@pytest.mark.parametrize("marked", KEPT)
def test_evidence_survives_letter_for_letter(marked: str) -> None:
    text = marked.replace("<<", "\0").replace(">>", "\1")
    values = [piece.split(">")[0].split("\1")[0] for piece in text.replace("\0", "<").split("<")[1:]]
    told = redact_text(text.replace("<", "").replace(">", "").replace("\0", "<").replace("\1", ">"), OWN).text
    assert values
    for value in values:
        assert value in told


def test_a_namesake_of_malware_is_a_person() -> None:
    told = redact_text(
        "Akira Tanaka reports that Akira ransomware was found, note akira_readme.txt", OWN
    ).text
    assert told == "[name 1] reports that Akira ransomware was found, note akira_readme.txt"


def test_the_recipient_of_an_attackers_mail_is_not_his() -> None:
    told = redact_text(
        "From: desk@evil-parcel.example\nTo: b.mayer@mailbox.example\nSubject: Pay now", OWN
    ).text
    assert "desk@evil-parcel.example" in told
    assert "mayer" not in told


def test_an_address_with_the_name_of_somebody_in_the_text_is_hers() -> None:
    told = redact_text("Marta Ilves wrote from marta.ilves@letters.example about the fraud", OWN).text
    assert "ilves" not in told.lower()


def test_own_machines_are_found_beside_other_scripts_and_by_their_siblings() -> None:
    told = redact_text(
        "电脑NB-SHA-021，端末nb-tky-0771です。 lon-fs-03.northmoor.example, then lon-fs-04", OWN
    ).text
    for gone in ("NB-SHA", "nb-tky", "lon-fs"):
        assert gone not in told


@pytest.mark.parametrize(
    "card", ["4762108387464572", "476210******4572", "4762 1083 8746 4571", "476210XXXXXX4572"]
)
def test_cards_of_the_banks_own_are_cards_even_when_masked_or_mistyped(card: str) -> None:
    assert redact_text(f"The fraudster called about {card} today", OWN).text.endswith("about [card 1] today")


def test_an_account_number_ends_where_its_country_says() -> None:
    told = redact_text("Paid to the fraudster GB94 HPBK 2038 1789 3288 04 2026 in May", OWN).text
    assert "GB94 HPBK 2038 1789 3288 04 2026" in told
