# SPDX-License-Identifier: Apache-2.0
"""Workbooks are tables and documents are text; nothing in them is run, resolved or followed."""

import zipfile
from io import BytesIO

import pytest

from tocsin.agent.readers.office import is_office, read_office
from tocsin.errors import Unreadable

_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SHARED = f"<sst {_NS}><si><t>value</t></si><si><r><t>evil</t></r><r><t>.example</t></r></si><si><t>note</t></si></sst>"
SHEET = (
    f'<worksheet {_NS}><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>2</v></c></row>'
    '<row><c t="s"><v>1</v></c><c t="inlineStr"><is><t>bad[.]example</t></is></c></row>'
    '<row><c t="s"><v>99</v></c><c><v>5</v></c></row></sheetData></worksheet>'
)
DOCUMENT = (
    f"<w:document {_WORD}><w:body><w:p><w:r><w:t>The host is evil</w:t></w:r><w:r><w:t>[.]example, we</w:t></w:r></w:p>"
    "<w:p><w:r><w:t>are sure.</w:t></w:r></w:p></w:body></w:document>"
)


def office(**parts: str) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("[Content_Types].xml", "<Types/>")
        for name, text in parts.items():
            opened.writestr(name.replace("__", "/") + ".xml", text)
    return archive.getvalue()


def test_a_workbook_is_read_as_a_table() -> None:
    data = office(xl__sharedStrings=SHARED, xl__worksheets__sheet1=SHEET)
    assert is_office(data)
    reading = read_office(data)
    assert reading.format == "table"
    assert {found.observable.value: found.where for found in reading.found} == {
        "evil.example": "row 2, value",
        "bad.example": "row 2, note",
    }


def test_a_document_is_read_as_running_text() -> None:
    reading = read_office(office(word__document=DOCUMENT))
    assert reading.format == "text"
    assert [(found.observable.value, found.part) for found in reading.found] == [("evil.example", "named")]
    assert reading.text == "The host is evil[.]example, we\nare sure."


def test_an_entity_is_not_resolved() -> None:
    hostile = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>{DOCUMENT.replace("are sure", "&x;")}'
    assert read_office(office(word__document=hostile)).text.startswith("The host is evil")


@pytest.mark.parametrize("parts", [{}, {"word__document": "<w:document"}, {"ppt__presentation": "<a/>"}])
def test_what_is_neither_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(Unreadable, match="Office file"):
        read_office(office(**parts))
