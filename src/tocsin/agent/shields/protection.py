# SPDX-License-Identifier: Apache-2.0
"""Writes the protection files: what is at level block, through the `protect` hook, each file replaced atomically.

Nothing is written until the configuration names a file. A dry run shows what would change. A file that already says
the same is not touched, so that products which watch it are not woken. A file bears the time that it was made with, so
that one which says this time, as a zone's serial does, changes only when something else does, and then always.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tocsin.agent.shields.csv import CsvShield
from tocsin.agent.shields.levels import Levels
from tocsin.agent.shields.rpz import RpzShield
from tocsin.agent.shields.suricata import SuricataShield
from tocsin.clock import SECOND, Instant
from tocsin.config import Shields
from tocsin.errors import ConfigError
from tocsin.files import replace_file
from tocsin.hooks import Blocked, Protect

GROUP = 0o640
"""A new file: the agent's group reads it too. What an operator sets by chmod stays."""

BUILT_IN: tuple[Protect, ...] = (CsvShield(), RpzShield(), SuricataShield())


class Change(msgspec.Struct, frozen=True):
    """One file, with the lines that go and come."""

    shield: str
    path: str
    values: int
    """Values at block."""
    written: int
    """Those of them that the file can express."""
    limits: str
    """Why it does not hold the others."""
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether the file is different."""
        return bool(self.added or self.removed)


class Protection:
    """The protection files of one agent."""

    def __init__(
        self, levels: Levels, config: Shields, folder: Path, shields: Sequence[Protect] = BUILT_IN
    ) -> None:
        self._levels = levels
        self._config = config
        self._folder = folder
        self._shields = shields

    def apply(self, now: Instant, *, dry_run: bool) -> list[Change]:
        """Bring every named file up to date, or only say what would change."""
        blocked = self._levels.blocked(now)[: self._config.cap]
        return [self._one(shield, path, blocked, now, dry_run=dry_run) for shield, path in self._named()]

    def _named(self) -> Iterator[tuple[Protect, Path]]:
        for shield in self._shields:
            path = getattr(self._config, shield.name(), "")
            if path:
                yield shield, self._folder / path

    def _one(
        self, shield: Protect, path: Path, blocked: Sequence[Blocked], now: Instant, *, dry_run: bool
    ) -> Change:
        present, made = _read(path)
        wanted = shield.render(blocked, made)
        stands = wanted == present
        if not stands:
            made = max(Instant(now - now % SECOND), Instant(made + SECOND))
            wanted = shield.render(blocked, made)
        before, after = (present or b"").decode(errors="replace").splitlines(), wanted.decode().splitlines()
        had, has = frozenset(before), frozenset(after)
        change = Change(
            shield=shield.name(),
            path=str(path),
            values=len(blocked),
            written=sum(shield.holds(one.observable) for one in blocked),
            limits=shield.limits(),
            added=tuple(line for line in after if line not in had),
            removed=tuple(line for line in before if line not in has),
        )
        if not (stands or dry_run):
            _replace(path, wanted, made)
        return change


def _read(path: Path) -> tuple[bytes | None, Instant]:
    """The file with the time it was made at, which is its own; None and 0 when there is none."""
    try:
        return path.read_bytes(), Instant(int(path.stat().st_mtime) * SECOND)
    except FileNotFoundError:
        return None, Instant(0)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None


def _replace(path: Path, data: bytes, made: Instant) -> None:
    """In place of the old one, and as widely readable as that: the product that reads it may be another user's."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.lstat().st_mode if path.exists() else 0
        mode = stat.S_IMODE(there) & 0o666 if stat.S_ISREG(there) else GROUP
        replace_file(path, data, mode=mode, made_seconds=made // SECOND)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
