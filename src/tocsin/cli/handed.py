# SPDX-License-Identifier: Apache-2.0
"""What a person hands in to be reported: files and folders on the disk, and files that were collected."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.agent.collecting.files import open_file
from tocsin.agent.collecting.queue import Queue
from tocsin.errors import Missing, Unreadable

_ITEM = re.compile(r"col_[0-9a-f]{8,32}…?")
"""How a collected file is named, as a screen may shorten it."""
_LOOK_AT_IT = "Check that it is there, and that you may read it; the other files were not affected."


class Handed(msgspec.Struct, frozen=True):
    """A file that was handed in, not read yet."""

    name: str
    open: Callable[[], BinaryIO]
    item: str = ""
    """Its identifier, when it was collected."""


def on_disk(named: Sequence[str]) -> Iterator[Handed]:
    """Every file that is named, and every file in a folder that is; Missing for one that is not there."""
    for name in named:
        if not _ITEM.fullmatch(name):
            for path in _files(Path(name)):
                yield Handed(str(path), partial(_open, path))


def collected(named: Sequence[str], queue: Queue, *, everything: bool) -> Iterator[Handed]:
    """The collected files that are named, or all that wait; Unknown for one that does not."""
    chosen = {queue.whole(name) for name in named if _ITEM.fullmatch(name)}
    for item in queue.waiting() if everything or chosen else ():
        if everything or item.id in chosen:
            yield Handed(f"{item.id}: {item.about.name}", partial(_collected, queue, item.id), item.id)


def _collected(queue: Queue, item: str) -> BinaryIO:
    return BytesIO(queue.file(item))


def _open(path: Path) -> BinaryIO:
    try:
        return open_file(path, follow=True)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}.", next_step=_LOOK_AT_IT) from None


def _files(path: Path) -> list[Path]:
    """The file itself, or every file in a folder, in the order of their names."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    return [path]
