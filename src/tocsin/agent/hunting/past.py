# SPDX-License-Identifier: Apache-2.0
"""A hunt through the past: which logs are to be hunted through for which values, and what becomes of what is found.

`Hunt` is begun over some logs; whoever drives it (a command, or the agent that serves) asks the child about each and
hands in what it said. It can end anywhere: what was hunted through is kept log by log.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.covers import HUNTED
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.ledger import Hunt
from tocsin.domain.observable import Observable
from tocsin.errors import UsageError
from tocsin.ids import new_id
from tocsin.storage.store import Transaction

AGENT = "agent"
"""Who begins hunts while the agent serves; those that find nothing to do are not kept."""
MAX_LOGS = 100_000
MAX_PROBLEMS = 20
"""That are kept of one hunt; the rest is counted."""


class Log(msgspec.Struct, frozen=True):
    """One file that is hunted through."""

    path: str
    size: int
    stamp: str
    """Changes when the file does, or who may read it."""
    follow: bool
    """Whether somebody named it, and it may be a link."""


class Task(msgspec.Struct, frozen=True):
    """Logs that need the same values."""

    values: tuple[Observable, ...]
    logs: tuple[Log, ...]


class Past:
    """One hunt of one agent."""

    def __init__(
        self,
        house: House,
        known: Collection[Observable],
        through: Sequence[Path],
        by: str,
        *,
        apart: bool = False,
        tables: Sequence[str] = (),
    ) -> None:
        """Begin it. `apart` hunts through all of the logs for all of these values, and remembers none of it as done.

        `tables` of an engine of the bank's own can only be hunted in `apart`: nothing says whether they have changed.
        """
        self._house = house
        self._box = house.vault.box
        self._round = 0
        self.tables = tuple(tables)
        self.places = tuple(through)
        """All that is opened for it lies there."""
        values = sorted(one for one in known if one.kind in HUNTED)
        logs = logs_in(through, frozenset(str(house.folder / path) for path in house.config.hunt.tail))
        logs += [Log(name, 0, "", follow=False) for name in tables]
        self.tasks: tuple[Task, ...] = (Task(tuple(values), tuple(logs)),) if values and logs else ()

        def work(tx: Transaction) -> Hunt:
            """Which log is to be hunted through for which values, fixed before the first is opened."""
            if not apart:
                self._round, rounds = ledger.begin_round(tx, map(str, values))
                marks = {log: ledger.round_of(tx, self._box, log.stamp) for log in logs}
                self.tasks = tuple(_tasks(values, rounds, marks))
            todo = sum(len(task.logs) for task in self.tasks)
            begun = Hunt(
                new_id("hnt", house.entropy),
                house.clock.now(),
                by,
                (*map(str, through), *tables)[:100],
                len(values),
                len(logs),
                skipped=len(logs) - todo,
            )
            if todo or by != AGENT:
                ledger.keep_hunt(tx, self._box, begun)
            return begun

        self.hunt = house.store.run("begin hunt", work)

    def keep(self, log: Log, hunted: Hunted) -> None:
        """What came of a log, in one transaction: a crash costs a second look, and counts nothing twice."""
        now = self._house.clock.now()
        before = self.hunt
        after = msgspec.structs.replace(
            before,
            done=before.done + 1,
            lines=before.lines + hunted.lines,
            odd=before.odd + hunted.odd,
            found=before.found + len(hunted.found),
        )
        if hunted.problem:
            after = _with_problem(after, f"{log.path}: {hunted.problem}")

        def work(tx: Transaction) -> None:
            """Findings, the round that the log has had, and the count so far."""
            ledger.keep_found(tx, self._box, log.path, hunted.found, now, add=False)
            if self._round:
                ledger.keep_round(tx, self._box, log.stamp, self._round)
            ledger.keep_hunt(tx, self._box, after)

        self._house.store.run("keep what was found", work)
        self.hunt = after

    def refuse(self, log: Log, reason: str) -> None:
        """A log could not be hunted through; it is tried again when it has changed."""
        self.keep(log, Hunted(problem=reason))

    def end(self) -> Hunt:
        """It is through."""
        self.hunt = msgspec.structs.replace(self.hunt, ended=self._house.clock.now())
        self._house.store.run("end hunt", lambda tx: ledger.keep_hunt(tx, self._box, self.hunt))
        return self.hunt


def logs_in(places: Sequence[Path], followed: frozenset[str] = frozenset()) -> list[Log]:
    """Every file that was named, and every one in the folders, the newest first; links and hidden ones are passed over.

    A file that is `followed` as it is written stays the same while it grows: what is added is hunted in live.
    UsageError for a place that is not there, and for more files than a hunt takes.
    """
    found: dict[str, tuple[int, Log]] = {}
    for place in places:
        try:
            told = os.stat(place)
            entries = (
                _files(place) if stat.S_ISDIR(told.st_mode) else iter([(str(place.absolute()), told, True)])
            )
            for path, about, follow in entries:
                if stat.S_ISREG(about.st_mode) and about.st_size:
                    grown = "" if path in followed else f"{about.st_size}\n{about.st_ctime_ns}"
                    stamp = f"{path}\n{grown}\n{about.st_ino}"
                    found[path] = (about.st_mtime_ns, Log(path, about.st_size, stamp, follow))
                if len(found) > MAX_LOGS:
                    raise UsageError(f"{place} holds more than {MAX_LOGS:,} files: name fewer.")
        except OSError as error:
            raise UsageError(
                f"{place}: {error.strerror}.", next_step="Check that it is there, and that you may read it."
            ) from None
    return [log for _, log in sorted(found.values(), key=lambda one: (-one[0], one[1].path))]


def _files(place: Path) -> Iterator[tuple[str, os.stat_result, bool]]:
    waiting = [str(place.absolute())]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path, entry.stat(follow_symlinks=False), False


def _tasks(values: list[Observable], rounds: dict[str, int], marks: dict[Log, int]) -> Iterator[Task]:
    """Logs by the values that they need, those that need most first."""
    for mark in sorted(set(marks.values())):
        needed = tuple(one for one in values if rounds[str(one)] > mark)
        if needed:
            yield Task(needed, tuple(log for log in marks if marks[log] == mark))


def _with_problem(hunt: Hunt, problem: str) -> Hunt:
    kept = (*hunt.problems, problem[:500])[:MAX_PROBLEMS]
    return msgspec.structs.replace(hunt, problems=kept, unread=hunt.unread + 1)
