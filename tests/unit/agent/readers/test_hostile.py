# SPDX-License-Identifier: Apache-2.0
"""Files made to cost much, each through the real child: refused by name or read in part, and the next one is read.

What the child may spend on one file (a second of processor time, 768 MiB) is enforced by the kernel; here it is seen
that no file gets around it, and that a person is told what became of the file.
"""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator

import pytest
from tests.unit.agent.readers import test_pdf
from tests.unit.agent.readers.outlook_files import binary, compound, properties, text
from tests.unit.agent.readers.test_office import office

from tocsin.agent.readers.documents import documents
from tocsin.agent.readers.process import ReaderChild
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable

pytestmark = pytest.mark.processes

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CLOSED = (Unreadable, TooCostly, TooLarge)
MAIL = b"From: a@evil.example\nSubject: x\n\nhttps://evil.example/"


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderChild]:
    with ReaderChild() as child:
        yield child


def archive(files: dict[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return body.getvalue()


def zip_bomb() -> bytes:
    return archive({f"{number}": bytes(8 * 2**20) for number in range(4)})


def zip_of_zips() -> bytes:
    inner = archive({f"{number}": b"" for number in range(1_000)})
    return archive({f"{number}.zip": inner for number in range(10)})


def overlapping_zip() -> bytes:
    """Many entries of the directory that are one file (Fifield, A better zip bomb, 2019)."""
    data = archive({"a": bytes(range(256)) * 4_000})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    directory = entry * 2_000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2_000, 2_000, len(directory), start, 0)
    return data[:start] + directory + tail


def gzip_in_gzip() -> bytes:
    data = bytes(30 * 2**20)
    for _ in range(3):
        data = gzip.compress(data, mtime=0)
    return data


def wide_sheet() -> bytes:
    """A workbook that says to have all the cells there can be, and has one at the far end."""
    return office(
        xl__worksheets__sheet1=f'<worksheet xmlns="{SHEETS}"><dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1048576" spans="1:16384"><c r="XFD1048576" t="inlineStr"><is><t>evil[.]example</t></is></c></row>'
        "</sheetData></worksheet>"
    )


def many_cells() -> bytes:
    row = "<row>" + "<c><v>1</v></c>" * 1_000 + "</row>"
    return office(
        xl__worksheets__sheet1=f'<worksheet xmlns="{SHEETS}"><sheetData>{row * 1_500}</sheetData></worksheet>'
    )


def repeated_string() -> bytes:
    """A short sheet in which one long shared string stands ten thousand times."""
    cells = "".join('<row><c t="s"><v>0</v></c></row>' for _ in range(10_000))
    return office(
        xl__sharedStrings=f'<sst xmlns="{SHEETS}"><si><t>{"evil.example " * 8_000}</t></si></sst>',
        xl__worksheets__sheet1=f'<worksheet xmlns="{SHEETS}"><sheetData>{cells}</sheetData></worksheet>',
    )


def laughing_document() -> bytes:
    """Entities of entities (CWE-776)."""
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return office(word__document=f"<!DOCTYPE d [{entities}]><d><p><t>&a11;</t></p></d>")


def deep_document() -> bytes:
    return office(word__document="<a>" * 200_000 + "</a>" * 200_000)


def deep_json() -> bytes:
    return b'{"type": "bundle", "objects": ' + b"[" * 500_000 + b"]" * 500_000 + b"}"


def circular_markings() -> bytes:
    refs = [f"marking-definition--{number:08x}-0000-4000-8000-000000000000" for number in range(2_000)]
    objects = ",".join(
        f'{{"type": "marking-definition", "id": "{one}", "object_marking_refs": ["{other}"]}}'
        for one, other in zip(refs, [*refs[1:], refs[0]], strict=True)
    )
    return f'{{"type": "bundle", "objects": [{objects}]}}'.encode()


def mail_of_mails() -> bytes:
    return b"Content-Type: message/rfc822\n\n" * 50_000 + MAIL


def saved_mail_of_rtf() -> bytes:
    packed = struct.pack("<II4sI", 0, 4 * 2**20, b"LZFu", 0) + b"\xff\x00\x0f" * 200_000
    return compound({"__properties_version1.0": bytes(32), **binary(0x1009, packed)})


def saved_mail_of_groups() -> bytes:
    rtf = b"{\\rtf1\\fromhtml1 " + b"{\\*\\htmltag84 x}" * 250_000
    packed = struct.pack("<II4sI", 0, len(rtf), b"MELA", 0) + rtf
    return compound({"__properties_version1.0": bytes(32), **binary(0x1009, packed)})


def saved_mail_of_recipients() -> bytes:
    one = {"__properties_version1.0": properties({(0x0C15, 3): 1}, 8), **text(0x39FE, "a@bank.example")}
    return compound(
        {
            "__properties_version1.0": bytes(32),
            **{f"__recip_version1.0_#{number:08X}": one for number in range(8_000)},
        }
    )


def long_line() -> bytes:
    return b"evil.example," * 2_000_000


def many_fields() -> bytes:
    return b"value;" * 1_000_000 + b"\n" + b"evil.example;" * 1_000_000


def log_of_kinds() -> bytes:
    return b"\n".join(b'{"timestamp": "t", "event_type": "k%d"}' % number for number in range(300_000))


def event_of_events() -> bytes:
    return b'{"response": ' * 100_000 + b"[]" + b"}" * 100_000


HOSTILE = (
    zip_bomb, zip_of_zips, overlapping_zip, gzip_in_gzip, wide_sheet, many_cells, repeated_string, laughing_document,
    deep_document, deep_json, circular_markings, mail_of_mails, saved_mail_of_rtf, saved_mail_of_groups,
    saved_mail_of_recipients, long_line, many_fields, log_of_kinds, event_of_events, *test_pdf.HOSTILE,
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_it_is_refused_by_name_or_read_in_part_and_the_next_is_read(
    reader: ReaderChild, hostile: Callable[[], bytes]
) -> None:
    said: list[InputError] = []
    seen = 0
    try:
        for document in documents(reader, io.BytesIO(hostile()), "hostile"):
            seen += 1
            said += [document.error] if document.error else []
    except InputError as error:
        said.append(error)
    assert seen or said
    assert all(isinstance(error, CLOSED) for error in said)
    assert not [
        error for error in said if "internal error" in error.detail or "ended the reader" in error.detail
    ]
    assert reader.read(MAIL, "next.eml").format == "mail"


def test_a_cell_at_the_far_end_of_a_sheet_is_found(reader: ReaderChild) -> None:
    reading = reader.read(wide_sheet(), "wide.xlsx")
    assert [found.observable.value for found in reading.found] == ["evil.example"]
