# SPDX-License-Identifier: Apache-2.0
"""What stood in a shield's files before each change, so that a person can have it back byte for byte.

The newest ten are kept, none for longer than a week, and never more than 64 MiB of them. They lie in the agent's folder
under the vault's key, because what was erased since may still be in them: a week later it is in none, and nobody reads
it before but a person who undoes.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tocsin.clock import DAY, SECOND, Instant
from tocsin.errors import Unknown
from tocsin.files import replace_file
from tocsin.privacy.box import Box

FOLDER = "shields.before"
MOST = 10
MOST_BYTES = 64 * 2**20
KEPT_FOR = 7 * DAY
_UNPACKED = 512 * 2**20
_LEVEL = 1
"""Of compression: lists of names shrink to a quarter, at 100 MB/s."""


class Before(msgspec.Struct, frozen=True):
    """The files of one shield at one moment."""

    until: Instant
    """When they were replaced."""
    files: dict[str, bytes | None]
    """By their names; None for one that was not there."""


class Generations:
    """Of one shield."""

    def __init__(self, folder: Path, shield: str, box: Box) -> None:
        self._folder = folder / FOLDER / shield
        self._shield = shield
        self._box = box

    def keep(self, files: Mapping[str, bytes | None], now: Instant) -> None:
        """Remember what is about to be replaced; OSError says what the system says."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        standing = self._numbers()
        packed = zlib.compress(msgspec.msgpack.encode(Before(now, dict(files))), _LEVEL)
        number = standing[-1] + 1 if standing else 1
        replace_file(
            self._path(number), self._box.seal(packed, self._place(number)), made_seconds=now // SECOND
        )
        self.bound(now)

    def newest(self) -> tuple[int, Before]:
        """The newest that is kept, with its number; Unknown when there is none."""
        standing = self._numbers()
        if not standing:
            raise Unknown("No change of this shield is left to undo.")
        packed = self._box.open(self._path(standing[-1]).read_bytes(), self._place(standing[-1]))
        data = zlib.decompressobj().decompress(packed, _UNPACKED)
        return standing[-1], msgspec.msgpack.decode(data, type=Before)

    def forget(self, number: int) -> None:
        """It stands again."""
        self._path(number).unlink(missing_ok=True)

    def bound(self, now: Instant) -> None:
        """Let go what is too old, and the oldest of what is too much; the newest may be of any size."""
        held = 0
        for place, number in enumerate(reversed(self._numbers())):
            about = self._path(number).stat()
            held += about.st_size
            old = about.st_mtime * SECOND < now - KEPT_FOR
            if old or (place and (place >= MOST or held > MOST_BYTES)):
                self.forget(number)

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob("*.box") if path.stem.isdigit())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.box"

    def _place(self, number: int) -> str:
        return f"shields.before/{self._shield}/{number}"
