# SPDX-License-Identifier: Apache-2.0
"""The partner's addresses: decode → `Witnessing` → encode. Who it is and where it remembers is `app.py`'s word."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tocsin.clock import Clock
from tocsin.halves.asking import PATH, Door
from tocsin.halves.witness import MAX_PROPOSAL, Proposal
from tocsin.partner.witnessing import Witnessing
from tocsin.proof.httpsig import check_body
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, bounded_body
from tocsin.wire.ceremony import AskHeld
from tocsin.wire.messages import Health, decode
from tocsin.wire.witnessing import Cosigned, Witness

_MAX_QUESTION = 1024 * 1024
"""Bytes of a question: it carries every change of the hub's key."""
_AT_ONCE = 4
"""Proposals that are read at once, all of them the hub's: each may fill `MAX_PROPOSAL` bytes of memory."""


def routes(
    witnessing: Witnessing,
    name: str,
    clock: Clock,
    close: Callable[[], None],
    more: Sequence[Route] = (),
    beside: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """The partner of that name as an ASGI application; `close` is called when it stops.

    `more` are addresses that not every partner has, such as the monitor's; `beside` is what it does meanwhile.
    """
    door, in_memory = Door(name), asyncio.Semaphore(_AT_ONCE)

    async def witness(request: Request) -> Response:
        """Co-sign what the hub proposes; only the hub may ask."""
        claim = door.admit(request.headers, witnessing.hub_key, clock.now())
        async with in_memory:
            body = await bounded_body(request, MAX_PROPOSAL)
            check_body(claim, body)
            asked = decode(body, Witness, MAX_PROPOSAL)
        proposal = Proposal(asked.held, asked.log, asked.log_path, asked.changes, asked.note, asked.keys)
        return answer(Cosigned(note=witnessing.witness(proposal)))

    async def held(request: Request) -> Response:
        """What was last co-signed, and the proof; anybody may ask."""
        return answer(witnessing.held(decode(await bounded_body(request, _MAX_QUESTION), AskHeld)))

    async def note(request: Request) -> Response:
        """The newest co-signed note, for anybody who wants to compare it with what the hub showed them."""
        return PlainTextResponse(witnessing.note)

    async def health(request: Request) -> Response:
        """Whether it is there, and whether it has witnessed anything."""
        return answer(Health(ready=True, witness="witnessed" if witnessing.note else "late"))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """`beside` as long as it serves; `close` at the end."""
        meanwhile = asyncio.ensure_future(beside()) if beside else None
        yield
        if meanwhile:
            meanwhile.cancel()
            await asyncio.gather(meanwhile, return_exceptions=True)
        close()

    return Starlette(
        routes=[
            Route(PATH, witness, methods=["POST"]),
            Route("/v1/held", held, methods=["POST"]),
            Route("/v1/note", note, methods=["GET"]),
            Route("/v1/health", health, methods=["GET"]),
            *more,
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
