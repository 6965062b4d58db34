# SPDX-License-Identifier: Apache-2.0
"""One connection to a server, bounded before anybody has said who they are: in bytes, in time and in number.

- A request's header has `HEAD_SECONDS` to arrive, its body `BODY_SECONDS` more; whoever is slower is cut off.
- At most `MAX_SILENT` bytes may come that are neither a whole header nor a part of a body: an endless header field,
  address, trailer or chunk extension ends there. The parser below (llhttp) bounds none of them.
- A request that comes before the answer to the one before it is whole ends the connection: what is queued would pass
  every bound, and no client of ours sends ahead.
- A connection on which nothing is under way has a deadline after whatever came on it.
- Of a body that goes on after its answer `MAX_UNWANTED` bytes are taken in, so that its sender can read the answer;
  then no more, and the connection ends.
- Whoever takes in nothing of an answer for `TAKE_SECONDS` is cut off.
- A connection beyond the server's or its peer's number is closed at once.

Whoever is refused is told why by a problem document, unless an answer was begun, or nothing was asked.

A proxy on this machine stands for everybody: loopback is bounded by the server's number only.
"""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, ClassVar, cast

from uvicorn._types import HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tocsin.errors import Malformed, TocsinError, TooLarge, TooMany, TooSlow
from tocsin.web.pipe import EXTENSION, Pipe
from tocsin.wire.messages import encode
from tocsin.wire.problem import MEDIA_TYPE, to_problem

HEAD_SECONDS = 10.0
BODY_SECONDS = 60.0
"""4 MiB arrive within it at 0.6 Mbit/s."""
TAKE_SECONDS = 60.0
LEAVE_SECONDS = 5.0
"""For the last words to whoever is refused."""
MAX_SILENT = 16 * 1024
MAX_UNWANTED = 4 * 1024 * 1024
"""As much as the largest body has: whoever kept to that bound keeps the connection."""
MAX_OF_PEER = 128
"""Connections of one address: a bank behind one has an agent or two."""
_OTHER_FILES = 128
"""Descriptors that a process needs beside its connections."""


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with these bounds. How many there may be is `Config.limit_concurrency`."""

    _of_peer: ClassVar[Counter[str]] = Counter()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._silent = 0
        self._unwanted = 0
        self._peer = ""
        self._asking = False
        """Whether a request has begun and is not whole."""
        self._lost: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and wait for its first header."""
        super().connection_made(cast(asyncio.Transport, transport))  # of a stream there is no other
        self._peer = self.client[0] if self.client else ""
        self._of_peer[self._peer] += 1
        full = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        if full or (self._of_peer[self._peer] > MAX_OF_PEER and not _is_loopback(self._peer)):
            self._refuse(TooMany("No more connections are taken."))
            return
        self._within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._of_peer[self._peer] -= 1
        if not self._of_peer[self._peer]:
            del self._of_peer[self._peer]
        self._within(None)
        self.resume_writing()
        super().connection_lost(exc)
        self._lost()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and stop when it only ever wants more."""
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MAX_SILENT and not self.transport.is_closing():
            self._refuse(TooLarge(f"A header has at most {MAX_SILENT} bytes."))
        if self._deadline is None and not self._under_way():
            self._within(HEAD_SECONDS)  # empty lines end the keep-alive's wait and begin no request

    def pause_writing(self) -> None:
        """The peer takes in less than is sent."""
        super().pause_writing()
        self._stuck = self.loop.call_later(TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()

    def on_message_begin(self) -> None:
        """A request begins; Malformed, which ends the parser's work, while another one is under way."""
        if self._under_way():
            self.transport.abort()
            raise Malformed("A request came before the answer to the one before it was whole.")
        super().on_message_begin()
        self._asking = True
        self.cycle = cast(
            RequestResponseCycle, None
        )  # as before the first: there is none until its header is whole
        self._within(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Its header is whole."""
        if (
            self.parser.get_method() == b"GET" and self.parser.get_http_version() == "1.1"
        ):  # its answer is in chunks
            self.scope["extensions"] = {EXTENSION: {"pipe": Pipe(self.transport, self._take_over)}}
        self._silent = self._unwanted = 0
        self._within(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body is there."""
        self._silent = 0
        super().on_body(body)
        if self.cycle.response_complete:
            self._unwanted += len(body)
            if self._unwanted > MAX_UNWANTED:
                self._leave()

    def on_message_complete(self) -> None:
        """It is whole; its answer may take as long as it wants."""
        self._silent = 0
        self._asking = False
        self._within(None)
        super().on_message_complete()

    def _take_over(self, lost: Callable[[], None]) -> None:
        """The answer goes on without the application, for which the client is gone; it stays under way to its end."""
        if self.cycle.disconnected:  # it is
            lost()
            return
        self._lost = lost
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self.scope = self.cycle.scope = cast(HTTPScope, {})  # thousands of connections wait here
        self.headers = []

    def _under_way(self) -> bool:
        """Whether the last request whose header is whole waits for its answer or a part of it."""
        last = self._last()
        return last is not None and not last.response_complete

    def _last(self) -> RequestResponseCycle | None:
        """The last request; None while its header is not whole."""
        return cast(RequestResponseCycle | None, self.cycle)

    def _within(self, seconds: float | None) -> None:
        """Cut it off unless it comes further by then; None: there is nothing to wait for."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._too_slow, seconds)

    def _too_slow(self, seconds: float) -> None:
        if self._asking:
            self._refuse(TooSlow(f"It did not come further within {seconds:g} s."))
        else:
            self.transport.abort()

    def _refuse(self, error: TocsinError) -> None:
        """Say why, unless an answer was begun, and end the connection; what was written is still sent."""
        last = self._last()
        if last is None or not last.response_started:
            self.transport.write(_spoken(error))
        self.transport.close()
        self._within_leave()

    def _leave(self) -> None:
        """Take in no more; who still sends has this long to read the answer, which a reset could cost him."""
        self.flow.pause_reading()
        self._within_leave()

    def _within_leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(LEAVE_SECONDS, self.transport.abort)


def _spoken(error: TocsinError) -> bytes:
    """An answer for whoever is below every application."""
    document = to_problem(error)
    body = encode(document)
    head = (
        f"HTTP/1.1 {document.status} Refused\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body


def room_for(connections: int) -> int:
    """How many of them this process may open; it takes as many descriptors as it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - _OTHER_FILES))


def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return False
