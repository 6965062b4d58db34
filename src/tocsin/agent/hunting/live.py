# SPDX-License-Identifier: Apache-2.0
"""Hunts in logs as they are written: files that are followed, and syslog, through one bounded queue into the child.

When more is written than is hunted, the queue is full: files are read later, syslog's senders are held back, and people
hear that it happens. A file's position is moved only once its lines were hunted in and what was found is kept: after a
crash a few are hunted in twice, and none is missed. Values that become known while a line is read are hunted in the
past, not here.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

import msgspec

from tocsin.agent.house import House
from tocsin.agent.hunting import ledger
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.process import HuntingChild
from tocsin.agent.hunting.syslog import Listener
from tocsin.agent.hunting.tail import Position, Tail
from tocsin.clock import SECOND
from tocsin.domain.observable import Observable
from tocsin.errors import InputError
from tocsin.follow.follower import Sleep
from tocsin.storage.store import Transaction

log = logging.getLogger("tocsin.agent")

QUEUE = 32
"""Pieces of at most 1 MiB that wait."""
SYSLOG = "syslog"
_LOOK_SECONDS = 1.0
_TELL_SECONDS = 10.0
_RENEW = 10 * SECOND
"""The least time between two looks at what is known."""


class _Piece(msgspec.Struct, frozen=True):
    source: str
    lines: list[bytes]
    position: Position | None = None
    """Where a followed file stands behind these lines."""


class Live:
    """The live hunt of one agent."""

    def __init__(
        self,
        house: House,
        known: Callable[[], Collection[Observable]],
        found: Callable[[], None],
        news: asyncio.Event,
        sleep: Sleep,
    ) -> None:
        """`known` is asked when there are `news`; `found` is called soon after something was found and kept."""
        self._house = house
        self._known = known
        self._found = found
        self._news = news
        self._fresh = asyncio.Event()
        self._sleep = sleep
        self._queue: asyncio.Queue[_Piece] = asyncio.Queue(QUEUE)
        self.held = 0
        """How often a source had to wait since this began."""
        self.listener: Listener | None = None

    async def run(self) -> None:
        """For ever, or until it is cancelled."""
        config = self._house.config
        tails = [self._tail(path) for path in config.hunt.tail]
        try:
            async with asyncio.TaskGroup() as group:
                for name, tail in tails:
                    group.create_task(self._follow(name, tail))
                if config.syslog is not None:
                    self.listener = Listener(config.syslog, lambda lines: self._put(_Piece(SYSLOG, lines)))
                    await self.listener.start()
                group.create_task(self._tell())
                group.create_task(self._hunt())
        finally:
            for _, tail in tails:
                tail.close()
            if self.listener is not None:
                await self.listener.close()

    def _tail(self, path: str) -> tuple[str, Tail]:
        place = self._house.folder / path
        name = f"tail {place}"
        with self._house.store.reading("where a tail stands") as tx:
            return str(place), Tail(place, ledger.position(tx, self._house.vault.box, name))

    async def _follow(self, name: str, tail: Tail) -> None:
        while True:
            if lines := tail.look():
                await self._put(_Piece(name, lines, tail.position))
            else:
                await self._sleep(_LOOK_SECONDS)

    async def _put(self, piece: _Piece) -> None:
        if self._queue.full():
            self.held += 1
            if self.held.bit_count() == 1:  # the first time, the second, the fourth
                log.warning("logs are written faster than they are hunted through: %s waits", piece.source)
        await self._queue.put(piece)

    async def _hunt(self) -> None:
        known = frozenset(self._known())
        child = HuntingChild(known)
        looked = self._house.clock.now()
        try:
            while True:
                piece = await self._queue.get()
                now = self._house.clock.now()
                if self._news.is_set() and (now - looked >= _RENEW or not known):
                    self._news.clear()
                    looked = now
                    if (other := frozenset(self._known())) != known:
                        child.close()
                        known, child = other, HuntingChild(other)
                hunted = await _through(child, piece)
                self._keep(piece, hunted)
        finally:
            child.close()

    def _keep(self, piece: _Piece, hunted: Hunted) -> None:
        house, now = self._house, self._house.clock.now()

        def work(tx: Transaction) -> None:
            """Findings with the place up to which they were read: neither is true without the other."""
            ledger.keep_found(tx, house.vault.box, piece.source, hunted.found, now, add=True)
            if piece.position is not None:
                ledger.keep_position(tx, house.vault.box, f"tail {piece.source}", piece.position)

        if hunted.found or piece.position is not None:
            house.store.run("keep what was found live", work)
        if hunted.problem:
            log.warning("%s: %s", piece.source, hunted.problem)
        if hunted.found:
            self._fresh.set()

    async def _tell(self) -> None:
        """Findings come in crowds: they are told of together."""
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            self._found()
            await self._sleep(_TELL_SECONDS)


async def _through(child: HuntingChild, piece: _Piece) -> Hunted:
    """What is found in a piece; one that ends the child is passed over, and said."""
    try:
        return await asyncio.to_thread(child.lines, piece.lines)
    except InputError as error:
        return Hunted(problem=f"{len(piece.lines):,} lines were not hunted through: {error.detail}")
