# SPDX-License-Identifier: Apache-2.0
"""Lists name every value; running text names what was defanged and mentions the rest."""

from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.text import read_text
from tocsin.domain.observable import Kind


def parts(reading: Reading) -> dict[str, str]:
    return {found.observable.value: found.part for found in reading.found}


def test_a_list_names_each_of_its_values_and_says_what_is_none() -> None:
    reading = read_text(
        b"# Campaign of May\n\nevil.example\n192.0.2.7:443 # a panel\nhxxp://bad[.]example/x;seen once\n/gate.php\n"
        + b"\n".join(b"c%d.evil.example" % number for number in range(10))
    )
    assert reading.format == "list"
    assert reading.title == "Campaign of May"
    assert parts(reading).items() >= {
        ("evil.example", "named"), ("192.0.2.7", "named"), ("http://bad.example/x", "named"),
    }  # fmt: skip
    assert [(defect.where, defect.reason) for defect in reading.defects] == [
        ("line 6", "is a path without its host")
    ]
    assert reading.found[0].where == "line 3"


def test_running_text_accuses_only_what_was_defanged() -> None:
    reading = read_text(
        b"We saw logins from our portal https://portal.bank.example/ after the mail of billing@evil.example.\n"
        b"The page hxxps://login[.]evil[.]example/a and 192[.]0[.]2[.]7 are theirs, by T1566.002 and cve-2023-23397.\n"
        b"The file was 0123456789abcdef0123456789abcdef."
    )
    assert reading.format == "text"
    assert parts(reading) == {
        "https://portal.bank.example/": "text",
        "billing@evil.example": "text",
        "https://login.evil.example/a": "named",
        "login.evil.example": "named",
        "192.0.2.7": "named",
        "0123456789abcdef0123456789abcdef": "text",
    }
    assert reading.external_ids == ("CVE-2023-23397", "T1566.002")


def test_a_value_that_stands_both_ways_was_meant() -> None:
    reading = read_text(
        b"See http://evil.example/a. That is hxxp://evil[.]example/a, we are sure of it, dear all."
    )
    assert {found.part for found in reading.found if found.observable.kind is Kind.URL} == {"text"}
    reading = read_text(
        b"The host evil[.]example was seen. Nothing else, in all of the night that we looked on."
    )
    assert parts(reading) == {"evil.example": "named"}


def test_a_saved_page_is_read_as_the_text_that_a_person_sees() -> None:
    reading = read_text(
        b"<!DOCTYPE html><html><a href='https://vendor.example/'>home</a><p>C2: evil[.]example</p></html>"
    )
    assert reading.format == "html"
    assert parts(reading) == {"evil.example": "named"}


def test_text_in_utf_16_is_text() -> None:
    assert parts(read_text("evil.example\nbad.example\n".encode("utf-16"))) == {
        "evil.example": "named",
        "bad.example": "named",
    }


def test_no_text_is_too_long_to_be_bounded() -> None:
    reading = read_text(b"word " * 1_000_000)
    assert len(reading.text) == 20_000
    assert reading.found == ()


def test_accounts_are_found_by_their_check_digits_and_accuse_nobody() -> None:
    reading = read_text(
        b"He was to pay to DE89 3704 0044 0532 0130 00, or 0.3 BTC to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa; not to "
        b"DE89 3704 0044 0532 0130 01 and not to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb, of which none is one."
    )
    assert parts(reading) == {
        "DE89370400440532013000": "text",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": "text",
    }
