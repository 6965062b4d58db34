# SPDX-License-Identifier: Apache-2.0
"""Who is connected, and what goes to whom: every event is encoded once for its stream and shared by all readers.

A reader that does not keep up is dropped and resumes with its cursor; nobody waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from tocsin.wire.sse import HEARTBEAT

MAX_QUEUE = 2_048
"""Chunks that one reader may be behind; a wave is a handful."""


class Subscriber:
    """One open connection."""

    def __init__(self, streams: frozenset[str]) -> None:
        self.streams = streams
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUE)
        self._closed = False

    def offer(self, chunk: bytes) -> None:
        """Queue a chunk; a full queue ends the connection."""
        if self._closed:
            return
        try:
            self._queue.put_nowait(chunk)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """End the connection, dropping what is queued."""
        self._closed = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def chunks(self, heartbeat_seconds: float) -> AsyncIterator[bytes]:
        """What to send, with a heartbeat whenever nothing was sent for that long; ends when closed."""
        while not self._closed:
            try:
                async with asyncio.timeout(heartbeat_seconds):
                    chunk = await self._queue.get()
            except TimeoutError:
                yield HEARTBEAT
                continue
            if chunk is None:
                return
            yield chunk


class Fanout:
    """All open connections of this process. Used from the event loop only."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        """In the order in which they came: a simulated world is the same each time."""

    def join(self, streams: frozenset[str]) -> Subscriber:
        """A new connection; it receives everything published from now on."""
        subscriber = Subscriber(streams)
        self._subscribers[subscriber] = None
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a connection that ended."""
        self._subscribers.pop(subscriber, None)

    def publish(
        self, chunks: Iterable[tuple[str, bytes]], closing: Callable[[Subscriber], bytes] | None = None
    ) -> None:
        """Give each stream's chunk to its readers, then to each reader that got any its own closing event."""
        by_stream = list(chunks)
        for subscriber in list(self._subscribers):
            wanted = [chunk for stream, chunk in by_stream if stream in subscriber.streams]
            if wanted:
                subscriber.offer(b"".join(wanted) + (closing(subscriber) if closing else b""))

    def close(self) -> None:
        """Close every connection: the process stops."""
        for subscriber in list(self._subscribers):
            subscriber.close()

    def __len__(self) -> int:
        return len(self._subscribers)
