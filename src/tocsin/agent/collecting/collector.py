# SPDX-License-Identifier: Apache-2.0
"""Looks at one source again and again, and puts what holds something to report into the queue. It sends nothing.

1. a look at the source, in a thread of its own: it may block, and is ended after `LOOK_SECONDS`
2. files that were seen before, from whatever source, are passed over
3. the others are read in the reader child, in that thread too
4. what holds something to report is queued and remembered in one transaction
5. only when all of a batch is kept is the position moved: after a crash, a file is seen again and recognised

A look that fails is tried again at a random moment in a span that doubles (full jitter), and people see why.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

import msgspec

from tocsin.agent.collecting.arrival import Arrival, Batch, Source
from tocsin.agent.collecting.looking import Look, look_at
from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.collecting.sources import State, save_state, state_of
from tocsin.agent.house import House
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.seen import Came, Seen
from tocsin.clock import Instant
from tocsin.errors import RemoteError, TocsinError
from tocsin.follow.follower import Sleep
from tocsin.storage.store import Transaction

log = logging.getLogger("tocsin.agent")

LOOK_SECONDS = 300.0
"""For one batch: 50 mails over a slow line."""
LONGEST_WAIT_SECONDS = 300.0
COLLECTED = "collected"
"""The use for which files are seen here (`tocsin.agent.seen`)."""

T = TypeVar("T")


class Collector:
    """What `agent serve` does for one source."""

    def __init__(
        self, house: House, source: Source, classifier: Callable[[House], Classifier], sleep: Sleep
    ) -> None:
        self._house = house
        self._source = source
        self._classifier = classifier
        self._sleep = sleep
        self._stopped = threading.Event()
        self._queue = Queue(house)
        self._seen = Seen(house, COLLECTED)
        with house.store.reading("source") as tx:
            self._state = state_of(tx, house, source.name)

    async def run(self) -> None:
        """Collect for ever."""
        failures = 0
        while True:
            more = False
            try:
                more = await self.round()
                failures = 0
            except TocsinError as error:
                failures += 1
                self._failed(error)
            if not more:
                await self._sleep(self._wait(failures))

    async def round(self) -> bool:
        """One batch; whether there is more at once. A TocsinError leaves the position where it was."""
        self._queue.demand_room()
        batch = await self._in_thread(lambda: self._source.look(self._state.position), LOOK_SECONDS)
        arrivals, known = self._unseen(batch)
        looks = await self._looks(arrivals) if arrivals else []
        for arrival, look in zip(arrivals, looks, strict=True):
            self._keep(arrival, look)
        self._went_well(batch, known, looks)
        return batch.more

    async def _looks(self, arrivals: list[Arrival]) -> list[Look]:
        classifier = self._classifier(self._house)
        return await self._in_thread(
            lambda: look_at(self._house, classifier, arrivals, self._stopped.is_set), None
        )

    async def _in_thread(self, work: Callable[[], T], seconds: float | None) -> T:
        """Its answer. It is never left running: the source is stopped, and the thread waited for.

        `seconds` is None for what is bounded by itself.
        """
        working = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(working)
        except TimeoutError:
            self._stop()
            await asyncio.wait([working])
            self._stopped.clear()
            raise RemoteError(
                f"{self._source.name} gave nothing whole in {LOOK_SECONDS:g} seconds."
            ) from None
        except asyncio.CancelledError:
            self._stop()
            raise

    def _stop(self) -> None:
        self._stopped.set()
        self._source.stop()

    def _unseen(self, batch: Batch) -> tuple[list[Arrival], int]:
        """What was never seen, each once, without what has no bytes; and how many were known."""
        new: dict[bytes, Arrival] = {}
        known = 0
        for arrival in batch.arrivals:
            if arrival.problem:
                log.warning("%s: %s: %s", self._source.name, arrival.name, arrival.problem)
                continue
            mark = self._seen.mark(BytesIO(arrival.data))
            if mark in new or self._seen.came_of(mark):
                known += 1
            else:
                new[mark] = arrival
        return list(new.values()), known

    def _keep(self, arrival: Arrival, look: Look) -> None:
        if look.unread:
            log.warning("%s: %s", self._source.name, look.unread)
        about = About(self._source.name, arrival.name, look.title, look.values)

        def work(tx: Transaction) -> None:
            """What waits and the mark that it came, together: a crash between them would read it twice."""
            if look.drafts:
                self._queue.add(tx, about, arrival.data)
            if look.drafts or not look.costly:
                self._seen.keep(tx, self._seen.mark(BytesIO(arrival.data)), Came())

        self._house.store.run("collect", work)

    def _went_well(self, batch: Batch, known: int, looks: list[Look]) -> None:
        collected = sum(look.drafts > 0 for look in looks)
        unread = sum(bool(look.unread and not look.drafts) for look in looks)
        gone = sum(bool(arrival.problem) for arrival in batch.arrivals)
        if self._state.problem:
            log.info("%s: it is read again", self._source.name)
        if collected:
            log.info("%s: %d collected", self._source.name, collected)
        before = self._state
        self._save(
            State(
                looked=self._house.clock.now(),
                position=batch.position,
                collected=before.collected + collected,
                nothing=before.nothing + len(looks) - collected - unread,
                known=before.known + known,
                unread=before.unread + unread + gone,
            )
        )

    def _failed(self, error: TocsinError) -> None:
        if str(error) != self._state.problem:
            log.warning("%s: %s", self._source.name, error)
        since = self._state.since or self._house.clock.now()
        self._save(
            msgspec.structs.replace(
                self._state, since=Instant(since), problem=str(error), next_step=error.next_step
            )
        )

    def _save(self, state: State) -> None:
        self._state = state
        self._house.store.run(
            "how a source does", lambda tx: save_state(tx, self._house, self._source.name, state)
        )

    def _wait(self, failures: int) -> float:
        """Seconds to the next look; after failures a random part of a span that doubles with each."""
        if not failures:
            return self._source.seconds
        span = min(self._source.seconds * float(1 << min(failures, 10)), LONGEST_WAIT_SECONDS)
        return span * int.from_bytes(self._house.entropy(4)) / 2**32
