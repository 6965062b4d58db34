# SPDX-License-Identifier: Apache-2.0
"""Who is connected, and what goes to whom: every event is encoded once for its stream and shared by all readers.

A reader that does not keep up is dropped and resumes with its cursor; nobody waits for it. While it catches up what
happens waits in its queue; from then on it is handed straight to its socket, where the server has a pipe to it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable

from tocsin.web.pipe import Pipe, framed

MAX_QUEUE = 2_048
"""Chunks that one reader may be behind; a wave is a handful."""


class Subscriber:
    """One open connection."""

    def __init__(self) -> None:
        self.streams: frozenset[str] = frozenset()
        """What it follows; none while it is told what stands already."""
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUE)
        self._pipe: Pipe | None = None
        self._closed = False

    def offer(self, data: bytes, chunk: bytes) -> None:
        """Send these bytes, which `chunk` holds framed; whoever is too far behind is dropped."""
        if self._closed:
            return
        if self._pipe is not None:
            self._pipe.write(chunk)
            return
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """End the connection, dropping what is queued."""
        if self._closed:
            return
        self._closed = True
        if self._pipe is not None:
            self._pipe.end()
            return
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def chunks(self, pipe: Pipe | None, lost: Callable[[], None]) -> AsyncIterator[bytes]:
        """What to send, until it is closed.

        Once nothing waits any more the pipe takes the rest, if there is one: this ends, and `lost` is called when the
        connection has.
        """
        while not self._closed:
            if pipe is not None and self._queue.empty():
                self._pipe = pipe
                del self._queue  # thousands of connections wait like this
                pipe.take_over(lost)
                return
            chunk = await self._queue.get()
            if chunk is None:
                return
            yield chunk

    @property
    def piped(self) -> bool:
        """Whether its connection goes on without whoever began it."""
        return self._pipe is not None


class Fanout:
    """All open connections of this process. Used from the event loop only."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        """In the order in which they came: a simulated world is the same each time."""
        self._readers: defaultdict[str, dict[Subscriber, None]] = defaultdict(dict)
        """Those of each stream, likewise."""

    def join(self) -> Subscriber:
        """A new connection."""
        subscriber = Subscriber()
        self._subscribers[subscriber] = None
        return subscriber

    def listen(self, subscriber: Subscriber, streams: frozenset[str]) -> None:
        """It receives everything that is sent in these streams from now on."""
        subscriber.streams = streams
        for stream in streams:
            self._readers[stream][subscriber] = None

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a connection that ended."""
        self._subscribers.pop(subscriber, None)
        for stream in subscriber.streams:
            self._readers[stream].pop(subscriber, None)
            if not self._readers[stream]:
                del self._readers[stream]

    def readers(self, stream: str) -> Collection[Subscriber]:
        """Who follows that stream now."""
        return self._readers.get(stream, ())

    def send(self, readers: Iterable[Subscriber], data: bytes) -> None:
        """The same bytes to each of them."""
        chunk = framed(data)
        for reader in readers:
            reader.offer(data, chunk)

    def send_all(self, data: bytes) -> None:
        """The same bytes to everybody."""
        self.send(self._subscribers, data)

    def close(self) -> None:
        """Close every connection: the process stops."""
        for subscriber in list(self._subscribers):
            subscriber.close()

    def __len__(self) -> int:
        return len(self._subscribers)
