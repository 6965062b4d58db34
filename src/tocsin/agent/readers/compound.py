# SPDX-License-Identifier: Apache-2.0
"""A compound file, the file system in one file that Outlook's .msg and the older Office formats are → its storages.

Each byte is read once: what the streams hold together is no more than the file itself, and no entry of the directory
stands in two places. So sectors that follow each other in a circle, and streams that share them, end with the file. A
damaged stream is a `Defect` of its own; only a damaged header or directory refuses the whole.

Source: [MS-CFB] 2.2 header, 2.3 to 2.5 sectors and their chains, 2.6 directory.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from itertools import chain, islice

import msgspec

from tocsin.agent.readers.gather import plain
from tocsin.agent.readers.reading import Defect
from tocsin.errors import TooCostly, Unreadable

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_ENTRIES = 50_000
"""Of the directory; a mail has some hundred, and twenty more for each attachment or recipient."""
MAX_DEPTH = 60
"""Storages inside each other; a mail inside a mail takes two."""
_HEADER = struct.Struct("<8s16x5H6x9I")
_ENTRY = struct.Struct("<64sHBx3I36xIQ")
_STORAGE, _STREAM = 1, 2
_NONE = 0xFFFFFFFF
_SMALL = 6
"""Sectors of small streams have two to the sixth bytes."""
_LISTED = 109
"""Allocation sectors that the header itself lists."""


class Storage(msgspec.Struct):
    """A folder of a compound file. Names are in capitals: they are compared without case."""

    streams: dict[str, bytes] = {}
    storages: dict[str, "Storage"] = {}


class Compound(msgspec.Struct, frozen=True):
    """All of a compound file."""

    root: Storage
    defects: tuple[Defect, ...] = ()
    """The streams that could not be read."""


def open_compound(data: bytes) -> Compound:
    """All storages and streams. Unreadable for a damaged directory, TooCostly where it has more inside than outside."""
    return _File(data).walked()


class _Entry(msgspec.Struct, frozen=True):
    """One line of the directory, and the numbers of those beside and below it."""

    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class _File:
    """The sectors of one file, and its directory."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER.size + 4 * _LISTED:
            raise _broken("it is cut off in its header")
        _, _, version, order, shift, small, _, _, first, _, self._cutoff, small_first, _, more, _ = (
            _HEADER.unpack_from(data)
        )
        if (version, shift, small, order) not in ((3, 9, _SMALL, 0xFFFE), (4, 12, _SMALL, 0xFFFE)):
            raise _broken("its header is neither of version 3 nor of version 4")
        self._data, self._shift, self._version = data, shift, version
        self._sectors = (len(data) >> shift) + 1
        self._unread = len(data)
        self._next = self._numbers(b"".join(map(self._sector, self._allocation(more))))
        self._next_small = self._numbers(self._whole(small_first))
        self._directory = self._whole(first)
        if not self._directory:
            raise _broken("its directory is missing")
        self._small = self._whole(self._entry(0).start)

    def walked(self) -> Compound:
        """Every storage and stream, each entry of the directory once."""
        root, defects = Storage(), list[Defect]()
        waiting, seen = [(self._entry(0).child, root, "", 0)], {0}
        while waiting:
            number, storage, path, depth = waiting.pop()
            if number == _NONE:
                continue
            if number in seen:
                raise _broken(f"entry {number} of its directory stands in two places")
            if len(seen) > MAX_ENTRIES:
                raise TooCostly(f"Its directory has more than {MAX_ENTRIES:,} entries.")
            seen.add(number)
            entry = self._entry(number)
            where = f"{path}{entry.name}"
            waiting += [(entry.left, storage, path, depth), (entry.right, storage, path, depth)]
            if entry.kind == _STORAGE and depth >= MAX_DEPTH:
                defects.append(
                    Defect(plain(where[-200:], 200), f"lies deeper than {MAX_DEPTH} folders; not read")
                )
            elif entry.kind == _STORAGE:
                inner = storage.storages.setdefault(entry.name.upper(), Storage())
                waiting.append((entry.child, inner, f"{where}/", depth + 1))
            elif entry.kind == _STREAM:
                try:
                    storage.streams.setdefault(entry.name.upper(), self._stream(entry))
                except Unreadable as error:
                    defects.append(Defect(plain(where, 200), error.detail))
        return Compound(root, tuple(defects))

    def _entry(self, number: int) -> _Entry:
        at = number * _ENTRY.size
        if at + _ENTRY.size > len(self._directory):
            raise _broken(f"entry {number} of its directory is missing")
        raw, length, kind, left, right, child, start, size = _ENTRY.unpack_from(self._directory, at)
        name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        size = size & _NONE if self._version == 3 else size  # the rest may be anything there
        return _Entry(name, kind, left, right, child, start, size)

    def _stream(self, entry: _Entry) -> bytes:
        """The bytes of a stream; a Defect's sentence in an Unreadable when its sectors are not all there."""
        if entry.size > self._unread:
            raise TooCostly(f"{plain(entry.name, 80)!r}: its streams are longer together than the file.")
        small = entry.size < self._cutoff
        shift, follows = (_SMALL, self._next_small) if small else (self._shift, self._next)
        numbers = islice(_chain(entry.start, follows), -(-entry.size >> shift))
        sectors = map(self._small_sector, numbers) if small else map(self._sector, numbers)
        body = b"".join(sectors)[: entry.size]
        if len(body) < entry.size:
            raise Unreadable(f"is cut off after {len(body):,} of {entry.size:,} bytes")
        self._unread -= entry.size
        return body

    def _whole(self, start: int) -> bytes:
        """A chain to its end, whose length nothing says: the directory and its like."""
        return b"".join(map(self._sector, _chain(start, self._next)))

    def _allocation(self, more: int) -> Iterator[int]:
        """The sectors that say which sector follows which: no more than the file has need of, whatever is listed."""
        listed = self._numbers(self._data[_HEADER.size : _HEADER.size + 4 * _LISTED])
        per_sector = 1 << self._shift - 2
        return islice(chain(listed, self._listed_behind(more)), -(-self._sectors // per_sector))

    def _listed_behind(self, more: int) -> Iterator[int]:
        for _ in range(self._sectors):
            numbers = self._numbers(self._sector(more))
            if not numbers:
                return
            yield from numbers[:-1]
            more = numbers[-1]

    def _sector(self, number: int) -> bytes:
        at = number + 1 << self._shift
        return self._data[at : at + (1 << self._shift)]

    def _small_sector(self, number: int) -> bytes:
        return self._small[number << _SMALL : number + 1 << _SMALL]

    @staticmethod
    def _numbers(data: bytes) -> "array[int]":
        numbers = array("I", data[: len(data) & ~3])
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers


def _chain(start: int, follows: "array[int]") -> Iterator[int]:
    """A sector and those that follow it, as many as there are at most: a circle ends."""
    number = start
    for _ in range(len(follows)):
        if number >= len(follows):
            return
        yield number
        number = follows[number]


def _broken(why: str) -> Unreadable:
    return Unreadable(f"It looks like an Outlook .msg or an old Office file, but {why}.")
