# SPDX-License-Identifier: Apache-2.0
"""What stands around an attack has one normal form, which is its own."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.context import (
    MAX_NAME,
    autonomous_system,
    bank_code,
    file_name,
    is_private_system,
    issuer_number,
)
from tocsin.errors import Malformed


@pytest.mark.parametrize("text", ["64501", "AS64501", "as64501", "ASN 64501", " AS0064501 ", "0.64501"])
def test_every_way_to_write_a_system_is_one(text: str) -> None:
    assert autonomous_system(text) == "AS64501"


def test_the_old_way_puts_two_halves_together() -> None:
    assert autonomous_system("AS1.0") == "AS65536"
    assert autonomous_system("65535.65535") == "AS4294967295" == autonomous_system("4294967295")


@pytest.mark.parametrize("text", ["", "AS", "AS-1", "4294967296", "65536.1", "1.65536", "1.2.3", "AS٦٤٥٠١"])
def test_what_is_no_system(text: str) -> None:
    with pytest.raises(Malformed, match="autonomous system"):
        autonomous_system(text)


@pytest.mark.parametrize(
    ("number", "private"),
    [
        (0, True), (1, False), (23_456, True), (64_496, False), (64_511, False), (64_512, True), (65_535, True),
        (65_536, False), (4_199_999_999, False), (4_200_000_000, True), (4_294_967_295, True),
    ],
)  # fmt: skip
def test_numbers_for_private_use_are_known(number: int, private: bool) -> None:
    assert is_private_system(f"AS{number}") is private


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Invoice.PDF", "invoice.pdf"),
        ("/var/tmp/.x/kdevtmpfsi", "kdevtmpfsi"),
        ("C:\\Users\\jane\\Rechnung Größe.exe", "rechnung größe.exe"),
        ("%TEMP%\\a.exe", "a.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("A\u030a.zip", "å.zip"),
        ("請求書.docx.lnk", "請求書.docx.lnk"),
        ("a.exe. ", "a.exe"),
    ],
)
def test_a_file_is_called_the_same_wherever_it_lies(text: str, name: str) -> None:
    assert file_name(text) == name


@pytest.mark.parametrize(
    "text", ["", " . ", "folder/", "a*.exe", "a?.exe", "a\x00.exe", "b" * (MAX_NAME + 1)]
)
def test_what_no_file_can_be_called(text: str) -> None:
    with pytest.raises(Malformed, match="name of a file"):
        file_name(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("HARRGB2L", "HARRGB2L"), ("harrgb2lxxx", "HARRGB2L"), ("HARRGB2LKEN", "HARRGB2LKEN")],
)
def test_the_head_office_is_the_bank(text: str, code: str) -> None:
    assert bank_code(text) == code


@pytest.mark.parametrize("text", ["", "HARRGB2", "HARRGB2LKE", "HARR1B2L", "1ARRGB2L"])
def test_what_is_no_code_of_a_bank(text: str) -> None:
    with pytest.raises(Malformed, match="BIC"):
        bank_code(text)


@pytest.mark.parametrize(("text", "number"), [("476210", "476210"), ("4762 1083", "47621083")])
def test_cards_begin_with_six_or_eight_digits(text: str, number: str) -> None:
    assert issuer_number(text) == number


@pytest.mark.parametrize("text", ["", "47621", "4762108", "476210837", "٤٧٦٢١٠"])
def test_what_no_cards_begin_with(text: str) -> None:
    with pytest.raises(Malformed, match="cards"):
        issuer_number(text)


@pytest.mark.parametrize("normal", [autonomous_system, file_name, bank_code, issuer_number])
@given(st.text(max_size=40) | st.from_regex(r"(AS)?[0-9]{1,11}|[A-Za-z]{6}[A-Za-z0-9]{2,5}", fullmatch=True))
def test_a_normal_form_is_its_own(normal: Callable[[str], str], text: str) -> None:
    try:
        value = normal(text)
    except Malformed:
        return
    assert normal(value) == value
