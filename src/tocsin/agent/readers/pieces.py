# SPDX-License-Identifier: Apache-2.0
"""A JSON file that is one long list (a STIX bundle, an export of MISP events) → pieces of it, to be read one by one.

Nothing is parsed here: strings and brackets are told apart, so that the commas are found at which the list can be cut.
Each piece is the file's own bytes: what stands before the list, some of its elements, what stands behind it. A file of
any size passes through a window; what is kept is one piece. An element above `MAX_ELEMENT` is passed over and named.

>>> from io import BytesIO
>>> [element.data for element in Cutter().cut(BytesIO(b'[{"a": ","}, {}]'))]
[b'{"a": ","}', b' {}']
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from tocsin.agent.readers.containers import MAX_FILE
from tocsin.errors import TooCostly, TooLarge, Unreadable

MAX_WHOLE = 8 * 2**20
"""Bytes that a list may have and be read at once."""
MAX_PIECE = 2**20
MAX_ELEMENTS = 1_000
"""In one piece: a report has room for as many values."""
MAX_OUTSIDE = 65_536
"""Bytes before the list, and behind it."""
MAX_ELEMENT = MAX_FILE - 2 * MAX_OUTSIDE
"""Bytes of one element, so that with what stands around it, it is no larger than a file."""
_WINDOW = 2**20
_NAME = 100
"""Bytes before a list in which its name stands."""
MAX_BRACKETS = 5 * 10**6
"""Brackets that are looked at one by one in the first bytes of a file, and one more for each `BRACKET_BYTES`."""
BRACKET_BYTES = 20
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT = rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+"
_NEST = rb'(?:[^"{}\[\]]++|' + _STRING + rb"|\[" + _FLAT + rb"\]|\{" + _FLAT + rb"\})*+"
_PAIRS = _STRING + rb"|\[" + _NEST + rb"\]|\{" + _NEST + rb"\}"
# In an element, what is nested twice is passed over as a whole: that is nearly all of STIX, and much faster.
_OUTSIDE = re.compile(_FLAT, re.DOTALL)
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _PAIRS + rb")*+", re.DOTALL)
_TO_COMMA = re.compile(rb'(?:[^"{}\[\],]++|' + _PAIRS + rb")*+", re.DOTALL)
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_NAMED = re.compile(rb'(?:\A(?:\xef\xbb\xbf)?\s*|"(?:objects|response)"\s*:\s*)\Z')
_LONG = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*\{\s*"Event"|\{.{0,4000}?"(?:objects|response)"\s*:\s*\[)', re.DOTALL
)
_OPEN, _CLOSE = frozenset(b"[{"), frozenset(b"]}")
_LIST, _COMMA, _QUOTE = b'[,"'


class Element(msgspec.Struct, frozen=True):
    """One element of the list."""

    number: int
    """From 0, as in ``objects[14]``."""
    data: bytes
    """Empty when there are more than `MAX_ELEMENT`."""


def is_long_list(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a list that can be cut."""
    return _LONG.match(head[:8_192]) is not None


