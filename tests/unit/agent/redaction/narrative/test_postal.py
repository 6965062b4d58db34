# SPDX-License-Identifier: Apache-2.0
"""Addresses, in the ways in which twenty languages write them: nothing of one may stay, and nothing behind it go."""

import pytest

from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

OWN = OwnAssets(legal_name="Northmoor Bank plc")
ADDRESSES = (
    "Mrs Patel, <41b Sycamore Rise, Flat 9, Harrogate HG1 5DP>, was told to post her card.",
    "She lives at <12 mill view, croydon cr0 2xx>, call the branch.",
    "Collected from <117 Old Mill Lane, Stockport>.",
    "<PO Box 4471, Leeds LS1 9ZZ>; gone by Monday.",
    "Sie wohnt in der <Kastanienallee 88, 10115 Berlin>.",
    "La victime, demeurant <3 ter allée des Marronniers, bât. C, 69003 Lyon>.",
    "Reside en <Avda. de la Constitución 14, 3º izq., 41001 Sevilla>.",
    "Abita in <Corso Garibaldi 102, scala B, int. 7, 20121 Milano>.",
    "Mora na <Rua Augusta 210, 4.º esq., 1100-053 Lisboa>.",
    "Mieszka przy <ul. Marszałkowskiej 84/92 m. 115, 00-514 Warszawa>.",
    "Elab aadressil <Kase 12-5, Tartu 50113>.",
    "Asuu osoitteessa <Hämeenkatu 14 C 22, 33100 Tampere>.",
    "<Lale Sokak No:17/4, Ataşehir> adresinde oturuyor.",
    "Κατοικεί στην <οδό Αγίας Σοφίας 27, 54622 Θεσσαλονίκη>.",
    "Проживает: <г. Тарту, ул. Рийа, д. 12, кв. 44>.",
    "Мешкає за адресою: <м. Київ, вул. Хрещатик, буд. 22, кв. 9>.",
    "عنوانها: <الرياض، حي العليا، شارع التحلية، مبنى 44>.",
    "住所は<大阪府堺市北区百舌鳥梅町三丁目12番5号>、電話は未登録。",
    "她住在<广州市天河区体育西路103号维多利广场A座2506室>。",
    "고객 주소는 <경기도 성남시 분당구 판교역로 235, 102동 1501호>입니다.",
    "היא גרה ברחוב <ביאליק 14, דירה 6, רמת גן>.",
    "Woonachtig te <Utrecht, Oudegracht 231 bis>.",
    "address: tracy sukhorukova\n    <23 8 wressle road suite 771\n   polapit tamar\n    nan\n    77058>",
)


@pytest.mark.parametrize("marked", ADDRESSES)
def test_an_address_goes_whole(marked: str) -> None:
    address = marked[marked.index("<") + 1 : marked.index(">")]
    told = redact_text(marked.replace("<", "").replace(">", ""), OWN).text
    assert [
        word for word in address.replace(",", " ").split() if any(map(str.isdigit, word)) and word in told
    ] == []
    assert "[postal address 1]" in told


@pytest.mark.parametrize(
    "text",
    [
        "The monitor showed 27 alerts on the firewall.",
        "Der Bahnhof war um die Ecke, 40 Kollegen kamen.",
        "They walk 2 km a day.",
        "친구 계좌로 돈을 보냈다.",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert "[postal address" not in redact_text(text, OWN).text


def test_a_number_behind_an_address_is_not_a_part_of_it() -> None:
    told = redact_text(
        "He lives at 3 Elm Road, Leeds LS1 9ZZ. The fraudster called him from 0161 496 0299.", OWN
    ).text
    assert "The fraudster called him from 0161 496 0299" in told
