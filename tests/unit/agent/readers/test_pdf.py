# SPDX-License-Identifier: Apache-2.0
"""PDFs: text and links of every page that can be read, and nothing that a hostile one can spend without bound."""

import zlib

import pytest
from tests.unit.agent.readers.pdf_files import assembled, encrypted, pdf, shown, stream

from tocsin.agent.readers import pdf as reader
from tocsin.agent.readers.formats import read
from tocsin.agent.readers.pdf import read_pdf
from tocsin.agent.readers.reading import Reading
from tocsin.errors import TooCostly, Unreadable

REPORT = "The group FIN9 used evil[.]example and T1566.001.\nSee (https://vendor.example/blog)."


def test_a_report_is_read_as_running_text_and_its_links_are_mentioned() -> None:
    reading = read(
        pdf(REPORT, "On page two: hxxps://bad[.]example/a", links=("https://vendor.example/more",))
    )
    assert isinstance(reading, Reading)
    assert reading.format == "pdf"
    assert reading.title.startswith("The group FIN9")
    assert "(https://vendor.example/blog)" in reading.text
    assert reading.external_ids == ("T1566.001",)
    assert {(found.observable.value, found.part) for found in reading.found if found.part != "text"} == {
        ("evil.example", "named"),
        ("https://bad.example/a", "named"),
        ("bad.example", "named"),
    }
    (link,) = [found for found in reading.found if "link" in found.where]
    assert (link.observable.value, link.part, link.where) == (
        "https://vendor.example/more",
        "text",
        "page 1, link 1",
    )
    assert reading.defects == ()


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_what_needs_a_password_is_refused_and_what_anybody_may_open_is_read(algorithm: str) -> None:
    with pytest.raises(Unreadable, match="with a password only"):
        read(encrypted(pdf(REPORT), "secret", algorithm))
    reading = read(encrypted(pdf(REPORT), "", algorithm))
    assert isinstance(reading, Reading)
    assert "FIN9" in reading.text


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7",
        b"%PDF-1.7\n" + b"\x00" * 3_000,
        pdf(REPORT)[:200],
        assembled({1: b"<< /Type /Catalog >>"}),
        assembled({1: b"<< /Type /Catalog /Pages 7 0 R >>"}),
        assembled({1: b"[]"}),
    ],
)
def test_what_is_no_pdf_inside_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="a PDF"):
        read(data)


def test_a_page_that_is_broken_costs_no_other() -> None:
    data = pdf("one", "two", "three").replace(b"/Contents 13 0 R", b"/Contents (bad)  ")
    reading = read_pdf(data)
    assert "one" in reading.text
    assert "three" in reading.text


def test_pages_that_come_too_late_are_said_to_be_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.1, 0.2, 9.0])
    reading = read_pdf(pdf("one", "two", "three"), lambda: next(ticks))
    assert (reading.text, [defect.where for defect in reading.defects]) == ("one\ntwo", ["page 3"])
    monkeypatch.setattr(reader, "MAX_PAGES", 1)
    assert [defect.where for defect in read_pdf(pdf("one", "two", "three")).defects] == ["page 2"]


def cyclic_pages() -> bytes:
    return assembled(
        {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"}
    )


def nested_pages() -> bytes:
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for number in range(2, 3_000):
        objects[number] = b"<< /Type /Pages /Count 9 /Kids [%d 0 R] >>" % (number + 1)
    return assembled(objects)


def many_pages() -> bytes:
    """A tree of a hundred pages in a hundred pages in a hundred pages, each of them the same."""
    hundred = b"<< /Type /Pages /Count 9 /Kids [%b] >>"
    return assembled({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: hundred % (b"3 0 R " * 100),
        3: hundred % (b"4 0 R " * 100),
        4: hundred % (b"5 0 R " * 100),
        5: b"<< /Type /Page >>",
    })  # fmt: skip


def form_in_form() -> bytes:
    """A picture that draws itself."""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    return assembled({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        3: b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
        4: stream(b"/X Do " * 50),
        5: stream(b"/X Do " * 50, form),
    })  # fmt: skip


def bomb() -> bytes:
    return pdf("x", content=b"q " * 40_000_000)


def bomb_in_bomb() -> bytes:
    packed = zlib.compress(zlib.compress(bytes(200_000_000), 9), 9)
    body = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%b\nendstream" % (
        len(packed),
        packed,
    )
    return pdf("x").replace(b"\n11 0 obj\n", b"\n11 0 obj\n" + body + b"\nendobj\n12 0 obj\n")


def deep_array() -> bytes:
    return pdf("x", content=b"[" * 100_000)


def deep_object() -> bytes:
    return assembled({1: b"<< /Type /Catalog /Pages " + b"<< /A " * 20_000 + b">>" * 20_000 + b" >>"})


def object_of_itself() -> bytes:
    return assembled({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"2 0 R"})


def long_text() -> bytes:
    return pdf("x", content=shown("https://evil.example/a " * 3 + "\n") * 20_000)


def many_operators() -> bytes:
    return pdf("x", content=b"0 0 m " * 1_000_000)


HOSTILE = (
    cyclic_pages, nested_pages, many_pages, form_in_form, bomb, bomb_in_bomb, deep_array, deep_object, object_of_itself,
    long_text, many_operators,
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_pdf_is_refused_or_read_in_part(hostile: object) -> None:
    """The child's own bound of a second would end it too (`test_hostile`)."""
    assert callable(hostile)
    data = hostile()
    refused = ""
    try:
        assert len(read_pdf(data).text) <= 20_000
    except (Unreadable, TooCostly) as error:
        refused = error.detail
    assert not refused or "PDF" in refused
