# SPDX-License-Identifier: Apache-2.0
"""A mail that Outlook saved is read as the mail that it was."""

import struct
from email.message import EmailMessage

import msgspec
import pytest
from tests.unit.agent.readers.outlook_files import binary, compound, item, msg, properties, text
from tests.unit.agent.readers.test_rtf import stored

from tocsin.agent.readers.formats import read
from tocsin.agent.readers.mail import read_mail, read_outlook
from tocsin.agent.readers.reading import Reading
from tocsin.errors import Unreadable


def inner() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Inner <inner@evil-inner.example>"
    mail["To"] = "victim@bank.example"
    mail["Subject"] = "the first one"
    mail.set_content("see https://inner.example/x")
    return mail


def lure() -> EmailMessage:
    """A mail with all that a mail can have."""
    mail = EmailMessage()
    hop = "from mx.evil.example (mx.evil.example [203.0.113.9]) by in.bank.example"
    mail["Received"] = f"{hop}; Sat, 21 Nov 2026 10:00:00 +0000"
    mail["Authentication-Results"] = "in.bank.example; spf=pass; dmarc=fail"
    mail["From"] = '"Your Bänk" <a@evil.example>'
    mail["Reply-To"] = "b@evil.example"
    mail["To"] = "Ann Ayr <ann@bank.example>, ops@bank.example"
    mail["Cc"] = "Lee <lee@bank.example>"
    mail["Subject"] = "Überweisung von Ann Ayr"
    mail["Date"] = "Sat, 21 Nov 2026 09:59:00 +0000"
    mail.set_content("Dear Ann Ayr,\n\npay at https://pay.evil.example/now\n")
    mail.add_alternative(
        '<p>Dear Ann Ayr, <a href="https://pay.evil.example/now">pay</a></p>', subtype="html"
    )
    mail.add_attachment(b"MZ evil", maintype="application", subtype="octet-stream", filename="Rëchnung.exe")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png", cid="<logo>")
    mail.add_attachment(inner())
    return mail


def alike(reading: Reading) -> Reading:
    """Without what is only said differently: lines end otherwise, MIME says nothing of a message's name."""
    return msgspec.structs.replace(reading, text="\n".join(reading.text.splitlines()).strip())


@pytest.mark.parametrize("version", [3, 4])
def test_it_is_the_reading_of_the_mail_that_it_was(version: int) -> None:
    mail = lure().as_bytes()
    saved = read(msg(mail, version=version))
    assert isinstance(saved, Reading)
    assert alike(saved) == alike(read_mail(mail))
    assert {found.part for found in saved.found} >= {
        "sender",
        "reply-to",
        "link",
        "landing-host",
        "attachment",
    }
    assert set(saved.recipients) == {f"{who}@bank.example" for who in ("ann", "ops", "lee", "victim")}


def test_a_mail_without_its_header_says_the_same_of_those_who_wrote_and_read_it() -> None:
    mail = lure().as_bytes()
    saved, whole = read_outlook(msg(mail, keep_header=False)), read_mail(mail)
    assert (saved.title, set(saved.recipients)) == (whole.title, set(whole.recipients))
    assert saved.recipient_names == whole.recipient_names
    assert saved.happened is not None
    assert saved.hops == ()
    senders = [found.observable.value for found in saved.found if found.where == "From header"]
    assert senders == ["a@evil.example"]


def test_who_received_it_is_one_of_its_recipients_even_if_the_header_is_silent() -> None:
    mail = EmailMessage()
    mail["From"] = "a@evil.example"
    mail["Bcc"] = "hidden@bank.example"
    mail.set_content("x")
    saved = item(mail)
    saved["__substg1.0_007D001F"] = "From: a@evil.example\r\n\r\n".encode("utf-16-le")
    saved |= text(0x5D07, "mailbox@bank.example")
    assert set(read_outlook(compound(saved)).recipients) == {"hidden@bank.example", "mailbox@bank.example"}


def test_an_address_of_exchange_s_own_is_no_sender() -> None:
    mail = {**text(0x0C1F, "/O=BANK/CN=ANN"), **text(0x5D01, "ann@bank.example"), **text(0x1000, "hello")}
    reading = read_outlook(compound({**mail, "__properties_version1.0": bytes(32)}))
    assert [found.observable.value for found in reading.found] == ["ann@bank.example"]


WRAPPED = stored(rb'{\rtf1\ansi\fromhtml1 {\*\htmltag84 <a href="https://evil.example/a">}x}')


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (text(0x1013, '<a href="https://evil.example/a">x</a>'), "link 1"),
        (binary(0x1013, b'<a href="https://evil.example/a">x</a>'), "link 1"),
        (binary(0x1009, WRAPPED), "link 1"),
        (binary(0x1009, stored(rb"{\rtf1\ansi go to https://evil.example/a}")), "text"),
        ({"__substg1.0_1000001E": b"go to https://evil.example/a"}, "text"),
    ],
)
def test_every_kind_of_body_is_read(body: dict[str, bytes], found: str) -> None:
    reading = read_outlook(compound({"__properties_version1.0": bytes(32), **body}))
    assert [(one.observable.value, one.where) for one in reading.found] == [
        ("https://evil.example/a", found),
        ("evil.example", found),
    ]


