# SPDX-License-Identifier: Apache-2.0
"""The way from a client to an application in the same process: answers stream as they come, and it can be cut.

A `Door` is where one server is reached, if one stands behind it. A `Wire` leads from one client to the doors of its
world: it is an `httpx` transport, so that everything above it is the product's own. Cut, it ends every answer in the
middle. Each part of an answer may be on its way for a while, and somebody may stand in between and change it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextvars import Context, copy_context
from typing import Any

import httpx
from starlette.types import ASGIApp

Delay = Callable[[], float]
"""Seconds for which the next part is on its way."""
Between = Callable[[httpx.Request, bytes], bytes]
"""What somebody in between makes of a part of the answer to that request."""


class Door:
    """Where one server is reached."""

    def __init__(self) -> None:
        self.application: ASGIApp | None = None
        self.context: Context = copy_context()
        """In which its work is done."""
        self.answers: set[Answer] = set()
        """What is being answered."""

    def open(self, application: ASGIApp, context: Context | None = None) -> None:
        """From now on this application is served here."""
        self.application, self.context = application, context or copy_context()

    def shut(self) -> None:
        """Nobody serves here any more, and every answer ends in the middle."""
        self.application = None
        for answer in list(self.answers):
            answer.break_off()


class Wire(httpx.AsyncBaseTransport):
    """One client's way into the world."""

    def __init__(self, doors: Mapping[str, Sequence[Door]], delay: Delay | None = None) -> None:
        """`doors` are found by the host of the URL; those of one host take turns, as behind a balancer."""
        self._doors = doors
        self.delay = delay
        self.between: Between | None = None
        self.whole = True
        self.requests: list[httpx.Request] = []
        """What went over it: a network may say it again."""
        self._answers: set[Answer] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the application, if it can be reached; httpx.ConnectError otherwise."""
        body = await request.aread()
        if self.delay is not None:
            await asyncio.sleep(self.delay())
        open_doors = [door for door in self._doors.get(request.url.host, ()) if door.application]
        if not self.whole or not open_doors:
            raise httpx.ConnectError("The wire is cut.")
        self.requests.append(request)
        door = open_doors[len(self.requests) % len(open_doors)]
        assert door.application is not None, "it was just looked at"
        answer = Answer(self, door, door.application, request, body)
        self._answers.add(answer)
        try:
            status, headers = await answer.began()
        except BaseException:
            await answer.aclose()
            raise
        return httpx.Response(status, headers=headers, stream=answer)

    def cut(self) -> None:
        """End every answer in the middle, and refuse new ones until it is mended."""
        self.whole = False
        for answer in list(self._answers):
            answer.break_off()

    def mend(self) -> None:
        """It carries again."""
        self.whole = True

    def forget(self, answer: "Answer") -> None:
        """An answer has ended."""
        self._answers.discard(answer)


class Answer(httpx.AsyncByteStream):
    """One answer on its way."""

    def __init__(
        self, wire: Wire, door: Door, application: ASGIApp, request: httpx.Request, body: bytes
    ) -> None:
        self._wire, self._door, self._request, self._body = wire, door, request, [body]
        self._parts: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._began: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()
        self._gone = asyncio.Event()
        door.answers.add(self)
        self._task = asyncio.get_running_loop().create_task(
            self._serve(application), context=door.context.copy()
        )

    async def began(self) -> tuple[int, Any]:
        """Status and headers."""
        return await self._began

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (part := await self._parts.get()) is not None:
            if isinstance(part, Exception):
                raise part
            if self._wire.delay is not None:
                await asyncio.sleep(self._wire.delay())
            yield part if self._wire.between is None else self._wire.between(self._request, part)

    async def aclose(self) -> None:
        """The client wants no more of it."""
        self._end()
        await asyncio.wait([self._task])  # awaited itself, its cancellation would hide the reader's own

    def break_off(self) -> None:
        """It ends here, and what was on its way is lost."""
        self._end()
        while not self._parts.empty():
            self._parts.get_nowait()
        self._parts.put_nowait(httpx.ReadError("The wire was cut."))
        if not self._began.done():
            self._began.set_exception(httpx.ReadError("The wire was cut."))

    def _end(self) -> None:
        self._gone.set()
        self._task.cancel()
        self._door.answers.discard(self)
        self._wire.forget(self)

    async def _serve(self, application: ASGIApp) -> None:
        path, _, query = self._request.url.raw_path.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": "http",
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "server": ("hub.example", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        try:
            await application(scope, self._receive, self._send)
        except Exception as error:  # once an answer has begun, a server can only log it
            if not self._began.done():
                self._began.set_exception(error)
        finally:
            self._parts.put_nowait(None)
            if not self._began.done():
                self._began.set_exception(httpx.ReadError("The wire was cut."))

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._body:
            return {"type": "http.request", "body": self._body.pop(), "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            if not self._began.done():
                self._began.set_result((message["status"], message["headers"]))
        elif message.get("body"):
            self._parts.put_nowait(message["body"])
