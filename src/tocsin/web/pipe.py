# SPDX-License-Identifier: Apache-2.0
"""The connection under an answer that has no end, for a server that says the same to thousands.

Through ASGI each chunk costs each connection two turns of the event loop and a copy, about 60 µs, and each open answer
a stack of coroutines, about 20 kB. An answer that was begun through ASGI may go on through its pipe instead: to the
application the client is gone, each chunk is framed once, and every socket is handed the same bytes.

Servers offer it as an ASGI extension (`tocsin.web.connection`); where there is none, everything goes through ASGI.
"""

import asyncio
from collections.abc import Callable

from starlette.requests import Request

EXTENSION = "tocsin.pipe"
MAX_BEHIND = 16 * 1024 * 1024
"""Bytes that may wait for one reader: two of the largest reports. Readers share them, so that thousands who are behind
hold little more than one."""
_LAST = b"0\r\n\r\n"


def framed(data: bytes) -> bytes:
    """The chunk that carries these bytes in a body of unknown length (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Pipe:
    """The connection under one answer."""

    def __init__(self, transport: asyncio.Transport, take_over: Callable[[Callable[[], None]], None]) -> None:
        self._transport = transport
        self.take_over = take_over
        """From now on the answer is written here and nothing is sent through ASGI; calls back when nobody reads it."""

    def write(self, chunk: bytes) -> None:
        """Hand on a chunk that is `framed`; a reader that is too far behind is cut off. Never waits."""
        if self._transport.get_write_buffer_size() > MAX_BEHIND:
            self._transport.abort()
        else:
            self._transport.write(chunk)

    def end(self) -> None:
        """The answer is over, and the connection with it."""
        self._transport.write(_LAST)
        self._transport.close()


def pipe_of(request: Request) -> Pipe | None:
    """The pipe under the answer to this request, where its server has one."""
    found = request.scope.get("extensions", {}).get(EXTENSION)
    return found["pipe"] if found else None
