# SPDX-License-Identifier: Apache-2.0
"""How every HTTP server of Tocsin reads a request and answers: bounded bodies, messages, problem documents."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ExceptionHandler, Receive, Scope, Send

from tocsin.errors import KeyReplaced, RemoteError, StorageError, TocsinError, TooLarge
from tocsin.wire import sse
from tocsin.wire.messages import encode
from tocsin.wire.problem import MEDIA_TYPE, Problem, to_problem

log = logging.getLogger("tocsin.web")

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(message: msgspec.Struct, status: int = 200) -> Response:
    """A message as JSON."""
    return Response(encode(message), status, _HEADERS, "application/json")


class _Stream(StreamingResponse):
    """The same with two tasks of asyncio, which cost less than a task group of anyio."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it is all said, or the reader is gone."""
        said = asyncio.ensure_future(self.stream_response(send))
        gone = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((said, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            said.cancel()
            gone.cancel()
            await asyncio.gather(said, gone, return_exceptions=True)
        if not said.cancelled():
            said.result()


def streaming(chunks: AsyncIterator[bytes]) -> Response:
    """Events as they come, for as long as they come."""
    # Buffering proxies would hold them back; this header is what nginx and its kin look for.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _Stream(chunks, media_type=sse.MEDIA_TYPE, headers=headers)


def problem_answer(error: TocsinError) -> Response:
    """The problem document for one of our errors."""
    document = to_problem(error)
    return Response(encode(document), document.status, _HEADERS, MEDIA_TYPE)


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body, or TooLarge as soon as it is longer than `limit` bytes, whatever its headers claim."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise TooLarge(f"A request has at most {limit} bytes here.")
            parts.append(part)
    except ClientDisconnect:
        raise RemoteError("The client went away before its request was complete.") from None
    return b"".join(parts)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, TocsinError)
    if isinstance(error, StorageError) and not isinstance(error, KeyReplaced):
        # An engine's words name hosts, files and statements: they are for whoever runs this server.
        log.error("%s: %s", request.url.path, error)
        return problem_answer(RemoteError("Its store could not do its work: its own log says why."))
    return problem_answer(error)


async def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titles = {404: "There is nothing at this address.", 405: "This address does not take that method."}
    document = Problem(
        type="tag:tocsin,2026:problem/http",
        title=titles.get(error.status_code, "The request cannot be served."),
        status=error.status_code,
        next_step="See /openapi.json for what is served here.",
    )
    return Response(encode(document), error.status_code, {**_HEADERS, **(error.headers or {})}, MEDIA_TYPE)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """Our own mistake: the trace goes to the log, never into the answer."""
    log.error("unforeseen error at %s", request.url.path, exc_info=error)
    return problem_answer(TocsinError("This is a fault of the server; it was logged there."))


EXCEPTION_HANDLERS: Mapping[type[Exception] | int, ExceptionHandler] = {
    TocsinError: _ours,
    HTTPException: _routing,
    Exception: _unforeseen,
}
"""For the `exception_handlers` of every Starlette application."""
