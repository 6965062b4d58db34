# SPDX-License-Identifier: Apache-2.0
"""Every step at which the power can go, by name, and the fuse that blows at one of them.

A step is whatever a machine does that the next may rest on: every statement for its store, by its query's name;
every commit, by what was written last before it; every write, sync, truncation and deletion of its files; and the
numbered steps of the hub's intake and of its head log, by the functions that take them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from tests.crash.disk import Disk

from tocsin.hub import commits, door, intake, receipts
from tocsin.hub.heads import noting
from tocsin.hub.streams import Streams
from tocsin.hub.verbs import report
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import SqliteEngine
from tocsin.storage.store import Job, Params, Purpose, Value

INTAKE: dict[str, tuple[object, str]] = {
    "(1) party and signature": (door, "read_signature"),
    "(2) the signature holds": (door, "check_signature"),
    "(3) the party is active": (door, "demand_active"),
    "(4) the body is read": (door, "check_body"),
    "(5) the message is read": (intake, "decode"),
    "(6) the party still stands": (intake, "demand_unchanged"),
    "(7) was it receipted": (receipts, "earlier"),
    "(8) the verb": (report, "accept"),
    "(8) the stream": (Streams, "append"),
    "(9) the receipt is stored": (receipts, "write"),
    "(9) the wave is committed": (commits.Commits, "_commit"),
    "(10) the receipt is given": (intake, "SignedReceipt"),
}
"""The steps of `tocsin.hub.intake` and what takes each."""

HEADS: dict[str, tuple[object, str]] = {
    "head (1) signed": (noting, "sign_head"),
    "head (2) proposal made": (noting, "make"),
    "head (3) cosignature taken": (noting, "accept"),
    "head (3) cosignature kept": (noting, "settle"),
}
"""The steps of `tocsin.hub.heads.noting`."""


class Fuse:
    """Hears every step of every machine, and cuts one machine's power at the step it was set to."""

    def __init__(self) -> None:
        self.disks: dict[str, Disk] = {}
        self.heard: Counter[str] = Counter()
        """Steps since it was set."""
        self.blown = False
        self._at = ""
        self._time = 0

    def protect(self, machine: str, disk: Disk) -> None:
        self.disks[machine] = disk
        disk.step = lambda step: self.hear(machine, step)

    def set(self, step: str, time: int) -> None:
        """Blow when that step is heard for the so-many-th time; an empty name: never."""
        self._at, self._time, self.blown = step, time, False
        self.heard.clear()

    def rest(self) -> None:
        """Do not blow any more."""
        self._at = ""

    def cut_all(self) -> None:
        """The power goes everywhere at once."""
        for disk in self.disks.values():
            disk.cut()

    def hear(self, machine: str, step: str) -> None:
        name = f"{machine}: {step}"
        self.heard[name] += 1
        if name == self._at and self.heard[name] == self._time and not self.blown:
            self.blown = True
            self.disks[machine].cut()

    @contextmanager
    def around(self, machine: str, step: str) -> Iterator[None]:
        self.hear(machine, step)
        yield
        self.hear(machine, f"after {step}")


def watch(fuse: Fuse, patch: pytest.MonkeyPatch) -> None:
    """Let the fuse hear the numbered steps of the hub."""
    for step, (place, name) in (INTAKE | HEADS).items():
        patch.setattr(place, name, _heard(fuse, step, getattr(place, name)))


def _heard(fuse: Fuse, step: str, work: Callable[..., object]) -> Callable[..., object]:
    def heard(*arguments: object, **named: object) -> object:
        with fuse.around("hub", step):
            return work(*arguments, **named)

    return heard


class WatchedEngine(SqliteEngine):
    """SQLite on a machine whose fuse hears every statement."""

    def __init__(self, path: Path, machine: str, fuse: Fuse) -> None:
        self._machine = machine
        self._fuse = fuse
        self._wrote = ""
        super().__init__(path, fuse.disks[machine].name)

    def begin(self, purpose: Purpose) -> None:
        super().begin(purpose)
        self._wrote = ""

    def commit(self) -> None:
        if not self._wrote:
            super().commit()
            return
        with self._fuse.around(self._machine, f"COMMIT after {self._wrote}"):
            super().commit()

    def fetch(self, query: Query, params: Params) -> tuple[Sequence[str], list[tuple[Value, ...]]]:
        with self._step(query):
            return super().fetch(query, params)

    def change(self, query: Query, params: Params) -> int:
        with self._step(query):
            return super().change(query, params)

    def change_all(self, jobs: Sequence[Job]) -> list[int]:
        changed = []
        for query, many in jobs:
            with self._step(query) if many else nullcontext():
                changed += super().change_all([(query, many)])
        return changed

    @contextmanager
    def _step(self, query: Query) -> Iterator[None]:
        if query.writes:
            self._wrote = query.name
        with self._fuse.around(self._machine, query.name):
            yield
