# SPDX-License-Identifier: Apache-2.0
"""How the stream gets through this agent's line to the hub: as it comes, or in whole answers one after the other.

Some proxies hold an answer back until it ends, and a stream does not end. Where its first bytes do not come, or its
heartbeats stop coming, the agent asks for answers that end (``/v1/stream?wait=…``) for an hour, then tries again.
What is read is the same either way, and so are the rules by which it is believed (`tocsin.follow`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from tocsin.agent.signed import SignedHub
from tocsin.clock import HOUR, SECOND, Clock, Instant
from tocsin.errors import Unreachable
from tocsin.follow.follower import Again, Sleep

log = logging.getLogger("tocsin.agent")

FIRST_SECONDS = 10.0
"""A hub says its first words at once."""
WAIT_SECONDS = 25
"""How long an answer may wait for news: shorter than the usual patience of proxies, 30 to 60 seconds."""
APART_SECONDS = 0.5
"""Two such questions begin at least so far apart, whatever the hub answers."""


class Way:
    """One agent's line to its hub."""

    def __init__(self, hub: SignedHub, clock: Clock, sleep: Sleep) -> None:
        self._hub = hub
        self._clock = clock
        self._sleep = sleep
        self._whole_until = Instant(0)
        self._asked = Instant(0)

    @asynccontextmanager
    async def connect(self, cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the stream from a position; gives its bytes. What the follower asks for."""
        async with AsyncExitStack() as stack:
            chunks: AsyncIterator[bytes] | None = None
            if self._clock.now() >= self._whole_until:
                chunks = await self._flowing(stack, cursor)
            yield chunks or await self._whole(stack, cursor)

    async def _flowing(self, stack: AsyncExitStack, cursor: str) -> AsyncIterator[bytes] | None:
        """The stream as it comes; None when nothing of it does."""
        async with AsyncExitStack() as opened:
            try:
                async with asyncio.timeout(FIRST_SECONDS):
                    chunks = await opened.enter_async_context(self._hub.stream(cursor))
                    first = await anext(chunks, b"")
            except TimeoutError:
                self._hold_back()
                return None
            stack.push_async_exit(opened.pop_all())
        return self._as_it_comes(first, chunks)

    async def _as_it_comes(self, first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield first
        try:
            async for chunk in chunks:
                yield chunk
        except (
            httpx.ReadTimeout
        ):  # not even heartbeats: a box keeps them, or the hub is gone, as the next try shows
            self._hold_back()
            raise Again from None

    async def _whole(self, stack: AsyncExitStack, cursor: str) -> AsyncIterator[bytes]:
        """The next answer that ends; after it the follower asks again at once."""
        early = self._asked + int(APART_SECONDS * SECOND) - self._clock.now()
        if early > 0:
            await self._sleep(early / SECOND)
        self._asked = self._clock.now()
        try:
            chunks = await stack.enter_async_context(self._hub.stream(cursor, WAIT_SECONDS))
        except Unreachable:
            self._whole_until = Instant(0)  # it was not the way
            raise

        async def polled() -> AsyncIterator[bytes]:
            """The answer to its end, then `Again`."""
            async for chunk in chunks:
                yield chunk
            raise Again

        return polled()

    def _hold_back(self) -> None:
        log.warning(
            "The hub's stream is held back on the way: whole answers are asked for during the next hour"
        )
        self._whole_until = Instant(self._clock.now() + HOUR)
