# SPDX-License-Identifier: Apache-2.0
"""The text of Office files of the newer kind (OOXML, ECMA-376): a workbook's cells, a document's paragraphs.

No formula is computed, nothing that is embedded or linked is followed, no entity is resolved. A workbook is read as a
table, each sheet with its own header; a document as running text. `show_office` is for a file in a mail: its text, and
the places outside of it to which it leads or from which it loads (relationships, ECMA-376 part 2 §9.3).
"""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import msgspec
from lxml import etree

from tocsin.agent.readers.containers import Inside, unzip
from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.pdf import Shown
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.table import read_rows
from tocsin.agent.readers.text import read_text
from tocsin.errors import Unreadable

MAX_CELLS = 400_000
MAX_LINKS = 5_000
MAX_SHOWN = 2_000_000
"""Characters of a file in a mail in which values are looked for."""
_NEITHER = "It looks like an Office file that is neither a workbook nor a document."
_SHEETS = "xl/worksheets/sheet"
_SHARED = "xl/sharedStrings.xml"
_DOCUMENT = "word/document.xml"


def is_office(data: bytes) -> bool:
    """Whether a ZIP archive says, in its directory, that it is an OOXML file."""
    return b"[Content_Types].xml" in data[:65_536] + data[-65_536:]


def read_office(data: bytes) -> Reading:
    """What a workbook's cells or a document's paragraphs say; Unreadable for another kind of file."""
    inside = unzip(data)
    parts = {packed.name: packed.data for packed in inside.files}
    if sheets := _sheets(parts):
        return _with_defects(_workbook(parts, sheets), inside)
    if _DOCUMENT in parts:
        paragraphs = _runs(parts[_DOCUMENT], "p", "t")
        return _with_defects(read_text("\n".join(paragraphs).encode()), inside)
    raise Unreadable(_NEITHER)


def show_office(data: bytes) -> Shown:
    """What a workbook or a document shows to whoever opens it; Unreadable for another kind of file."""
    inside = unzip(data)
    parts = {packed.name: packed.data for packed in inside.files}
    sheets = _sheets(parts)
    if sheets:
        text = _text_of(_all_rows(parts, sheets))
    elif _DOCUMENT in parts:
        text = "\n".join(_runs(parts[_DOCUMENT], "p", "t"))
    else:
        raise Unreadable(_NEITHER)
    defects = tuple((one.where, one.reason) for one in inside.defects)
    return Shown(text[:MAX_SHOWN], tuple(islice(_outside(parts), MAX_LINKS)), defects)


def _outside(parts: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """The kind of each relationship that leads out of the file, with a number, and where to."""
    numbers: Counter[str] = Counter()
    for name in sorted(parts):
        for _, element in _elements(parts[name]) if name.endswith(".rels") else ():
            kind = plain(element.get("Type", "").rpartition("/")[2], 60)
            if element.get("TargetMode") == "External" and kind != "image":
                numbers[kind] += 1
                yield f"{kind} {numbers[kind]}", element.get("Target", "")


def _sheets(parts: dict[str, bytes]) -> list[str]:
    return sorted((name for name in parts if name.startswith(_SHEETS)), key=lambda name: (len(name), name))


def _workbook(parts: dict[str, bytes], sheets: list[str]) -> Reading:
    rows = _all_rows(parts, sheets)
    return read_rows(iter(rows), _text_of(rows))


def _all_rows(parts: dict[str, bytes], sheets: list[str]) -> list[list[str]]:
    shared = list(_runs(parts[_SHARED], "si", "t")) if _SHARED in parts else []
    return [row for sheet in sheets for row in _rows(parts[sheet], shared)]


def _text_of(rows: list[list[str]]) -> str:
    return "\n".join(", ".join(filter(None, row)) for row in rows)


def _rows(sheet: bytes, shared: list[str]) -> Iterator[list[str]]:
    """The cells of each row in their order; gaps between them close."""
    row: list[str] = []
    for _, element in islice(_elements(sheet), MAX_CELLS * 2):
        tag = etree.QName(element).localname
        if tag == "c":
            row.append(_cell(element, shared))
        elif tag == "row":
            if any(row):
                yield row
            row = []
            element.clear()


def _cell(cell: etree._Element, shared: list[str]) -> str:
    text = "".join(str(one) for one in cell.itertext())
    if cell.get("t") != "s":
        return text
    return shared[int(text)] if text.isdigit() and int(text) < len(shared) else ""


def _runs(document: bytes, whole: str, part: str) -> Iterator[str]:
    """The text of each `whole`, put together from its `part` elements."""
    texts: list[str] = []
    for _, element in _elements(document):
        tag = etree.QName(element).localname
        if tag == part:
            texts.append(element.text or "")
        elif tag == whole:
            yield "".join(texts)
            texts = []
            element.clear()


def _elements(document: bytes) -> Iterator[tuple[str, etree._Element]]:
    try:
        yield from etree.iterparse(
            BytesIO(document), events=("end",), resolve_entities=False, no_network=True, load_dtd=False
        )
    except etree.XMLSyntaxError as error:
        raise Unreadable(
            f"It looks like an Office file whose XML is not well formed ({error.msg})."
        ) from None


def _with_defects(reading: Reading, inside: Inside) -> Reading:
    return msgspec.structs.replace(reading, defects=reading.defects + inside.defects)
