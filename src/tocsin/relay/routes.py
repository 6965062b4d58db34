# SPDX-License-Identifier: Apache-2.0
"""The relay's addresses: what agents send, and what the hub asks. Who it is and what it keeps is `app.py`'s word.

Nothing of a single request is logged or counted here, whatever the level.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.clock import Clock
from tocsin.halves.asking import EPOCHS, PROPOSALS, Door, authority
from tocsin.proof.httpsig import check_body
from tocsin.relay.admitting import Admitting
from tocsin.relay.believing import HubKey
from tocsin.relay.carrying import Carrying
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, bounded_body
from tocsin.web.epochs import Epochs
from tocsin.wire.epoch import ProposedKeys, ProposeKeys, SignEpoch
from tocsin.wire.messages import MAX_BODY, Health, decode

_MAX_QUESTION = 1024 * 1024
"""Bytes of a question: it carries every change of the hub's key."""
_KINDS = {"/v1/slots": "slot", "/v1/now": "now"}
_AS_IT_IS = "application/octet-stream"


def routes(
    epochs: Epochs,
    admitting: Admitting,
    carrying: Carrying,
    hub_key: HubKey,
    url: str,
    clock: Clock,
    close: Callable[[], Awaitable[None]],
    more: Sequence[Route] = (),
) -> Starlette:
    """The relay that agents reach at `url`, as an ASGI application; `close` is called when it stops.

    `more` are addresses that are no part of the protocol, such as the monitor's.
    """
    own = authority("relay", epochs.operator.hub)
    doors = {path: Door(own, path) for path in (PROPOSALS, EPOCHS)}

    async def carry(request: Request) -> Response:
        """An envelope on its way, by the class that its address says."""
        envelope = await bounded_body(request, admitting.limit)
        answered = await carrying.carry(envelope, _KINDS[request.url.path])
        return Response(answered, media_type=_AS_IT_IS)

    async def propose(request: Request) -> Response:
        """Which keys of the relay stand in the next document."""
        body = await bounded_body(request, _MAX_QUESTION)
        asked = decode(body, ProposeKeys)
        believed = hub_key.after(asked.keys)
        check_body(doors[PROPOSALS].admit(request.headers, believed, clock.now()), body)
        hub_key.believe(asked.keys)
        epochs.demand_next(asked.number)
        operator = epochs.operator
        return answer(ProposedKeys(operator=operator.name, signing_key=operator.key.public, url=url))

    async def sign(request: Request) -> Response:
        """The relay's word under a document."""
        claim = doors[EPOCHS].admit(request.headers, hub_key.present, clock.now())
        body = await bounded_body(request, MAX_BODY)
        check_body(claim, body)
        return answer(epochs.sign(decode(body, SignEpoch)))

    async def health(request: Request) -> Response:
        """Whether an epoch holds now."""
        return answer(Health(ready=epochs.at(clock.now()) is not None, witness="unwitnessed"))

    return Starlette(
        routes=[
            *(Route(path, carry, methods=["POST"]) for path in _KINDS),
            Route(PROPOSALS, propose, methods=["POST"]),
            Route(EPOCHS, sign, methods=["POST"]),
            Route("/v1/health", health, methods=["GET"]),
            *more,
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=_counting(carrying, close),
    )


def _counting(
    carrying: Carrying, close: Callable[[], Awaitable[None]]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Slots are counted while it serves; then it is closed."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """As long as the process serves."""
        counting = asyncio.ensure_future(carrying.run())
        yield
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        await close()

    return lifespan
