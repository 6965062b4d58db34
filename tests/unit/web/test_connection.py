# SPDX-License-Identifier: Apache-2.0
"""What a connection may cost before anybody has said who they are."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from tocsin.web import connection
from tocsin.web.answers import EXCEPTION_HANDLERS, bounded_body
from tocsin.web.connection import MAX_SILENT, BoundedConnection, room_for

GET = b"GET / HTTP/1.1\r\nHost: hub.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: hub.example\r\n"


async def size_of_body(request: Request) -> Response:
    return PlainTextResponse(str(len(await bounded_body(request, 4_000_000))))


async def endless(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)
            await asyncio.sleep(0)  # for a moment in which it may be cancelled

    return StreamingResponse(parts())


class Place:
    """A server with these connections, and ways to talk to it."""

    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def says(self, *parts: bytes) -> bytes:
        """Everything that is answered until the server closes."""
        reader, writer = await self.connect()
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.002)
            return await reader.read()
        except ConnectionError:
            return b"cut"
        finally:
            writer.close()


@asynccontextmanager
async def serving(limit: int | None = None) -> AsyncIterator[Place]:
    app = Starlette(
        routes=[Route("/", size_of_body, methods=["GET", "POST"]), Route("/endless", endless)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    config = uvicorn.Config(app, log_config=None, lifespan="off", limit_concurrency=limit)
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedConnection(config, state, {}), "127.0.0.1", 0
    )
    try:
        yield Place(server.sockets[0].getsockname()[1], state)
    finally:
        server.close()
        for one in list(state.connections):
            one.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0.01)


async def test_a_request_in_many_small_parts_is_served():
    async with serving() as place:
        head = POST + b"Connection: close\r\nContent-Length: 100000\r\n\r\n"
        parts = [head[at : at + 7] for at in range(0, len(head), 7)] + [b"a" * 1_000] * 100
        assert (await place.says(*parts)).endswith(b"\r\n\r\n100000")


@pytest.mark.parametrize(
    "begin",
    [
        GET + b"X: ",
        GET + b"X",
        b"GET /",
        b"G",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;x=",
    ],
    ids=["value", "name", "address", "method", "trailer", "chunk extension"],
)
async def test_what_never_ends_before_a_body_is_cut_off_early(begin):
    async with serving() as place:
        _, writer = await place.connect()
        writer.write(begin)
        sent = 0
        while sent < 100 * MAX_SILENT and not writer.is_closing():
            writer.write(b"a" * 1_024)
            sent += 1_024
            await asyncio.sleep(0.001)
        assert sent <= 3 * MAX_SILENT
        assert not place.state.connections
        writer.close()


@pytest.mark.parametrize(
    ("begin", "answered"),
    [(b"", b""), (GET, b"HTTP/1.1 408 "), (POST + b"Content-Length: 9\r\n\r\na", b"HTTP/1.1 408 ")],
    ids=["nothing", "header", "body"],
)
async def test_whoever_is_slow_is_told_and_cut_off(begin, answered, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.05)
    async with serving() as place:
        async with asyncio.timeout(2):
            said = await place.says(begin)
        assert said.startswith(answered)
        assert said.count(b"HTTP/1.1") == bool(answered)
        assert (b"too-slow" in said) == bool(answered)
        await asyncio.sleep(0.01)
        assert not place.state.connections


async def test_a_body_that_goes_on_after_its_answer_is_swallowed_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(connection, "MAX_UNWANTED", 100_000)
    head = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    async with serving() as place:
        reader, writer = await place.connect()
        for size in (100_000, 1_000_000_000):
            writer.write(head % size)
            answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 404 ")
            await reader.readexactly(int(answered.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            if size == 100_000:
                writer.write(b"a" * size)
        monkeypatch.setattr(connection, "LEAVE_SECONDS", 0.05)
        sent = 0
        with suppress(ConnectionError):
            while sent < 1_000_000_000:
                writer.write(b"a" * 65_536)
                await writer.drain()
                sent += 65_536
        assert sent < 50_000_000  # what the sockets' buffers hold
        writer.close()


async def test_a_body_that_never_ends_after_its_answer_gets_no_second_answer(monkeypatch):
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.05)
    async with serving() as place:
        said = await place.says(b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na")
        assert said.count(b"HTTP/1.1") == 1
        assert not place.state.connections


async def test_who_is_refused_and_takes_no_last_words_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(connection, "LEAVE_SECONDS", 0.05)
    monkeypatch.setattr(connection, "_spoken", lambda error: bytes(20_000_000))
    async with serving() as place:
        _, writer = await place.connect()
        writer.write(GET)
        async with asyncio.timeout(5):
            while not place.state.connections:
                await asyncio.sleep(0.01)
            while place.state.connections:
                await asyncio.sleep(0.01)
        writer.close()


async def test_a_second_request_of_a_connection_has_its_own_deadline(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    async with serving() as place:
        reader, writer = await place.connect()
        for _ in range(3):
            writer.write(GET + b"\r\n")
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n0")
            await asyncio.sleep(0.15)  # idle between two requests: that is the keep-alive's business
        writer.write(GET)
        async with asyncio.timeout(2):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()


@pytest.mark.parametrize("path", [b"/", b"/endless"])
async def test_a_request_that_does_not_wait_for_the_answer_before_it_ends_the_connection(path, monkeypatch):
    begun = []
    begin = BoundedConnection.on_headers_complete

    def counted(self: BoundedConnection) -> None:
        begun.append(self)
        begin(self)

    monkeypatch.setattr(BoundedConnection, "on_headers_complete", counted)
    async with serving() as place:
        async with asyncio.timeout(2):
            await place.says((GET.replace(b"/", path, 1) + b"\r\n") * 1_000)
        assert len(begun) == 1
        await asyncio.sleep(0.01)
        assert not place.state.connections
        assert (await place.says(GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_an_empty_line_after_an_answer_keeps_no_connection(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    async with serving() as place:
        reader, writer = await place.connect()
        writer.write(GET + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n0")
        async with asyncio.timeout(2):
            while not reader.at_eof():
                writer.write(b"\r\n")
                await asyncio.sleep(0.02)
        writer.close()


async def test_whoever_takes_nothing_in_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "TAKE_SECONDS", 0.05)
    async with serving() as place:
        _, writer = await place.connect()
        writer.write(GET.replace(b"/", b"/endless", 1) + b"\r\n")
        async with asyncio.timeout(5):
            while not place.state.connections:
                await asyncio.sleep(0.01)
            while place.state.connections:
                await asyncio.sleep(0.01)
        writer.close()


async def test_the_connection_beyond_the_number_is_closed_and_the_others_are_served():
    async with serving(limit=4) as place:
        held = [await place.connect() for _ in range(3)]
        async with asyncio.timeout(2):
            said = await place.says(GET + b"\r\n")
        assert said == b"cut" or b"too-many" in said
        reader, writer = held[0]
        writer.write(GET + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n0")
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert (await place.says(GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_one_address_takes_no_more_than_its_share(monkeypatch):
    monkeypatch.setattr(connection, "MAX_OF_PEER", 2)
    async with serving() as place:
        local = [await place.connect() for _ in range(4)]
        await asyncio.sleep(0.05)
        assert len(place.state.connections) == 4  # a proxy on this machine stands for everybody
        monkeypatch.setattr(connection, "_is_loopback", lambda peer: False)
        async with asyncio.timeout(2):
            said = await place.says(GET + b"\r\n")
        assert said == b"cut" or b"too-many" in said
        for _, writer in local:
            writer.close()
        await asyncio.sleep(0.05)
        assert (await place.says(GET + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert BoundedConnection._of_peer == {}


def test_a_process_opens_no_more_connections_than_it_has_descriptors_for(monkeypatch):
    took = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 1_000))
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: took.append(limits))
    assert room_for(64) == 64
    assert took == []
    assert room_for(8_192) == 1_000 - 128
    assert took == [(1_000, 1_000)]
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert room_for(8_192) == 8_192
