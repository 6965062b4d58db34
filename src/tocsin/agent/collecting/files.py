# SPDX-License-Identifier: Apache-2.0
"""Folders and maildirs as sources. They are only read: nothing in them is moved, marked or deleted.

A file in a folder is taken once two looks in a row found it the same, so that one that is still being written waits.
A mail in a maildir is whole from the moment it is there: it was delivered to `tmp` and moved (cr.yp.to/proto/maildir).
Hidden files, links and whatever is no regular file are passed over.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.agent.collecting.arrival import MAX_BATCH, MAX_BATCH_BYTES, Arrival, Batch
from tocsin.agent.readers.containers import MAX_FILE
from tocsin.errors import ConfigError, TooLarge

MAX_NAMES = 200_000
"""Files of one source that are looked at; more are a mistake in the settings."""


class _Stamp(msgspec.Struct, frozen=True):
    """What changes when a file does."""

    size: int
    changed: int
    inode: int


class Folder:
    """Every file in a folder and in its folders."""

    kind = "folder"

    def __init__(self, path: Path, seconds: float) -> None:
        self.name = f"{self.kind} {path}"
        self.seconds = seconds
        self._path = path
        self._before: dict[str, _Stamp] = {}
        """As the look before found them."""
        self._taken: dict[str, _Stamp] = {}

    def look(self, position: str) -> Batch:
        """The next files that are whole and were not taken since this process began."""
        now = self._now()
        ready = [
            name
            for name, stamp in now.items()
            if self._taken.get(name) != stamp and self._is_whole(name, stamp)
        ]
        self._before = now
        self._taken = {name: stamp for name, stamp in self._taken.items() if name in now}
        arrivals, size = list[Arrival](), 0
        for name in sorted(ready):
            if len(arrivals) == MAX_BATCH or size > MAX_BATCH_BYTES:
                return Batch(tuple(arrivals), more=True)
            arrival = self._arrival(name)
            if self._stamp(name) != now[name]:
                continue  # somebody writes into it after all
            self._taken[name] = now[name]
            arrivals.append(arrival)
            size += len(arrival.data)
        return Batch(tuple(arrivals))

    def stop(self) -> None:
        """A look at a disk is short."""

    def _now(self) -> dict[str, _Stamp]:
        """Every regular file with its stamp; ConfigError for a place that cannot be read."""
        found: dict[str, _Stamp] = {}
        try:
            for entry in self._entries():
                with suppress(FileNotFoundError):  # it was moved on meanwhile
                    found[self._identity(entry.path)] = _stamp_of(entry.stat(follow_symlinks=False))
                if len(found) > MAX_NAMES:
                    raise ConfigError(
                        f"{self.name} holds more than {MAX_NAMES:,} files.",
                        next_step="Move old ones away, or name a folder for what is new in `[collect]`.",
                    )
        except OSError as error:
            raise ConfigError(
                f"{self.name}: {error.strerror}.",
                next_step="Check the path in `[collect]`, and that the agent's user may read it.",
            ) from None
        return found

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        return _walk(str(self._path))

    def _identity(self, path: str) -> str:
        """By what a file is known from look to look."""
        return path

    def _where(self, name: str) -> str:
        """The path at which a file can be opened now."""
        return name

    def _is_whole(self, name: str, stamp: _Stamp) -> bool:
        return self._before.get(name) == stamp

    def _stamp(self, name: str) -> _Stamp | None:
        """As the file is now; None when it is gone."""
        try:
            return _stamp_of(os.stat(self._where(name), follow_symlinks=False))
        except OSError:
            return None

    def _arrival(self, name: str) -> Arrival:
        path = self._where(name)
        shown = os.path.relpath(path, self._path)
        try:
            return Arrival(shown, read_file(Path(path), follow=False))
        except TooLarge as error:
            return Arrival(shown, b"", error.detail)
        except OSError as error:
            return Arrival(shown, b"", f"{error.strerror}.")


class Maildir(Folder):
    """What was delivered to a maildir, read or not."""

    kind = "maildir"

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path, seconds)
        self._paths: dict[str, str] = {}

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        self._paths = {}
        for part in ("new", "cur"):
            with os.scandir(self._path / part) as entries:
                yield from (entry for entry in entries if _is_taken(entry))

    def _identity(self, path: str) -> str:
        """Its unique name, without the flags behind the colon: a mail that is read keeps it."""
        name = os.path.basename(path).partition(":")[0]
        self._paths[name] = path
        return name

    def _where(self, name: str) -> str:
        return self._paths[name]

    def _is_whole(self, name: str, stamp: _Stamp) -> bool:
        return True


def open_file(path: Path, *, follow: bool) -> BinaryIO:
    """A regular file, open for reading; OSError for what is no file or cannot be read.

    A link counts only where it is followed, and a pipe in the file's place is not waited for.
    """
    link = 0 if follow else os.O_NOFOLLOW
    file = open(os.open(path, os.O_RDONLY | link | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115 the caller's
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "It is no regular file", str(path))
    return file


def read_file(path: Path, *, follow: bool) -> bytes:
    """The bytes of a regular file; TooLarge above `MAX_FILE`, OSError as `open_file`."""
    with open_file(path, follow=follow) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE:
            raise TooLarge(f"{path} has {size / 2**20:,.1f} MiB; at most {MAX_FILE // 2**20} MiB are read.")
        return file.read(MAX_FILE + 1)


def _walk(place: str) -> Iterator[os.DirEntry[str]]:
    """Every file below a folder that is not hidden; the folders themselves are no recursion of Python's."""
    waiting = [place]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            if folder == place:
                raise
            continue  # it was moved on meanwhile
        for entry in entries:
            if _is_taken(entry):
                yield entry
            elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                waiting.append(entry.path)


def _stamp_of(told: os.stat_result) -> _Stamp:
    return _Stamp(told.st_size, told.st_mtime_ns, told.st_ino)


def _is_taken(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
