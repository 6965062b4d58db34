# SPDX-License-Identifier: Apache-2.0
"""What a simulated machine is made of: a disk that outlives processes, and processes that can die at any step.

A `Disk` is one store in memory. Each process opens it for itself; what was committed is there for the next process,
and what was not is gone, as on a file. Its named steps are the store's named transactions: ``before``, ``within``
(all done, nothing committed) and ``after`` (durable, and nobody was told). Losing what was committed but not synced
is not here: the power-cut suite cuts the real file system.

A `Process` is all tasks that were begun in it. When it dies no line of it has an effect any more: its tasks are
cancelled, its disk and its wires refuse what their last lines try.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import apsw
import msgspec

from tocsin.errors import StorageError
from tocsin.storage.queries import Query
from tocsin.storage.sqlite import DIALECT, SqliteEngine
from tocsin.storage.steps import SQL, open_store
from tocsin.storage.store import Engine, Params, Purpose, Store, Transaction


class Crash(BaseException):
    """No error: the process is no more. Nothing may handle it."""


class Moment(StrEnum):
    """Where in a transaction a process dies."""

    BEFORE = "before"
    WITHIN = "within"
    """Everything was done, nothing is committed."""
    AFTER = "after"
    """It is durable, and nobody was told."""


class Step(msgspec.Struct, frozen=True):
    """One named step of a process: a transaction of its store, and where in it."""

    transaction: str
    moment: Moment


_PRESENT: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)


def present() -> str:
    """The name of the process whose line this is; empty outside of all."""
    process = _PRESENT.get()
    return process.name if process else ""


class Process:
    """One simulated process, from its start to its end."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """`loop` for a process that does more than one command."""
        self.name = name
        self.alive = True
        self._loop = loop
        self._tasks: set[asyncio.Task[Any]] = set()
        self._context = contextvars.copy_context()
        self._context.run(_PRESENT.set, self)
        self._wires: list[Callable[[], None]] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task in this process; what it begins belongs to the process too."""
        loop = self._loop or asyncio.get_running_loop()
        return loop.create_task(work, context=self._context)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """A task was begun in it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def at_death(self, cut: Callable[[], None]) -> None:
        """What must end in the very moment in which the process does."""
        self._wires.append(cut)

    def die(self) -> None:
        """Now, in the middle of whatever it does."""
        if not self.alive:
            return
        self.alive = False
        for cut in self._wires:
            cut()
        for task in sorted(self._tasks, key=lambda one: one.get_name()):
            task.cancel()

    async def gone(self) -> None:
        """Until its last task has ended."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))


def adopting(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    context: contextvars.Context | None = None,
) -> asyncio.Task[Any]:
    """The factory of a world's tasks: each belongs to the process in whose context it was begun."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    process = context.get(_PRESENT) if context is not None else _PRESENT.get()
    if process is not None:
        process.adopt(task)
    return task


class _Memory(SqliteEngine):
    """SQLite in memory, which a process that closes its store leaves as it is."""

    def __init__(self, image: bytes) -> None:
        super().__init__(":memory:")
        if image:
            self._connection.deserialize("main", image)
            self._prepare(on_disk=False)  # what was set belonged to the pages that are gone

    def close(self) -> None:
        """The process lets go; the disk keeps."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def image(self) -> bytes:
        """Every page."""
        return self._connection.serialize("main")

    def look(self, text: str, params: Params) -> list[tuple[Any, ...]]:
        """The rows of a statement that is nobody's query."""
        return self.fetch(Query("look", text, frozenset(params), writes=False), params)[1]


class _Stepped(Store):
    """A store whose process may die at each of its steps."""

    def __init__(self, engine: Engine, queries: dict[str, Query], process: Process, disk: "Disk") -> None:
        super().__init__(engine, queries)
        self._process = process
        self._disk = disk

    @contextmanager
    def _begin(self, name: str, purpose: Purpose) -> Iterator[Transaction]:
        self._pass(name, Moment.BEFORE)
        with super()._begin(name, purpose) as tx:
            yield tx
            self._pass(name, Moment.WITHIN)
        self._pass(name, Moment.AFTER)

    def _pass(self, name: str, moment: Moment) -> None:
        if self._process.alive and self._disk.deadly == Step(name, moment):
            self._disk.deadly = None
            self._process.die()
        if not self._process.alive:
            raise Crash


class Disk:
    """One store in memory that outlives whoever opens it."""

    def __init__(self, kind: str, image: bytes = b"") -> None:
        """`kind` names a folder of the product's SQL; `image` is a backup that is put in place."""
        self._kind = kind
        self._engine = _Memory(image)
        self._queries: dict[str, Query] = {}
        self.deadly: Step | None = None
        """At which step the process dies that comes there next."""

    def open(self, process: Process) -> Store:
        """The store as that process opens it; the first one takes every step of its schema."""
        self._queries = self._queries or dict(open_store(self._engine, DIALECT, SQL / self._kind).queries)
        return _Stepped(self._engine, self._queries, process, self)

    def image(self) -> bytes:
        """What lies on it, byte for byte."""
        return self._engine.image()

    def look(self, text: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Rows, seen from outside by whoever holds the disk in their hands."""
        return self._engine.look(text, params or {})

    def change(self, text: str, params: Params | None = None) -> int:
        """Change rows behind everybody's back: what an intruder on the machine might do."""
        return self._engine.change(Query("change", text, frozenset(params or {}), writes=True), params or {})

    def destroy(self) -> None:
        """The machine is lost with everything on it."""
        try:
            self._engine.close()
        except apsw.Error as error:
            raise StorageError(f"{error}") from None
