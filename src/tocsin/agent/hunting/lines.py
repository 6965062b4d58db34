# SPDX-License-Identifier: Apache-2.0
"""Hunts in anything made of lines: JSON of Zeek and Suricata, Zeek's own tables, tables with a header, syslog, text.

Blocks go through the sieve (`sieve.py`); the few lines that it lets through are read exactly, by what they are:

==============================  =============================================================================
a JSON object                   all of its texts, by the names of their fields
a row under ``#fields``         Zeek's own format; the separator stands in its header
a row under a header            comma, semicolon, tab or bar; the header is the first line and holds no value
anything else                   word by word
==============================  =============================================================================

Memory is bounded by a block, whatever the file. A line that is no record is searched as text and counted, and so is one
that is longer than `MAX_LINE`, in pieces. A compressed file that ends early is hunted as far as it goes.
"""

import csv
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

import msgspec

from tocsin.agent.hunting.found import MAX_LINE, Hunted
from tocsin.agent.hunting.records import Record, pairs_of, record_of_fields, record_of_text
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.agent.hunting.words import values_in
from tocsin.domain.observable import Kind
from tocsin.errors import Unreadable

BLOCK = 4 * 2**20
MAX_INFLATED, MAX_RATIO = 2**30, 200
"""A compressed file may hold so many bytes, or so many times its own size: logs shrink to a tenth, bombs to nothing."""
MAX_FIELDS = 2_000

GZIP = b"\x1f\x8b"
_PIECE = 2**18
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_SEPARATORS = ",;\t|"
_NAME = re.compile(r"[A-Za-z_@#][\w@.# /()-]{0,99}|")
_HEADER = re.compile(rb"^#(?:separator|fields)[^\n]*", re.MULTILINE)


class Reader:
    """Reads single lines of one log, whose headers it has seen."""

    def __init__(self) -> None:
        self._fields: list[str] = []
        self._separator = ""
        self._zeek = False
        self.is_json = False
        """Whether its first line is an object, and so all should be."""

    def begin(self, line: bytes) -> None:
        """Take the first line for a header, if it is one."""
        self.is_json = line[:1] == b"{"
        text = line.decode("utf-8", "replace").rstrip("\r")
        separator = max(_SEPARATORS, key=text.count)
        names = _row(text, separator)
        if 1 < len(names) <= MAX_FIELDS and all(map(_is_name, names)):
            self._fields, self._separator = names, separator

    def head(self, line: bytes) -> None:
        """Take a line that begins with ``#`` in."""
        text = line.decode("utf-8", "replace").rstrip("\r")
        if text.startswith("#separator "):
            self._zeek, self._separator = True, _escaped(text.partition(" ")[2]) or "\t"
        elif text.startswith("#fields") and self._zeek:
            self._fields = text.split(self._separator)[1 : MAX_FIELDS + 1]

    def record(self, line: bytes) -> tuple[Record, bool]:
        """What a line says, and whether it is a record of the log's kind."""
        if line[:1] == b"{":
            with suppress(*_BROKEN):
                return record_of_fields(pairs_of(msgspec.json.decode(line, type=dict[str, object]))), True
            return record_of_text(line.decode("utf-8", "replace")), False
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not self._fields or text.startswith("#"):
            return record_of_text(text), True
        cells = text.split(self._separator) if self._zeek else _row(text, self._separator)
        if len(cells) != len(self._fields):
            return record_of_text(text), False
        return record_of_fields(zip(self._fields, cells, strict=True)), True


def hunt_lines(blocks: Iterable[bytes], sieve: Sieve, tally: Tally, tell: Callable[[int], None]) -> Hunted:
    """Hunt in a log of which these are the bytes; `tell` hears how many lines are behind."""
    reader = Reader()
    problem, first = "", True
    try:
        for block in _whole_lines(blocks, tally):
            if first:
                demand_text(block)
                reader.begin(block.partition(b"\n")[0])
                first = False
            _hunt_block(block, reader, sieve, tally)
            tell(tally.lines)
    except (zlib.error, EOFError) as error:
        problem = f"it is damaged after {tally.lines:,} lines: {error}"
    return tally.hunted("lines", problem)


