# SPDX-License-Identifier: Apache-2.0
"""Every document that a file is or holds: files in archives, and pieces of a list that is too long to be read at once.

An archive is taken apart by the child. A long bundle, or list of MISP events, is cut here, where the file is: it may be
of any size. The child gets one piece after the other, of a bundle twice: first each is asked what it says of the others
(markings, accusations), then each is read with all that around it. A piece that is refused is halved until the one
object is left that is to blame, so that it costs no other its verdict, even if it ends the child.
"""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import groupby
from typing import BinaryIO

import msgspec

from tocsin.agent.readers.around import Around, together
from tocsin.agent.readers.containers import MAX_FILE, Inside
from tocsin.agent.readers.frames import Question
from tocsin.agent.readers.pieces import MAX_ELEMENT, MAX_WHOLE, Cutter, Element, is_long_list
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.errors import InputError, TooCostly, TooLarge, Unreadable

MAX_DEPTH = 3
"""Containers inside each other that are opened."""
MAX_UNPACKED = 128 * 2**20
"""Bytes that all containers in one file hold together: each alone is bounded, and a few bytes hold thousands."""
FILE_COSTS = 4_096
"""Bytes for which a file counts besides its own, so that empty ones are bounded too."""
MAX_REFUSED = 100
"""Objects of a long list that may be refused before the rest of it is: each costs a search, and up to a second."""
_ID = re.compile(rb'"id"\s*:\s*"([^"\\]{1,300})"')

Elements = tuple[Element, ...]


class Document(msgspec.Struct, frozen=True):
    """One file that was handed in, or lay in one; what was read of it, or why nothing was."""

    name: str
    """``bundle.zip > mail 3``: the way to it."""
    data: bytes
    reading: Reading | None = None
    error: InputError | None = None


def documents(reader: ReaderChild, file: BinaryIO, name: str) -> Iterator[Document]:
    """Every document in an open file, with its own bytes; one that cannot be read says why.

    The same refusals as `ReaderChild.read` when the file itself cannot be. What lies in more than `MAX_DEPTH`
    containers, or behind the first `MAX_UNPACKED` bytes of what they hold together, is refused by itself.
    """
    head = file.read(MAX_WHOLE + 1)
    if len(head) > MAX_WHOLE and is_long_list(head) and file.seekable():
        yield from _LongList(reader, file, name).documents()
    else:
        yield from _each(reader, head + file.read(MAX_FILE + 1 - len(head)), name)


def _each(reader: ReaderChild, data: bytes, name: str) -> Iterator[Document]:
    waiting, unpacked = [(name, data, 0)], 0
    while waiting:
        name, data, depth = waiting.pop()
        try:
            if depth > MAX_DEPTH:
                raise TooCostly(f"{name} lies in more than {MAX_DEPTH} archives.")
            if unpacked > MAX_UNPACKED:
                raise TooLarge(f"{name}: the files before it have more than {MAX_UNPACKED >> 20} MiB.")
            if len(data) > MAX_WHOLE and is_long_list(data):
                yield from _LongList(reader, BytesIO(data), name).documents()
                continue
            found = reader.ask(Question(data), name)
        except InputError as error:
            if not depth:
                raise
            yield Document(name, data, error=error)
            continue
        if isinstance(found, Reading):
            yield Document(name, data, found)
        if not isinstance(found, Inside):
            continue
        unpacked += sum(len(packed.data) + FILE_COSTS for packed in found.files)
        for packed in reversed(found.files):
            waiting.append((f"{name} > {packed.name}" if packed.name else name, packed.data, depth + 1))
        for defect in found.defects:
            yield Document(f"{name} > {defect.where}", b"", error=Unreadable(f"It {defect.reason}."))


class _LongList:
    """One long list, read in pieces."""

    def __init__(self, reader: ReaderChild, file: BinaryIO, name: str) -> None:
        self._reader = reader
        self._file = file
        self._name = name
        self._cutter = Cutter()
        self._refused: dict[int, InputError] = {}

    def documents(self) -> Iterator[Document]:
        """Its pieces, and every object that is refused by itself."""
        whole = together(self._surveyed())
        accused, behind = frozenset(whole.accused), bytes(self._cutter.behind)

        def question(piece: Elements) -> Question:
            """One piece between what stands around it, with those objects accused that are named in it."""
            data = self._cutter.document(piece, behind)
            named = accused.intersection(found.decode("utf-8", "replace") for found in _ID.findall(data))
            around = msgspec.structs.replace(whole, first=piece[0].number, accused=tuple(named))
            return Question(data, around)

        for piece in self._pieces():
            for part, found in self._asked(piece, question):
                if isinstance(found, Reading):
                    yield Document(self._place(part), self._cutter.document(part, behind), found)
                elif isinstance(found, InputError):
                    yield Document(self._place(part), b"", error=found)

    def _surveyed(self) -> Iterator[Around]:
        """What each piece of a bundle says of the others; events say nothing of each other."""

        def question(piece: Elements) -> Question:
            """One piece, only to be surveyed."""
            around = Around(first=piece[0].number)
            return Question(self._cutter.document(piece), around, is_survey=True)

        for piece in self._pieces():
            if self._cutter.is_bundle:
                for _, found in self._asked(piece, question):
                    if isinstance(found, Around):
                        yield found

    def _pieces(self) -> Iterator[Elements]:
        self._file.seek(0)
        self._cutter = Cutter()
        return self._cutter.pieces(self._file)

    def _asked(
        self, piece: Elements, question: Callable[[Elements], Question]
    ) -> Iterator[tuple[Elements, Reading | Inside | Around | InputError]]:
        """What the child says of a piece; of its halves where it is refused, down to the object that is to blame."""
        known = groupby(piece, lambda one: one.number if one.number in self._refused else -1)
        waiting = [tuple(part) for _, part in known][::-1]
        while waiting:
            part = waiting.pop()
            try:
                found = self._ask(part, question)
            except InputError as error:
                if len(part) > 1:
                    middle = len(part) // 2
                    waiting += [part[middle:], part[:middle]]
                else:
                    self._refuse(part[0], error)
                    yield part, error
            else:
                yield part, found

    def _ask(self, part: Elements, question: Callable[[Elements], Question]) -> Reading | Inside | Around:
        place = self._place(part)
        if known := self._refused.get(part[0].number):
            raise known
        if not all(one.data for one in part):
            raise TooLarge(f"{place} has nothing in it, or more than {MAX_ELEMENT >> 20} MiB.")
        return self._reader.ask(question(part), place)

    def _refuse(self, one: Element, error: InputError) -> None:
        self._refused[one.number] = error
        if len(self._refused) > MAX_REFUSED:
            raise TooCostly(
                f"More than {MAX_REFUSED} of its objects are refused, the last so: {error.detail}"
            )

    def _place(self, part: Elements) -> str:
        """``bundle.json > objects[14]`` or ``bundle.json > objects[14] to [1013]``."""
        first, last = part[0].number, part[-1].number
        kind = "objects" if self._cutter.is_bundle else "events"
        return f"{self._name} > {kind}[{first}]" + (f" to [{last}]" if first < last else "")
