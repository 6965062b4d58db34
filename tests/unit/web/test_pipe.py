# SPDX-License-Identifier: Apache-2.0
"""An answer that goes on without the application: the same bytes for everybody, and nobody forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.alliance import until
from uvicorn.server import ServerState

from tocsin.web import pipe as pipe_module
from tocsin.web.connection import BoundedConnection
from tocsin.web.pipe import Pipe, framed, pipe_of

GET = b"GET / HTTP/1.1\r\nHost: hub.example\r\n\r\n"


class Place:
    """A server whose one answer begins through ASGI and goes on through its pipe."""

    def __init__(self) -> None:
        self.port = 0
        self.pipes: list[Pipe] = []
        self.without = 0
        self.lost = 0
        self.state = ServerState()

    async def answer(self, request: Request) -> Response:
        pipe = pipe_of(request)

        async def parts() -> AsyncIterator[bytes]:
            yield b"begun "
            if pipe is None:
                self.without += 1
            else:
                pipe.take_over(self._gone)
                self.pipes.append(pipe)

        return StreamingResponse(parts())

    def _gone(self) -> None:
        self.lost += 1

    async def ask(self, request: bytes = GET) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer


@asynccontextmanager
async def serving() -> AsyncIterator[Place]:
    place = Place()
    app = Starlette(routes=[Route("/", place.answer, methods=["GET", "POST"])])
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedConnection(config, place.state, {}), "127.0.0.1", 0
    )
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
        for one in list(place.state.connections):
            one.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0.01)


async def test_what_is_written_follows_what_the_application_sent_and_then_the_end():
    async with serving() as place:
        reader, writer = await place.ask()
        await until(lambda: bool(place.pipes))
        place.pipes[0].write(framed(b"and on"))
        place.pipes[0].end()
        assert await reader.read() == b"6\r\nbegun \r\n6\r\nand on\r\n0\r\n\r\n"
        writer.close()
        await until(lambda: place.lost == 1)


async def test_the_application_is_done_while_the_answer_goes_on():
    async with serving() as place:
        _, writer = await place.ask()
        await until(lambda: bool(place.pipes) and not place.state.tasks)
        assert len(place.state.connections) == 1
        assert place.lost == 0
        writer.close()
        await until(lambda: place.lost == 1 and not place.state.connections)


async def test_a_request_on_a_connection_that_is_written_to_ends_it():
    async with serving() as place:
        reader, writer = await place.ask()
        await until(lambda: bool(place.pipes))
        writer.write(GET)
        await until(lambda: place.lost == 1)
        assert b"HTTP/1.1" not in await reader.read()
        writer.close()


async def test_a_reader_that_is_too_far_behind_is_cut_off_and_told_of(monkeypatch):
    monkeypatch.setattr(pipe_module, "MAX_BEHIND", 100_000)
    async with serving() as place:
        _, writer = await place.ask()
        await until(lambda: bool(place.pipes))
        chunk = framed(bytes(1_000_000))
        for _ in range(30):
            place.pipes[0].write(chunk)
            await asyncio.sleep(0)
        await until(lambda: place.lost == 1)
        writer.close()


async def test_whoever_left_before_is_told_of_at_once():
    async with serving() as place:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(GET)
        writer.transport.abort()
        await until(lambda: place.lost == 1 or not place.state.connections)
        await asyncio.sleep(0.05)
        assert place.lost == len(place.pipes)
        del reader


async def test_an_answer_that_is_not_in_chunks_or_has_no_body_has_no_pipe():
    async with serving() as place:
        for request in (
            GET.replace(b"1.1", b"1.0"),
            GET.replace(b"GET", b"HEAD"),
            GET.replace(b"GET", b"POST"),
        ):
            _, writer = await place.ask(request)
            writer.close()
        await until(lambda: place.without == 3)
        assert not place.pipes


def test_a_chunk_is_framed_as_http_wants_it():
    assert framed(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