def inflated(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The bytes of a gzip file of one or more members, in bounded pieces.

    EOFError when it ends early or holds more than it may, zlib.error when it is damaged; what was read until then was
    given.
    """
    bound = max(MAX_INFLATED, MAX_RATIO * size)
    stream, given, begun = zlib.decompressobj(31), 0, False
    for piece in pieces:
        rest = piece
        while rest:
            if stream.eof:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                stream, begun = zlib.decompressobj(31), False
            data = stream.decompress(rest, BLOCK)
            begun = True
            given += len(data)
            yield data
            if given > bound:
                raise EOFError(f"it holds more than {bound >> 20:,} MiB")
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
    if begun and not stream.eof:
        raise EOFError("it ends early")


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file."""
    while piece := file.read(_PIECE):
        yield piece


def demand_text(head: bytes) -> None:
    """Unreadable when a file that begins so is not made of lines."""
    if b"\0" in head[:4_096]:
        raise Unreadable("It is no log: there are zero bytes in it.")


def _hunt_block(block: bytes, reader: Reader, sieve: Sieve, tally: Tally) -> None:
    tally.lines += block.count(b"\n") + (not block.endswith(b"\n"))
    if reader.is_json:
        tally.odd += _no_objects(block)
    headers = _headers(block)
    for start, stop in sieve.lines(block):
        while headers and headers[0][0] < start:
            reader.head(block[slice(*headers.pop(0))])
        line = block[start:stop]
        record, is_sound = reader.record(line)
        if not is_sound and not (reader.is_json and _is_no_object(line)):
            tally.odd += 1  # else it was counted with those in which nothing was found
        tally.add(record)
    for header in headers:
        reader.head(block[slice(*header)])


def _no_objects(block: bytes) -> int:
    """How many lines of a block of JSON do not begin and end as an object does."""
    text = block.rstrip(b"\n").replace(b"\r\n", b"\n")
    if text.count(b"\n") == text.count(b"}\n{") and text.endswith(b"}"):
        return 0
    return sum(map(_is_no_object, text.split(b"\n")))


def _is_no_object(line: bytes) -> bool:
    return line[:1] != b"{" or line.rstrip(b"\r")[-1:] != b"}"


def _headers(block: bytes) -> list[tuple[int, int]]:
    """Where the lines are in which Zeek says what follows."""
    if b"\n#" not in block and block[:1] != b"#":
        return []
    return [found.span() for found in _HEADER.finditer(block)]


def _whole_lines(pieces: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    """Blocks that end with a line; a line that is too long is cut. What comes before damage is given before it."""
    kept: list[bytes] = []
    size, damage = 0, None
    try:
        for piece in pieces:
            kept.append(piece)
            size += len(piece)
            if size < BLOCK:
                continue
            block = b"".join(kept)
            end = block.rfind(b"\n") + 1
            if not end or len(block) - end > MAX_LINE:
                tally.odd += 1
                end = len(block)
            yield block[:end]
            kept, size = [block[end:]], len(block) - end
    except (zlib.error, EOFError) as error:
        damage = error
    if rest := b"".join(kept):
        yield rest
    if damage is not None:
        raise damage


def _row(text: str, separator: str) -> list[str]:
    """The cells of a line; as they are cut where a quote is never closed."""
    if '"' not in text:
        return text.split(separator)
    csv.field_size_limit(2 * MAX_LINE)
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return text.split(separator)


def _is_name(cell: str) -> bool:
    """Whether a cell may be the name of a column: those of Zeek look like domains."""
    return _NAME.fullmatch(cell) is not None and all(one.kind is Kind.DOMAIN for one in values_in(cell))


def _escaped(text: str) -> str:
    """The character that a header of Zeek's writes as its escape."""
    with suppress(UnicodeError):
        return text.encode().decode("unicode_escape")[:1]
    return ""
