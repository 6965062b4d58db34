# SPDX-License-Identifier: Apache-2.0
"""An edge's addresses: the stream and its health. Whatever else is asked of it is the hub's to answer."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

from tocsin.errors import Unreachable
from tocsin.hub.door import Door, received
from tocsin.hub.edge.hearing import Hearing
from tocsin.hub.reading.following import Following
from tocsin.hub.reading.polling import wait_of, whole_answer
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, streaming
from tocsin.web.openapi import Operation, openapi
from tocsin.web.pipe import pipe_of
from tocsin.wire.messages import Entry, Health
from tocsin.wire.sse import MEDIA_TYPE

OPERATIONS = (
    Operation("GET", "/v1/stream", "Follow every stream you may read.", None, Entry, MEDIA_TYPE),
    Operation("GET", "/v1/health", "Whether the edge serves.", None, Health, signed=False),
)
_PATIENCE_SECONDS = 5.0
"""How long a reader waits that has seen more than this edge holds: the hub served it a moment ago."""
_LOOK_SECONDS = 0.1


class EdgeRoutes:
    """The edge as an ASGI application."""

    def __init__(self, door: Door, following: Following, hearing: Hearing, hub_url: str) -> None:
        self._door = door
        self._following = following
        self._hearing = hearing
        self._hub_url = hub_url
        self._openapi = openapi("Tocsin edge", OPERATIONS)

    def application(self, lifespan: Lifespan[Starlette]) -> Starlette:
        """Every address of this edge, each error a problem document."""
        return Starlette(
            lifespan=lifespan,
            routes=[
                Route("/v1/stream", self._stream, methods=["GET"]),
                Route("/v1/health", self._health, methods=["GET"]),
                Route("/openapi.json", self._describe, methods=["GET"]),
                Route("/v1/{rest:path}", self._elsewhere, methods=["GET", "POST"]),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )

    async def _stream(self, request: Request) -> Response:
        self._hearing.demand()
        signed = await received(request, self._door, 0)
        party = await self._door.admit(signed)
        cursor = request.headers.get("last-event-id")
        await self._caught_up(cursor)
        self._hearing.demand(party.id)  # time has passed, and nothing does from here to the first byte
        wait = wait_of(request.query_params.get("wait", ""))
        chunks = self._following.follow(party, cursor, None if wait else pipe_of(request))
        return streaming(whole_answer(chunks, cursor, wait) if wait else chunks)

    async def _caught_up(self, cursor: str | None) -> None:
        """Wait a little for what the reader was shown at the hub already: older heads would look like a lie."""
        waited = 0.0
        while self._following.is_behind(cursor):
            if waited >= _PATIENCE_SECONDS:
                raise self._hearing.elsewhere("It is behind what you have read already.")
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    async def _health(self, request: Request) -> Response:
        witness = self._following.health().witness
        return answer(Health(ready=self._hearing.serves, witness=witness))

    async def _elsewhere(self, request: Request) -> Response:
        raise Unreachable(
            f"This is an edge: it serves readers and takes nothing. Ask the hub itself: {self._hub_url}"
        )

    async def _describe(self, request: Request) -> Response:
        return Response(self._openapi, media_type="application/json")
