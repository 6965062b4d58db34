# SPDX-License-Identifier: Apache-2.0
"""Which texts name a bank: whole names in any spelling, and never the single words of which many names are made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.redaction.naming import named_in

NAMES = ["Banco do Norte S.A.", "Süd & Söhne Bank AG", "First National Bank plc", "Barclays PLC"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mails in the name of BANCO DO NORTE, since Monday.", NAMES[0]),
        ("banco-do-norte.example is a look-alike", NAMES[0]),
        ("Sud und Sohne Bank", None),
        ("Sud and Sohne Bank was hurt", NAMES[1]),
        ("Süd & Söhne Bank AG's customers", NAMES[1]),
        ("(Barclays)", NAMES[3]),
        ("Hit: Barclays.Block it.", NAMES[3]),
        ("First National Bank plc is", NAMES[2]),
        ("the first national bank to be hit", None),
        ("A wave in the north: norte, banco", None),
        ("Barclaysbank", None),
        ("", None),
    ],
)
def test_a_whole_name_is_seen_and_a_part_of_one_is_not(text: str, name: str | None) -> None:
    assert named_in(text, NAMES) == name


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(NAMES))
def test_a_name_between_any_words_is_seen(before: str, after: str, name: str) -> None:
    assert named_in(f"{before} {name} {after}", [name]) == name
