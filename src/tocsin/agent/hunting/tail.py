# SPDX-License-Identifier: Apache-2.0
"""Follows one file as it is written, through rotation and truncation, and from where it was after a restart.

A file is known by its inode. When another stands in its place, the rest of the old one is read first; after a restart
it is looked for beside its place, under whatever name rotation gave it. When a file is shorter than what was read of
it, it was truncated, and is read from its beginning. A file that is followed for the first time is followed from its
end: what is in it already is the past (`past.py`). The last line counts once it has ended.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.agent.collecting.files import open_file
from tocsin.agent.hunting.found import MAX_LINE

PIECE = 2**20
"""Bytes of one look."""
MAX_BESIDE = 1_000
"""Files in its folder among which an old one is looked for."""


class Position(msgspec.Struct, frozen=True):
    """Where one is in which file; inode 0: it was never followed."""

    inode: int = 0
    offset: int = 0
    truncated: int = 0
    """How often it was found shorter than before."""
    cut: int = 0
    """Lines that were longer than a line may be, and were cut."""


class Tail:
    """One followed file; use it from one thread."""

    def __init__(self, path: Path, position: Position) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.position = position
        """Behind the last whole line that was given."""

    def look(self) -> list[bytes]:
        """The next whole lines, at most a piece of them; none when nothing was written, or no file is there."""
        if self._file is None:
            self._open()
        while self._file is not None:
            lines = self._read(self._file)
            if lines or not self._turn(self._file):
                return lines
        return []

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        """Take up where it was: in the file of that inode, or in the one that stands there now."""
        with suppress(OSError):
            self._take(open_file(self._path, follow=True), from_end=not self.position.inode)

    def _take(self, file: BinaryIO, *, from_end: bool) -> None:
        about = os.fstat(file.fileno())
        if self.position.inode not in (0, about.st_ino) and (old := self._beside()):
            file.close()
            self._file = old
            return
        if about.st_ino != self.position.inode:
            offset = _end_of_lines(file, about.st_size) if from_end else 0
            self.position = msgspec.structs.replace(self.position, inode=about.st_ino, offset=offset)
        self._file = file

    def _beside(self) -> BinaryIO | None:
        """The file that was followed before, if rotation left it in its folder."""
        for number, name in enumerate(_names(self._path.parent)):
            if number == MAX_BESIDE:
                break
            with suppress(OSError):
                path = self._path.parent / name
                if os.stat(path, follow_symlinks=False).st_ino == self.position.inode:
                    return open_file(path, follow=False)
        return None

    def _read(self, file: BinaryIO) -> list[bytes]:
        position = self.position
        if os.fstat(file.fileno()).st_size < position.offset:
            position = msgspec.structs.replace(position, offset=0, truncated=position.truncated + 1)
        file.seek(position.offset)
        data = file.read(PIECE)
        end = data.rfind(b"\n") + 1
        if not end and len(data) >= MAX_LINE:
            end, position = len(data), msgspec.structs.replace(position, cut=position.cut + 1)
        self.position = msgspec.structs.replace(position, offset=position.offset + end)
        return data[:end].splitlines()

    def _turn(self, file: BinaryIO) -> bool:
        """Whether another file stands there now, which is then followed from its beginning."""
        try:
            about = os.stat(self._path)
        except OSError:
            return False  # between two files of a rotation
        if about.st_ino == os.fstat(file.fileno()).st_ino:
            return False
        try:
            new = open_file(self._path, follow=True)
        except OSError:
            return False
        file.close()
        inode = os.fstat(new.fileno()).st_ino
        self.position = msgspec.structs.replace(self.position, inode=inode, offset=0)
        self._file = new
        return True


def _names(folder: Path) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _end_of_lines(file: BinaryIO, size: int) -> int:
    """Behind the last line that has ended: what is being written is read whole."""
    start = max(0, size - MAX_LINE)
    file.seek(start)
    return start + file.read(size - start).rfind(b"\n") + 1