def test_text_of_eight_bits_is_read_by_the_code_page_that_the_file_names() -> None:
    fixed = properties({(0x3FFD, 3): 1251}, 32)
    mail = {"__properties_version1.0": fixed, "__substg1.0_0037001E": "Счёт".encode("cp1251")}
    assert read_outlook(compound(mail)).title == "Счёт"


def test_a_signed_body_is_read_as_it_was_sent() -> None:
    signed = b"Content-Type: multipart/signed; boundary=b\n\n--b\n\nhttps://evil.example/s\n--b--\n"
    attached = {
        "__properties_version1.0": properties({(0x3705, 3): 1}, 8),
        **binary(0x3701, signed),
        **text(0x370E, "multipart/signed"),
    }
    reading = read_outlook(
        compound({"__properties_version1.0": bytes(32), "__attach_version1.0_#00000000": attached})
    )
    assert [one.observable.value for one in reading.found] == ["https://evil.example/s", "evil.example"]


def test_a_saved_mail_that_is_attached_to_a_mail_is_a_forwarded_one() -> None:
    outer = EmailMessage()
    outer["From"] = "ann@bank.example"
    outer["Subject"] = "Is this real?"
    outer.set_content("hello")
    outer.add_attachment(
        msg(lure().as_bytes()), maintype="application", subtype="vnd.ms-outlook", filename="Fwd.msg"
    )
    reading = read_mail(outer.as_bytes())
    assert reading.title == "Is this real?"
    assert "forwarded mail: From header" in {found.where for found in reading.found}
    assert "forwarded mail 2: text" in {found.where for found in reading.found}


def test_a_saved_mail_that_is_damaged_costs_no_mail_around_it() -> None:
    outer = EmailMessage()
    outer["From"] = "ann@bank.example"
    outer.set_content("hello")
    outer.add_attachment(
        msg(lure().as_bytes())[:700], maintype="application", subtype="x", filename="Fwd.msg"
    )
    outer.add_attachment(
        compound({"WordDocument": b"x"}), maintype="application", subtype="x", filename="a.msg"
    )
    reading = read_mail(outer.as_bytes())
    assert [defect.where for defect in reading.defects] == ["forwarded mail", "forwarded mail 2"]
    assert "old Office file" in reading.defects[1].reason


def test_an_old_office_file_is_named() -> None:
    with pytest.raises(Unreadable, match="old Office file"):
        read(compound({"WordDocument": b"x" * 5_000, "1Table": b"y"}))


def test_a_mail_in_a_mail_in_a_mail_ends() -> None:
    mail: dict[str, object] = {"__properties_version1.0": bytes(24), **text(0x0037, "innermost")}
    for _ in range(14):
        attached = {"__properties_version1.0": properties({(0x3705, 3): 5}, 8), "__substg1.0_3701000D": mail}
        mail = {"__properties_version1.0": bytes(24), "__attach_version1.0_#00000000": attached}
    assert read_outlook(compound(mail)).defects == ()
    for _ in range(40):
        attached = {"__properties_version1.0": properties({(0x3705, 3): 5}, 8), "__substg1.0_3701000D": mail}
        mail = {"__properties_version1.0": bytes(24), "__attach_version1.0_#00000000": attached}
    reasons = [defect.reason for defect in read_outlook(compound(mail)).defects]
    assert any("deep" in reason for reason in reasons)


def test_what_stands_in_a_mail_can_break_no_header() -> None:
    mail = {
        "__properties_version1.0": struct.pack("<32xHHIQ", 0x40, 0x0E06, 6, 2**64 - 1),
        **text(0x0037, "a\r\nFrom: forged@evil.example\r\n\r\nbody"),
        **text(0x0C1A, 'x"\r\nTo: y'),
        **text(0x0C1F, "a@evil.example"),
        "__attach_version1.0_#00000000": {
            "__properties_version1.0": bytes(8),
            **binary(0x3701, b"x"),
            **text(0x3707, 'a"\r\nContent-Type: text/html; b="'),
            **text(0x370E, "text/html\r\n\r\nx"),
        },
    }
    reading = read_outlook(compound(mail))
    assert [one.where.partition(" a")[0] for one in reading.found] == [
        "From header",
        "Subject header",
        "attachment",
    ]
    assert [one.part for one in reading.found] == ["sender", "text", "attachment"]
    assert reading.attachments[0].media_type == "application/octet-stream"
    assert reading.happened is None