class Cutter:
    """Where in a file it is: how deep, in a string or not, before the list, in it or behind it."""

    def __init__(self) -> None:
        self.before, self.behind = bytearray(), bytearray()
        """What stands around the list; `behind` is known when all elements were given."""
        self.is_bundle = False
        """Whether the list is a bundle's objects; known with the first element."""
        self._kept = self.before
        """Where the bytes belong that are read now."""
        self._element, self._number, self._is_long = bytearray(), 0, False
        self._depth = self._list_depth = self._brackets = 0
        self._in_string = self._escaped = False

    def pieces(self, file: BinaryIO) -> Iterator[tuple[Element, ...]]:
        """The objects of a bundle many at a time; events one by one, for each is a report of its own."""
        piece, size = list[Element](), 0
        for element in self.cut(file):
            most = MAX_ELEMENTS if self.is_bundle else 1
            if piece and (len(piece) >= most or size + len(element.data) > MAX_PIECE):
                yield tuple(piece)
                piece, size = [], 0
            piece.append(element)
            size += len(element.data)
        if piece:
            yield tuple(piece)

    def cut(self, file: BinaryIO) -> Iterator[Element]:
        """The elements of the list. Unreadable where the file ends before its list does, TooLarge or TooCostly."""
        size = 0
        while window := file.read(_WINDOW):
            yield from self._windowed(window)
            size += len(window)
            if self._brackets > MAX_BRACKETS + size // BRACKET_BYTES:
                raise TooCostly(f"It looks like JSON that is mostly brackets, up to byte {size:,}.")
        if self._in_string or self._depth or not self.behind:
            raise Unreadable(f"It looks like JSON but is cut off after {size:,} bytes, or is no list.")

    def document(self, elements: Iterable[Element], behind: bytes = b"]}") -> bytes:
        """Some elements as a file of their own; `behind` is what stands behind the list, when that is known."""
        return bytes(self.before) + b",".join(element.data for element in elements) + behind

    def _windowed(self, window: bytes) -> Iterator[Element]:
        start = at = 0
        while (at := self._next(window, at)) < len(window):
            byte = window[at]
            self._depth += (byte in _OPEN) - (byte in _CLOSE)
            self._brackets += 1
            if self._kept is not self._element:
                if byte == _LIST and self._depth <= 2:
                    self._keep(window[start:at])
                    start = at + self._opens()
            elif byte == _COMMA or self._depth < self._list_depth:
                self._keep(window[start:at])
                start = at + (byte == _COMMA)
                if element := self._ended(is_last=byte != _COMMA):
                    yield element
            at += 1
        self._keep(window[start:])

    def _next(self, window: bytes, at: int) -> int:
        """The next bracket, or comma between elements; the length of the window when there is none in it."""
        while at < len(window):
            if self._escaped:
                at, self._escaped = at + 1, False
            elif self._in_string:
                at = _end(_IN_STRING, window, at)
                if at < len(window):
                    self._in_string = self._escaped = window[at] != _QUOTE
                    at += 1
            else:
                pattern = _TO_COMMA if self._depth == self._list_depth else _TO_BRACKET
                at = _end(pattern if self._kept is self._element else _OUTSIDE, window, at)
                if at == len(window) or window[at] != _QUOTE:
                    return at
                self._in_string, at = True, at + 1
        return at

    def _opens(self) -> bool:
        """Whether the list that begins here is the one."""
        name = self._kept[-_NAME:]
        if not _NAMED.search(name):
            return False
        if self._kept is self.behind:
            raise Unreadable("It looks like JSON that gives its list twice.")
        self.before += b"["
        self.is_bundle = b'"objects"' in name
        self._kept, self._list_depth = self._element, self._depth
        return True

    def _ended(self, *, is_last: bool) -> Element | None:
        """The element that ends here; none in a list that is empty."""
        data = b"" if self._is_long else bytes(self._element).strip()
        element = Element(self._number, data)
        is_none = is_last and not self._number and not data and not self._is_long
        self._element.clear()
        self._number, self._is_long = self._number + 1, False
        if is_last:
            self._kept = self.behind
        return None if is_none else element

    def _keep(self, data: bytes) -> None:
        if self._kept is not self._element:
            self._kept += data
            if len(self._kept) > MAX_OUTSIDE:
                raise TooLarge(f"There is more than {MAX_OUTSIDE >> 10} KiB of JSON around its list.")
        elif not self._is_long:
            self._element += data
            if len(self._element) > MAX_ELEMENT:
                self._element.clear()
                self._is_long = True


def _end(pattern: "re.Pattern[bytes]", window: bytes, at: int) -> int:
    found = pattern.match(window, at)
    assert found is not None, "it may match nothing"
    return found.end()
