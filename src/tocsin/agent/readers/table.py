# SPDX-License-Identifier: Apache-2.0
"""A table with any header, separated by commas, semicolons, tabs or bars → a `Reading`.

The header decides little, for nobody agrees on one: a column holds values when most of its cells do. In such a column
every cell is read, with several values in one cell if need be; other columns are read as running text. A table whose
header speaks of two sides (source and destination, client and server) is a log: it accuses nobody, and its values are
only mentioned. So are the values of a column whose header calls them genuine, allowed, a victim's or somebody's own,
and the autonomous systems that stand beside addresses.
"""

import csv
import re
from collections.abc import Iterator
from itertools import islice

from tocsin.agent.readers.cells import value_in
from tocsin.agent.readers.gather import Gathering, plain
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.agent.readers.text import external_ids_in, text_of
from tocsin.domain.observable import Kind

MAX_COLUMNS = 500
MAX_CELL = 100_000
MAX_ROW_LINES = 100
"""Lines that one row may go over, within quotes."""
SAMPLE = 200
"""Rows by which a column is judged."""
VALUES_SHARE = 0.6
_SEPARATORS = ",;\t|"
_SIDES = re.compile(
    r"(?:^|[^a-z])(?:src|dst|source|dest|destination|orig|originator|resp|responder|client|server)(?:[^a-z]|$)"
    r"|(?:src|source|dst|dest|client|server)(?:ip|addr|host|port)",
    re.IGNORECASE,
)
_INNOCENT = re.compile(
    r"genuine|legit|benign|innocent|allow|white|clean|\bown|_own|internal|customer|victim|recipient|target|impersonat|brand",
    re.IGNORECASE,
)
"""Words of a header that say whose a column's values are: not the attacker's."""
_SEVERAL = re.compile(r"[\s,;|]+")


def read_table(data: bytes) -> Reading:
    """Every value in the columns that hold values, and what the others mention."""
    text = text_of(data)
    separator = separator_of(text) or ","
    return read_rows(_rows(text, separator), text)


def read_rows(rows: Iterator[list[str]], text: str) -> Reading:
    """The same for rows that are taken apart already; the first may be a header."""
    gathering = Gathering()
    sample = list(islice(rows, SAMPLE))
    header = sample[0] if sample and not any(map(value_in, sample[0])) else []
    columns = _value_columns(sample[1:] if header else sample)
    is_log = sum(bool(_SIDES.search(name)) for name in header) > 1
    innocent = {column for column, name in enumerate(header) if is_log or _INNOCENT.search(name)}
    count = 0
    for number, row in enumerate((*sample[bool(header) :], *rows), 2 if header else 1):
        count += 1
        for column, cell in enumerate(row[:MAX_COLUMNS]):
            where = f"row {number}, {plain(header[column], 40) if column < len(header) else f'column {column + 1}'}"
            part = "text" if column in innocent else "named"
            _take(gathering, cell, where, part, holds_values=column in columns)
    return Reading(
        format="table",
        title=plain(", ".join(header), 200),
        text=plain(text, MAX_TEXT),
        found=gathering.found(),
        external_ids=external_ids_in(text),
        counts=(("rows", count),),
        defects=gathering.defects(),
    )


def separator_of(text: str) -> str | None:
    """The sign that stands in every one of the first lines at least twice, or once with a value beside it."""
    lines = [line for line in text[:65_536].splitlines() if line.strip()][:10]
    for sign in _SEPARATORS:
        # In a sentence a blank follows the comma.
        counts = [line.count(sign) - line.count(f"{sign} ") for line in lines]
        if len(lines) > 1 and min(counts) >= (2 if sign in ",;" else 1):
            return sign
        if len(lines) > 1 and min(counts) == 1 == max(counts) and value_in(lines[-1].split(sign)[0]):
            return sign
    return None


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """As the csv module reads them; a quote that is never closed costs nothing but its meaning."""
    lines = text.splitlines(keepends=True)
    csv.field_size_limit(MAX_CELL)
    at = 0
    while at < len(lines):
        reader = csv.reader(lines[at : at + MAX_ROW_LINES], delimiter=separator)
        try:
            row = next(reader)
        except csv.Error:
            row = []
        used = max(1, reader.line_num)
        if not row or "".join(lines[at : at + used]).count('"') % 2:
            row, used = lines[at].rstrip("\r\n").split(separator), 1
        at += used
        if any(cell.strip() for cell in row):
            yield row


def _value_columns(sample: list[list[str]]) -> frozenset[int]:
    found = set()
    for column in range(min(MAX_COLUMNS, max(map(len, sample), default=0))):
        cells = [row[column] for row in sample if column < len(row) and row[column].strip()]
        if cells and sum(all(map(value_in, _words(cell))) for cell in cells) >= VALUES_SHARE * len(cells):
            found.add(column)
    return frozenset(found)


def _words(cell: str) -> list[str]:
    return [cell] if value_in(cell) else _SEVERAL.split(cell[:MAX_CELL])


def _take(gathering: Gathering, cell: str, where: str, part: str, *, holds_values: bool) -> None:
    if not holds_values:
        if "." in cell or "@" in cell:
            gathering.prose(cell, where)
        return
    for word in _words(cell):
        found = value_in(word)
        if found:
            gathering.value(*found, "text" if found[0] is Kind.SYSTEM else part, where)
