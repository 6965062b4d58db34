# SPDX-License-Identifier: Apache-2.0
"""A machine whose power can be cut: a VFS that remembers what was synced and forgets at a cut what was not.

Files are read and written as ever, in the machine's memory; beside them stands what its disk holds for certain. At a
cut, of what was not synced anything may have reached the disk: nothing, all, single writes and not those before them,
single sectors of a write, half a sector (dice decide). A name is certain once its folder was synced, as SQLite does
when it first syncs a new journal or log, and when it deletes a file and asks for it. The `-shm` file is memory.

The rules are those of POSIX and of SQLite's own assumption that a write damages nothing beside itself
(sqlite.org/psow.html). Not modelled: a disk that lies about a sync, and bits that rot.
"""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

SECTOR = 512
_NEW_NAME = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL

Step = Callable[[str], None]
"""Hears the name of every step before it is taken and, with ``after`` before the name, once it is."""

Change = tuple[int, bytes | None]
"""Bytes written at a place, or (None) the size that a file was cut to."""


class PowerGone(apsw.IOError):
    """The machine is off."""


class _Kept:
    """One file as its disk holds it, and what was done to it since it was last synced."""

    def __init__(self, content: bytes, *, certain: bool) -> None:
        self.synced = content
        self.since: list[Change] = []
        self.certain = certain
        """Whether its name is on the disk."""
        self.deleted = False

    def sync(self) -> None:
        content = bytearray(self.synced)
        for place, data in self.since:
            _put(content, place, data)
        self.synced, self.since = bytes(content), []

    def survivor(self, dice: random.Random) -> bytes | None:
        """What is found when the power is back; None: no such file."""
        if (self.deleted or not self.certain) and dice.random() < 0.5:
            return None
        content = bytearray(self.synced)
        for place, data in _reached(self.since, dice):
            _put(content, place, data)
        return bytes(content)


def _reached(since: list[Change], dice: random.Random) -> list[Change]:
    """What of the changes since the last sync reached the disk."""
    match dice.choice(["none", "all", "the first", "some writes", "some sectors"]):
        case "none":
            return []
        case "all":
            return since
        case "the first":
            count = dice.randint(0, len(since))
            torn = [
                (place, data and data[: dice.randint(0, len(data))])
                for place, data in since[count : count + 1]
            ]
            return since[:count] + torn
        case "some writes":
            return [one for one in since if dice.random() < 0.5]
    return [one for change in since for one in _sectors(*change) if dice.random() < 0.5]


def _sectors(place: int, data: bytes | None) -> list[Change]:
    if data is None:
        return [(place, data)]
    return [(place + start, data[start : start + SECTOR]) for start in range(0, len(data), SECTOR)]


def _put(content: bytearray, place: int, data: bytes | None) -> None:
    if data is None:
        del content[place:]
        return
    if len(content) < place:
        content.extend(bytes(place - len(content)))
    content[place : place + len(data)] = data


class Disk(apsw.VFS):
    """The disk of one machine; `name` is what `open_sqlite` takes."""

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name, "")
        self.name = name
        self.step: Step = lambda _: None
        self.on = True
        self.cuts = 0
        self._dice = random.Random(seed)
        self._files: dict[str, _Kept] = {}
        self._lock = threading.RLock()
        self._survivors: dict[str, bytes | None] = {}

    def cut(self) -> None:
        """The power is gone: everything that is asked of this disk fails from now on."""
        with self._lock:
            if self.on:
                self.on = False
                self.cuts += 1
                files = self._files.items()
                self._survivors = {path: kept.survivor(self._dice) for path, kept in files}

    def power_up(self) -> None:
        """Put what survived in place of the files. Nobody may have them open."""
        for path, content in self._survivors.items():
            for stale in (Path(path), Path(f"{path}-shm")):
                stale.unlink(missing_ok=True)
            if content is not None:
                Path(path).write_bytes(content)
        self._files, self._survivors, self.on = {}, {}, True

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":
        """Every file that is not temporary is kept in mind."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is not None:
            self.demand_power()
            with self._lock:
                there = Path(path).exists()
                content = Path(path).read_bytes() if there else b""
                kept = self._files.get(path)
                if kept is None or kept.deleted:
                    # An old file's name is on the disk; one that was just made is not yet.
                    self._files[path] = _Kept(content, certain=there and bool(content))
        return _File(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Gone for certain when its folder is synced, and perhaps before."""
        self.demand_power()
        self.step(f"delete {Path(filename).name}")
        self.demand_power()
        super().xDelete(filename, syncdir)
        with self._lock:
            if filename in self._files:
                self._files[filename].deleted = True
            if syncdir:
                self.sync_folder()
        self.step(f"after delete {Path(filename).name}")

    def demand_power(self) -> None:
        """PowerGone when it is."""
        if not self.on:
            raise PowerGone("The power is gone.")

    def write(self, path: str, place: int, data: bytes | None) -> None:
        """Remember what was written, or cut to a size, and not synced."""
        with self._lock:
            self._files[path].since.append((place, data))

    def sync(self, path: str) -> None:
        """What was written is on the disk."""
        with self._lock:
            self._files[path].sync()

    def sync_folder(self) -> None:
        """Every name, new or gone, is on the disk."""
        with self._lock:
            self._files = {path: kept for path, kept in self._files.items() if not kept.deleted}
            for kept in self._files.values():
                kept.certain = True


class _File(apsw.VFSFile):
    """One open file."""

    def __init__(
        self, disk: Disk, path: str | None, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._path = path
        self._what = Path(path).name if path else "a temporary file"
        self._new_name = bool(flags[0] & _NEW_NAME)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.demand_power()
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._begin("write")
        super().xWrite(data, offset)
        if self._path:
            self._disk.write(self._path, offset, bytes(data))
        self._disk.step(f"after write {self._what}")

    def xTruncate(self, newsize: int) -> None:
        self._begin("truncate")
        super().xTruncate(newsize)
        if self._path:
            self._disk.write(self._path, newsize, None)
        self._disk.step(f"after truncate {self._what}")

    def xSync(self, flags: int) -> None:
        self._begin("sync")
        if self._path:
            self._disk.sync(self._path)
            if self._new_name:
                self._disk.sync_folder()
                self._new_name = False
        self._disk.step(f"after sync {self._what}")

    def _begin(self, what: str) -> None:
        self._disk.demand_power()
        self._disk.step(f"{what} {self._what}")
        self._disk.demand_power()
