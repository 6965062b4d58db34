# SPDX-License-Identifier: Apache-2.0
"""PDFs and Office files in a mail: what they say stands beside the mail, and what is wrong with one costs no other."""

import base64
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from io import BytesIO

import pytest
from tests.unit.agent.readers.pdf_files import encrypted, pdf
from tests.unit.agent.readers.test_office import DOCUMENT, SHARED, SHEET

from tocsin.agent.readers.attached import read_attached
from tocsin.agent.readers.containers import Inside
from tocsin.agent.readers.formats import read
from tocsin.agent.readers.mail import read_mail
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Found, Reading
from tocsin.agent.readers.together import MAX_ATTACHED, together
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import TooCostly, Unreadable

LURE = pdf(
    "Dear Helen Marsh,\nyour account 88213 is limited: visit https://pay.evil.example/now",
    links=("https://login.evil.example/a", "mailto:drop@evil.example", "#page=2"),
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="1" Type="http://x/relationships/hyperlink" Target="https://evil.example/doc" '
    'TargetMode="External"/>'
    '<Relationship Id="2" Type="http://x/relationships/attachedTemplate" Target="https://t.evil.example/a.dotm" '
    'TargetMode="External"/>'
    '<Relationship Id="3" Type="http://x/relationships/image" Target="https://bank.example/logo.png" '
    'TargetMode="External"/><Relationship Id="4" Type="http://x/relationships/styles" Target="styles.xml"/>'
    "</Relationships>"
)


def office(parts: dict[str, str]) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, text in {"[Content_Types].xml": "<Types/>", **parts}.items():
            opened.writestr(name, text)
    return archive.getvalue()


LETTER = office({"word/document.xml": DOCUMENT, "word/_rels/document.xml.rels": RELATIONS})
BURNER = pdf(*["x" for _ in range(3)], content=b"BT /F1 9 Tf " + b"[(a)1]TJ " * 400_000 + b"ET")
"""A PDF that keeps its reader busy for longer than it has."""


def mail(*files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "a@evil.example"
    message["To"] = "ann@bank.example"
    message["Subject"] = "Your invoice"
    message.set_content("See https://body.evil.example/x")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


@pytest.fixture
def reader() -> Iterator[ReaderChild]:
    with ReaderChild() as child:
        yield child


def values(reading: Reading, part: str) -> dict[str, str]:
    return {found.observable.value: found.where for found in reading.found if found.part == part}


@pytest.mark.processes
def test_a_pdf_in_a_mail_is_read_as_a_part_of_the_lure(reader: ReaderChild) -> None:
    reading = reader.read(mail(("bill.pdf", LURE)), "a.eml")
    assert reading.format == "mail"
    assert reading.title == "Your invoice"
    assert values(reading, "link") == {
        "https://body.evil.example/x": "text",
        "https://login.evil.example/a": "attachment bill.pdf: page 1, link 1",
        "https://pay.evil.example/now": "attachment bill.pdf: text",
    }
    assert values(reading, "text") == {"drop@evil.example": "attachment bill.pdf: page 1, link 2"}
    assert "Helen Marsh" in reading.recipient_names
    assert "88213" in reading.recipient_numbers
    assert reading.defects == ()
    assert "limited" not in reading.text


@pytest.mark.processes
def test_of_a_letter_what_leads_out_of_it_is_a_link(reader: ReaderChild) -> None:
    reading = reader.read(mail(("letter.docx", LETTER)), "a.eml")
    links = values(reading, "link")
    assert links["https://evil.example/doc"] == "attachment letter.docx: hyperlink 1"
    assert links["https://t.evil.example/a.dotm"] == "attachment letter.docx: attachedTemplate 1"
    assert not any("bank.example" in one for one in links)
    assert values(reading, "text")["evil.example"] == "attachment letter.docx: text"


def test_the_cells_of_a_workbook_are_searched() -> None:
    reading = read_attached(office({"xl/sharedStrings.xml": SHARED, "xl/worksheets/sheet1.xml": SHEET}))
    assert values(reading, "text") == {"bad.example": "text"}


@pytest.mark.processes
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"%PDF-1.7\nbroken", "not well formed"),
        (encrypted(LURE, "secret"), "with a password only"),
        (office({"ppt/presentation.xml": "<a/>"}), "neither a workbook nor a document"),
        (office({"word/document.xml": "<w:document"}), "not well formed"),
        (BURNER, "page"),
    ],
    ids=["broken", "password", "slides", "torn", "busy"],
)
def test_what_is_wrong_with_one_costs_no_other(reader: ReaderChild, bad: bytes, why: str) -> None:
    reading = reader.read(mail(("bad", bad), ("bill.pdf", LURE)), "a.eml")
    assert {defect.where.partition(":")[0] for defect in reading.defects} == {"attachment bad"}
    assert why in reading.defects[0].reason + reading.defects[0].where
    assert not reading.defects[0].reason.startswith("attachment")
    assert "https://login.evil.example/a" in values(reading, "link")
    assert values(reading, "link")["https://body.evil.example/x"] == "text"


