# SPDX-License-Identifier: Apache-2.0
"""The least that any server of many readers must do: hand the same bytes to each socket's transport. No more.

It answers whatever it is asked with the head of a stream, and on a word of its starter sends each reader the event of
one entry, of the size that it is told. It is the limit beside `tocsin.bench.fanout`.
"""

import asyncio
import time
from multiprocessing.connection import Connection
from typing import cast

import uvloop

_WELCOME = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: \n\n"


class _Link(asyncio.Protocol):
    def __init__(self, links: set[asyncio.Transport]) -> None:
        self._links = links

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer the end of a request's head; from then on this one listens."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(_WELCOME)
            self._links.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """One listener fewer."""
        self._links.discard(self._transport)


async def _serve(pipe: Connection) -> None:
    links: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Link(links), "127.0.0.1", 0, backlog=2_048)
    pipe.send(server.sockets[0].getsockname()[1])
    over = loop.create_future()

    def told() -> None:
        """Write one event of the size that was told to all who listen, and tell when that began."""
        try:
            seq, size = pipe.recv()
        except EOFError:
            loop.remove_reader(pipe.fileno())
            over.set_result(None)
            return
        start = b'data: {"kind":"entry","stream":"members","seq":%d,"body":"' % seq
        data = start.ljust(size, b"x") + b'"}\n\n'
        began = time.monotonic()
        for link in links:
            link.write(data)
        pipe.send(began)

    loop.add_reader(pipe.fileno(), told)
    await over
    for link in links:
        link.abort()
    server.close()


def run(pipe: Connection) -> None:
    """The process: says its port, then sends a wave for each ``(seq, bytes)`` until the pipe is closed."""
    uvloop.run(_serve(pipe))
