# SPDX-License-Identifier: Apache-2.0
"""Group commit: requests that arrive together become durable together, each in its own savepoint.

One writer thread owns the writing connection. Whatever waits when it is free goes into one transaction; a job that
raises is rolled back alone. Answers are given only after the commit, so a receipt is never ahead of the disk. The
thread is asked for by way of the event loop, so that a simulated world has the same hub without threads.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

from tocsin.errors import StorageError, StoreBusy
from tocsin.storage.store import Store, Transaction

T = TypeVar("T")

MAX_WAVE = 256
"""Jobs in one transaction: bounds how long the first waits for the last."""


MAX_WAITING = 8_192
"""Jobs that may wait: a store that stands still must not fill the memory. There are no more connections than that."""


class _Job(Generic[T]):
    """A piece of work and the place where its result is awaited."""

    def __init__(
        self, work: Callable[[Transaction], T], loop: asyncio.AbstractEventLoop, *, erases: bool
    ) -> None:
        self.work = work
        self.erases = erases
        self.done: asyncio.Future[T] = loop.create_future()
        self.loop = loop
        self._settle: Callable[[], None] = lambda: None

    def attempt(self, tx: Transaction) -> None:
        """Do the work in a savepoint and remember how it ended; nobody is told before the commit."""
        try:
            with tx.savepoint():
                result = self.work(tx)
        except StoreBusy:
            raise  # the whole wave is tried again
        except Exception as error:  # whatever one job raises is that job's answer and never its neighbours'
            self.fail(error)
        else:
            self._settle = lambda: self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        """Remember that this job ended with an error."""
        self._settle = lambda: self.done.set_exception(error)

    def tell(self) -> None:
        """Give the answer to whoever waits, if it still does; in the event loop."""
        if not self.done.done():
            self._settle()


def _tell_all(wave: list[_Job[object]]) -> None:
    for job in wave:
        job.tell()


class Commits:
    """The one writer of a hub process."""

    def __init__(self, store: Store) -> None:
        self.committed: Callable[[], None] = lambda: None
        """Called in the event loop after durable work; whoever serves the streams sets it."""
        self._store = store
        self._unscrubbed = False
        """Whether the store's files still hold what was erased."""
        self._waiting: deque[_Job[object]] = deque()
        self._called = False
        """Whether the writer was called and has not begun to look at what waits."""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="hub-writer")

    async def run(self, work: Callable[[Transaction], T], *, quiet: bool = False, erases: bool = False) -> T:
        """Do the work in the next wave; returns or raises once it is durable or rolled back.

        `quiet` for work that readers need not hear of; `erases` for work after which the store's files are scrubbed.
        """
        if self.waiting >= MAX_WAITING:
            raise StoreBusy(f"{MAX_WAITING} requests wait for the hub's store.")
        loop = asyncio.get_running_loop()
        job: _Job[T] = _Job(work, loop, erases=erases)
        self._waiting.append(job)  # type: ignore[arg-type]  # a queue of jobs of every result type
        if not self._called:
            self._called = True
            loop.run_in_executor(self._writer, self._commit_waiting)
        result = await job.done
        if not quiet:
            self.committed()
        return result

    @property
    def waiting(self) -> int:
        """Jobs that wait for the next wave."""
        return len(self._waiting)

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._writer.shutdown()
        self._commit_waiting()  # where the loop had not got to it

    def _commit_waiting(self) -> None:
        self._called = False  # first: whoever comes from now on calls again, or is found below
        while self._waiting:
            self._commit([self._waiting.popleft() for _ in range(min(MAX_WAVE, len(self._waiting)))])

    def _commit(self, wave: list[_Job[object]]) -> None:
        def attempt_all(tx: Transaction) -> None:
            """Everything that waits, in one transaction; each attempt keeps its own refusal."""
            for job in wave:
                job.attempt(tx)

        try:
            self._store.run("accept wave", attempt_all)
        except StorageError as error:
            for job in wave:
                job.fail(error)
        wave[0].loop.call_soon_threadsafe(_tell_all, wave)
        self._unscrubbed = self._unscrubbed or any(job.erases for job in wave)
        if self._unscrubbed and self._store.scrubs_lightly:
            with suppress(StorageError):  # somebody reads an older moment: tried again after the next wave
                self._store.scrub()
                self._unscrubbed = False
