# SPDX-License-Identifier: Apache-2.0
"""The warning lists that this bank has installed: files in MISP's format in its agent's folder.

They are everybody's knowledge and no secret, so they lie there in clear, and a backup does without them. Where they
come from is up to the bank: a copy of MISP/misp-warninglists, a MISP of its own, or a list that it writes itself.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from tocsin.agent.redaction.warninglists import (
    Warninglist,
    Warninglists,
    check_entries,
    read_warninglist,
)
from tocsin.errors import InputError, Malformed, Unknown
from tocsin.files import replace_file

FOLDER = "warninglists"
MAX_LISTS = 1_000
_NO_NAME = re.compile(r"[^a-z0-9]+")


def installed(folder: Path) -> Warninglists:
    """All lists of the agent in a folder; Malformed names a file that is none."""
    return _read(stamps(folder))


def stamps(folder: Path) -> tuple[tuple[Path, int], ...]:
    """The files of the lists, each with the time when it was installed."""
    place = folder / FOLDER
    files = tuple(sorted(place.glob("*.json"))) if place.is_dir() else ()
    return tuple((file, file.stat().st_mtime_ns) for file in files)


def install(folder: Path, paths: Iterable[Path]) -> tuple[Warninglist, ...]:
    """Check the lists in these files and keep them, each in the place of the one that had its name."""
    found = [(path, _read_one(path)) for path in paths]
    for path, one in found:
        try:
            check_entries(one)
        except InputError as error:
            raise Malformed(f"{path}: {error.detail}") from None
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    if len({*place.glob("*.json"), *(place / _file(one.name) for _, one in found)}) > MAX_LISTS:
        raise Malformed(f"An agent holds at most {MAX_LISTS} warning lists.")
    for path, one in found:
        replace_file(place / _file(one.name), path.read_bytes())
    return tuple(one for _, one in found)


def remove(folder: Path, name: str) -> None:
    """Forget a list; Unknown when there is none of that name."""
    path = folder / FOLDER / _file(name)
    if not path.is_file():
        raise Unknown(f"No warning list {name[:80]!r} is installed here.")
    path.unlink()


def _read_one(path: Path) -> Warninglist:
    try:
        return read_warninglist(path.read_bytes())
    except InputError as error:
        raise Malformed(f"{path}: {error.detail}") from None


def _file(name: str) -> str:
    """A name that people recognise, and that no other list has."""
    return f"{_NO_NAME.sub('-', name.lower()).strip('-')[:100]}-{sha256(name.encode()).hexdigest()[:8]}.json"


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> Warninglists:
    """By names and times of the files: an agent that serves looks again when one has changed."""
    return Warninglists(_read_one(path) for path, _ in files)
