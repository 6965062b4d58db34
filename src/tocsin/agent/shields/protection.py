# SPDX-License-Identifier: Apache-2.0
"""Writes the protection files: what is at level block, through the `protect` hook, each file replaced atomically.

Nothing is written until the configuration names a place and a person has switched the shield on
(`tocsin.agent.shields.switching`). A dry run shows what would change. What is replaced is kept, and can be had back
(`tocsin.agent.shields.before`). A file that already says the same is not touched, so that products which watch it are
not woken. A file bears the time that it was made with, so that one which says this time, as a zone's serial does,
changes only when something else does, and then always.

Commands and the agent that serves take turns: what one has switched, the other never writes over.
"""

import fcntl
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from tocsin.agent.shields.before import Generations
from tocsin.agent.shields.cap import within
from tocsin.agent.shields.formats import Named
from tocsin.agent.shields.levels import Levels
from tocsin.agent.shields.switching import State, States
from tocsin.clock import SECOND, Instant
from tocsin.errors import ConfigError, Unknown
from tocsin.files import replace_file
from tocsin.hooks import Blocked, Files
from tocsin.privacy.box import Box

GROUP = 0o640
"""A new file: the agent's group reads it too. What an operator sets by chmod stays."""
_FOLDER_MODE = 0o750
_LOCK = "shields.lock"


