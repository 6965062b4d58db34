# SPDX-License-Identifier: Apache-2.0
"""Making, replacing and holding a file: whoever reads sees the old or the new one, never half of one or another's.

What was written survives a power cut: a file's name is on the disk only once its folder was synced too (fsync(2)).

The new one is written beside the old and renamed. It is always a file that was just made: a link that somebody laid in
the way is taken away and not followed (open(2): O_EXCL, O_NOFOLLOW).
"""

import fcntl
import os
from pathlib import Path

OWNER = 0o600
"""Only the user who runs the process reads it."""
RUNNING = "running.lock"
"""The file by which a process that serves a folder holds it (flock(2)): a dead process holds nothing."""


def write_new(path: Path, data: bytes) -> None:
    """A file where none is, durable and for its owner only; OSError says what the system says."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OWNER)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in it, new and gone, are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes, *, mode: int = OWNER, made_seconds: int | None = None) -> None:
    """Put the file in place, durably, with this mode and time of change; OSError says what the system says."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OWNER)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(handle, mode)
        if made_seconds is not None:
            os.utime(handle, (made_seconds, made_seconds))
        os.fsync(handle)
    beside.replace(path)
    sync_folder(path.parent)


def holder(lock: Path) -> int | None:
    """The process that holds a file, 0 while it has not written its number there; None when nobody does."""
    try:
        handle = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.read(handle, 20)
        return int(number) if number.isdigit() else 0
    finally:
        os.close(handle)
    return None


class NumberedSecrets:
    """Private keys by their number, each in a file of its own in one folder, until they are let go.

    They are in no store, so no backup of one has them, and none comes back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, number: int, data: bytes) -> None:
        """Write one, whole from its first moment; FileExistsError when there is one of that number."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._place(number)
        beside = place.with_suffix(f".{os.getpid()}")
        write_new(beside, data)
        try:
            os.link(beside, place)
        finally:
            beside.unlink()
            sync_folder(self._folder)

    def get(self, number: int) -> bytes | None:
        """One of them, or None."""
        try:
            return self._place(number).read_bytes()
        except FileNotFoundError:
            return None

    def drop_below(self, number: int) -> None:
        """Delete those with a lower number."""
        old = [path for path in self._folder.glob("*.key") if path.name < self._place(number).name]
        for path in old:
            path.unlink(missing_ok=True)  # another process of the same may have
        if old:
            sync_folder(self._folder)

    def _place(self, number: int) -> Path:
        return self._folder / f"{number:010}.key"
