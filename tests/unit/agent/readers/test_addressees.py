# SPDX-License-Identifier: Apache-2.0
"""Whom a mail was written to is gathered from all of it, and all of it is bounded."""

from tocsin.agent.readers import addressees, reading
from tocsin.agent.readers.addressees import Addressees
from tocsin.agent.readers.mail import read_mail


def test_fields_greetings_and_subjects_are_put_together_once() -> None:
    them = Addressees()
    them.header({"to": ["Helen Marsh <HM17@bank.example>"], "subject": ["Hi Helen, case 88213"]})
    them.header({"delivered-to": ["hm17@bank.example"], "subject": ["case 88213"]})
    them.body("Dear Ms Marsh,\ncustomer 4711")
    assert them.addresses() == ("hm17@bank.example",)
    assert them.names() == ("Helen Marsh", "Helen", "Marsh")
    assert them.numbers() == ("88213", "4711")


def test_all_is_bounded() -> None:
    them = Addressees()
    them.header({"to": [f"N{'x' * n} <a{n}@bank.example>" for n in range(1, 90)] * 30})
    them.header({"cc": [f"Name{chr(0x4E00 + n)} <b{n}@bank.example>" for n in range(2_000)]})
    assert len(them.addresses()) == addressees.MAX_ADDRESSES
    assert len(them.names()) == reading.MAX_NAMES
    them.body("x" * addressees.MAX_SEARCHED)
    before = them.numbers()
    them.body("Dear Helen, 88213")
    assert them.numbers() == before


def test_a_greeting_that_stands_only_in_the_html_is_found_beside_a_plain_text() -> None:
    mail = (
        b"Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nRead this.\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>Dear <b>Helen</b> Marsh,</p><p>Card 88213</p>\r\n--b--\r\n"
    )
    reading = read_mail(mail)
    assert reading.recipient_names == ("Helen Marsh",)
    assert reading.recipient_numbers == ("88213",)