class Change(msgspec.Struct, frozen=True):
    """One shield, with the lines that go and come."""

    shield: str
    state: str
    path: str
    values: int
    """Values at block."""
    written: int
    """Those of them that the files hold, or would."""
    beyond_cap: int
    """Those that they could express and have no room for."""
    limits: str
    """Why they do not hold the others."""
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether a file is different."""
        return bool(self.added or self.removed)


class _Seen(msgspec.Struct, frozen=True):
    """A shield at the last look: while this is so its files say what they should."""

    blocked: Sequence[Blocked]
    """The very list."""
    state: State
    stamps: tuple[tuple[int, ...], ...]
    """Of its files, before they were read: one that was written since, by whomever, is looked at again."""
    change: Change


class Protection:
    """The protection files of one agent."""

    def __init__(
        self, levels: Levels, shields: Sequence[Named], folder: Path, states: States, box: Box
    ) -> None:
        self.levels = levels
        self._shields = shields
        self._folder = folder
        self._states = states
        self._box = box
        self._seen: dict[str, _Seen] = {}

    def apply(self, now: Instant, *, dry_run: bool) -> list[Change]:
        """Bring the files of every shield that is on up to date, or only say what would change.

        What a monitoring shield would write is said in a dry run; otherwise it is only counted.
        """
        if not self._shields:
            return []
        with nullcontext() if dry_run else self._alone():
            states, blocked = self._states(), self.levels.blocked(now)
            every = ((one, states.get(one.shield.name(), State.MONITOR)) for one in self._shields)
            if dry_run:
                return [self._one(one, state, blocked, now, dry_run=True) for one, state in every]
            return [self._follow(one, state, blocked, now) for one, state in every]

    def empty(self, shield: str, now: Instant) -> None:
        """Leave files without values behind, where there are any; a shield that is on no longer."""
        one = self.find(shield)
        with self._alone():
            news = _news(one, [], now)
            if news is not None and any(data is not None for data in news.present.values()):
                self._write(one, news, now)

    def next_expiry(self, now: Instant) -> Instant | None:
        """When the next value stops counting; None when none ever does."""
        return self.levels.next_expiry(now)

    def demand_undoable(self, shield: str) -> None:
        """Unknown when the settings name no such shield, or no change of it is left to undo."""
        self.find(shield)
        self._before(shield).newest()

    def undo(self, shield: str, now: Instant) -> Instant:
        """Put back, byte for byte, what stood before the last change; Unknown when none is kept. When that ended."""
        one = self.find(shield)
        generations = self._before(shield)
        with self._alone():
            number, before = generations.newest()
            paths = one.paths()
            for name, data in before.files.items():
                if name in paths:
                    _replace(paths[name], data, now)
            generations.forget(number)
        return before.until

    def find(self, shield: str) -> Named:
        """A shield that the settings name; Unknown otherwise."""
        for one in self._shields:
            if one.shield.name() == shield:
                return one
        raise Unknown(
            f"The settings name no shield {shield[:40]!r}.",
            next_step="Give it a place under [shields] in agent.toml first.",
        )

    def stands(self, shield: str, name: str) -> bytes | None:
        """One file of a shield as it is now; None when there is no such file."""
        path = self.find(shield).paths().get(name)
        return None if path is None else _read({name: path})[0][name]

    def _follow(self, one: Named, state: State, blocked: Sequence[Blocked], now: Instant) -> Change:
        """Bring one shield up to date, unless nothing has changed since the last look."""
        name = one.shield.name()
        seen, stamps = self._seen.pop(name, None), _stamps(one)
        if seen and seen.blocked is blocked and (seen.state, seen.stamps) == (state, stamps):
            change = seen.change
        else:
            change = self._one(one, state, blocked, now, dry_run=False)
        self._before(name).bound(now)
        unchanged = msgspec.structs.replace(change, added=(), removed=())
        self._seen[name] = _Seen(blocked, state, stamps, unchanged)
        return change

    def _one(
        self, one: Named, state: State, blocked: Sequence[Blocked], now: Instant, *, dry_run: bool
    ) -> Change:
        shield = one.shield
        expressed = [value for value in blocked if shield.holds(value.observable)]
        chosen = [] if state is State.OFF else within(one.cap, expressed)
        follows = state is State.ON or (dry_run and state is State.MONITOR)
        news = _news(one, chosen, now) if follows else None
        if news is not None and not dry_run:
            self._write(one, news, now)
        added, removed = news.lines() if news is not None else ((), ())
        return Change(
            shield=shield.name(),
            state=str(state),
            path=str(one.place),
            values=len(blocked),
            written=len(chosen),
            beyond_cap=len(expressed) - len(chosen) if state is not State.OFF else 0,
            limits=shield.limits(),
            added=added,
            removed=removed,
        )

    def _write(self, one: Named, news: "_News", now: Instant) -> None:
        """Replace what differs; what stood there is kept first."""
        paths = one.paths()
        try:
            self._before(one.shield.name()).keep(news.present, now)
        except OSError as error:
            raise ConfigError(f"{self._folder}: {error.strerror}.") from None
        for name, data in news.wanted.items():
            if data != news.present[name]:
                _replace(paths[name], data, news.made)

    def _before(self, shield: str) -> Generations:
        return Generations(self._folder, shield, self._box)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process looks or writes meanwhile."""
        with (self._folder / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class _News(msgspec.Struct, frozen=True):
    """Files that are to be replaced."""

    present: dict[str, bytes | None]
    """What stands, by name; None for a file that is not there."""
    wanted: Files
    made: Instant
    """The time that the new ones bear."""

    def lines(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Lines that come, and lines that go; a change that is in no line is named as such."""
        held = [data or b"" for data in self.present.values()]
        before = [line for data in held for line in data.decode(errors="replace").splitlines()]
        after = [line for data in self.wanted.values() for line in data.decode().splitlines()]
        had, has = frozenset(before), frozenset(after)
        added = tuple(line for line in after if line not in had)
        removed = tuple(line for line in before if line not in has)
        return (added, removed) if added or removed else (("(empty, or in another order)",), ())


def _news(one: Named, chosen: list[Blocked], now: Instant) -> _News | None:
    """What would be replaced; None when the files say the same already."""
    present, made = _read(one.paths())
    if dict(one.shield.render(chosen, made)) == present:
        return None
    made = _later(made, now)
    return _News(present, one.shield.render(chosen, made), made)


def _stamps(one: Named) -> tuple[tuple[int, ...], ...]:
    """What tells of each file that it is another one, or was written to."""
    found: list[tuple[int, ...]] = []
    for path in one.paths().values():
        try:
            about = path.stat()
            found.append((about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
        except OSError:
            found.append(())
    return tuple(found)


def _later(made: Instant, now: Instant) -> Instant:
    """A whole second that is after every one before."""
    return max(Instant(now - now % SECOND), Instant(made + SECOND))


def _read(paths: Mapping[str, Path]) -> tuple[dict[str, bytes | None], Instant]:
    """The files, with the time that the newest was made at, which is its own; 0 when there is none."""
    present: dict[str, bytes | None] = {}
    made = 0
    for name, path in paths.items():
        try:
            present[name] = path.read_bytes()
            made = max(made, int(path.stat().st_mtime))
        except FileNotFoundError:
            present[name] = None
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}.") from None
    return present, Instant(made * SECOND)


def _replace(path: Path, data: bytes | None, made: Instant) -> None:
    """In place of the old one, and as widely readable as that: the product that reads it may be another user's."""
    try:
        if data is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        there = path.lstat().st_mode if path.exists() else 0
        mode = stat.S_IMODE(there) & 0o666 if stat.S_ISREG(there) else GROUP
        replace_file(path, data, mode=mode, made_seconds=made // SECOND)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.") from None