def test_one_that_ends_the_child_is_a_defect_like_any_other() -> None:
    bare = read_mail(mail())
    found = Found(Observable(Kind.DOMAIN, "evil.example"), "text", "page 1, link 1", "evil.example")
    parts = [
        ("attachment a", TooCostly("attachment a takes more than one second of processor time.")),
        ("attachment b", Unreadable("attachment b: It looks odd.")),
        ("attachment c", Reading("pdf", found=(found, found), recipient_names=("Jo",))),
    ]
    whole = together(bare, parts)
    assert [(defect.where, defect.reason) for defect in whole.defects] == [
        ("attachment a", "takes more than one second of processor time."),
        ("attachment b", "It looks odd."),
    ]
    assert whole.found == (
        *bare.found,
        Found(found.observable, "text", "attachment c: page 1, link 1", found.raw),
    )
    assert whole.recipient_names == (*bare.recipient_names, "Jo")


@pytest.mark.processes
def test_a_mail_of_many_files_is_bounded(reader: ReaderChild) -> None:
    many = [
        (f"{number}.pdf", pdf(f"see https://evil.example/{number}")) for number in range(MAX_ATTACHED + 3)
    ]
    reading = reader.read(mail(*many), "a.eml")
    assert len([value for value in values(reading, "link") if "body" not in value]) == MAX_ATTACHED
    assert [defect.where for defect in reading.defects] == [
        f"attachment {MAX_ATTACHED + n}.pdf" for n in range(3)
    ]


def test_the_child_hands_back_what_is_to_be_read_by_itself() -> None:
    found = read(mail(("bill.pdf", LURE), ("a.zip", b"PK\x03\x04 no office"), ("note.txt", b"x")))
    assert isinstance(found, Inside)
    assert [(file.name, file.data) for file in found.files] == [("attachment bill.pdf", LURE)]
    assert found.mail == read_mail(
        mail(("bill.pdf", LURE), ("a.zip", b"PK\x03\x04 no office"), ("note.txt", b"x"))
    )
    assert isinstance(read(mail(("a.zip", b"x"))), Reading)


@pytest.mark.processes
def test_in_a_forwarded_mail_the_place_says_so(reader: ReaderChild) -> None:
    inner = mail(("bill.pdf", LURE)).decode()
    outer = f"From: ann@bank.example\nSubject: Fwd\nContent-Type: message/rfc822\n\n{inner}"
    reading = reader.read(outer.encode(), "a.eml")
    where = values(reading, "link")["https://login.evil.example/a"]
    assert where == "forwarded mail: attachment bill.pdf: page 1, link 1"
    assert base64.b64encode(LURE[:30]).decode()[:20] in inner
