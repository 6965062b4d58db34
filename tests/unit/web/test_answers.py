# SPDX-License-Identifier: Apache-2.0
"""Requests are bounded whatever they claim, and every failure is a problem document that gives no trace away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message as Event
from starlette.types import Scope

from tocsin import errors
from tocsin.errors import RemoteError, TocsinError, TooLarge
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, bounded_body, problem_answer, streaming
from tocsin.wire.messages import Welcome
from tocsin.wire.problem import MEDIA_TYPE, Problem, to_error

SECRET = "the vault's key is 42"


async def _body(request: Request) -> Response:
    return Response(await bounded_body(request, 10))


async def _ours(request: Request) -> Response:
    raise errors.Forbidden("Only the desk may do this.")


async def _store(request: Request) -> Response:
    raise errors.StoreBusy(f"Connecting to PostgreSQL: {SECRET}")


async def _unforeseen(request: Request) -> Response:
    raise RuntimeError(SECRET)


APP = Starlette(
    routes=[
        Route("/body", _body, methods=["POST"]),
        Route("/ours", _ours),
        Route("/store", _store),
        Route("/unforeseen", _unforeseen),
    ],
    exception_handlers=EXCEPTION_HANDLERS,
)


def ask(method: str, path: str, content: bytes | AsyncIterator[bytes] = b"") -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(once())


def problem(response: httpx.Response) -> Problem:
    assert response.headers["content-type"].startswith(MEDIA_TYPE)
    found = msgspec.json.decode(response.content, type=Problem)
    assert found.status == response.status_code
    return found


async def in_parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("content", [b"", b"12345", b"1234567890"])
def test_a_body_within_its_bound_is_read_whole(content: bytes) -> None:
    response = ask("POST", "/body", content)
    assert (response.status_code, response.content) == (200, content)


def test_a_body_in_parts_is_put_together() -> None:
    assert ask("POST", "/body", in_parts(b"12", b"", b"345")).content == b"12345"


@pytest.mark.parametrize("content", [b"12345678901", b"x" * 1_000_000])
def test_a_larger_body_is_refused(content: bytes) -> None:
    response = ask("POST", "/body", content)
    assert response.status_code == 413
    assert isinstance(to_error(response.content, 413), TooLarge)


def request_of(events: Iterator[Event], headers: list[tuple[bytes, bytes]]) -> Request:
    async def receive() -> Event:
        return next(events)

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    return Request(scope, receive)


def test_an_endless_body_is_stopped_at_its_bound_whatever_its_headers_claim() -> None:
    seen = []

    def endless() -> Iterator[Event]:
        while True:
            seen.append(1)
            yield {"type": "http.request", "body": b"xxxx", "more_body": True}

    with pytest.raises(TooLarge, match="at most 10 bytes"):
        asyncio.run(bounded_body(request_of(endless(), [(b"content-length", b"4")]), 10))
    assert len(seen) == 3, "nothing is read beyond the bound"


def test_a_client_that_goes_away_is_no_fault_of_the_server() -> None:
    events: list[Event] = [
        {"type": "http.request", "body": b"12", "more_body": True},
        {"type": "http.disconnect"},
    ]
    with pytest.raises(RemoteError, match="went away"):
        asyncio.run(bounded_body(request_of(iter(events), []), 10))


def test_one_of_our_errors_is_its_problem_document() -> None:
    found = problem(ask("GET", "/ours"))
    assert found.type == "tag:tocsin,2026:problem/forbidden"
    assert found.detail == "Only the desk may do this."
    assert found.next_step == errors.Forbidden.next_step


def test_what_ails_the_server_s_store_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "tocsin.web"):
        response = ask("GET", "/store")
    assert SECRET not in response.text
    assert SECRET in caplog.text
    assert type(to_error(response.content, response.status_code)) is RemoteError


def test_an_unforeseen_error_is_logged_and_gives_nothing_away(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "tocsin.web"):
        response = ask("GET", "/unforeseen?token=abc")
    found = problem(response)
    assert found.status == 500
    for given_away in (SECRET, "RuntimeError", "Traceback", ".py"):
        assert given_away not in response.text
    (record,) = [record for record in caplog.records if record.name == "tocsin.web"]
    assert record.exc_info is not None
    assert "token=abc" not in record.getMessage(), "a query may hold a secret"


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/nothing", 404, "There is nothing at this address."),
        ("GET", "/body/../../etc/passwd", 404, "There is nothing at this address."),
        ("DELETE", "/ours", 405, "This address does not take that method."),
    ],
)
def test_a_wrong_address_or_method_is_a_problem_too(method: str, path: str, status: int, title: str) -> None:
    response = ask(method, path)
    assert (response.status_code, problem(response).title) == (status, title)


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert set(ask("DELETE", "/ours").headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_answers_are_neither_stored_nor_guessed_at() -> None:
    for response in (answer(Welcome(hub="h", streams=())), problem_answer(TocsinError())):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nothing", "/ours", "/unforeseen"])
def test_failures_are_not_stored_either(path: str) -> None:
    assert ask("GET", path).headers["cache-control"] == "no-store"


def test_a_message_is_answered_as_json_with_its_status() -> None:
    response = answer(Welcome(hub="h", streams=()), 201)
    assert (response.status_code, response.media_type) == (201, "application/json")
    assert b'"kind":"welcome"' in bytes(response.body)


class Told:
    """A stream that goes on until it is let go, and what came of it."""

    def __init__(self, *chunks: bytes, fault: Exception | None = None) -> None:
        self.sent: list[bytes] = []
        self.over = False
        self._chunks, self._fault = chunks, fault
        self.all_sent = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self._chunks:
                yield chunk
            if self._fault is not None:
                raise self._fault
            self.all_sent.set()
            await asyncio.Event().wait()
        finally:
            self.over = True

    async def send(self, message: Event) -> None:
        if message["type"] == "http.response.body":
            self.sent.append(message["body"])

    async def receive(self) -> Event:
        await self.all_sent.wait()
        return {"type": "http.disconnect"}


async def test_a_stream_is_let_go_when_its_reader_is_gone() -> None:
    told = Told(b"a", b"b")
    await streaming(told.chunks())({"type": "http"}, told.receive, told.send)
    assert (told.sent, told.over) == ([b"a", b"b"], True)


async def test_what_ends_a_stream_is_raised() -> None:
    told = Told(b"a", fault=TocsinError("It broke."))
    with pytest.raises(TocsinError, match="It broke"):
        await streaming(told.chunks())({"type": "http"}, told.receive, told.send)
    assert (told.sent, told.over) == ([b"a"], True)


async def test_a_server_that_stops_ends_a_stream() -> None:
    told = Told(b"a")
    forever = asyncio.Event().wait
    task = asyncio.create_task(streaming(told.chunks())({"type": "http"}, forever, told.send))  # type: ignore[arg-type]
    await told.all_sent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.over
