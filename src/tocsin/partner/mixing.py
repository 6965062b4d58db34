# SPDX-License-Identifier: Apache-2.0
"""The partner's addresses of the anonymous path: who may ask → `Mix` or `Epochs` → bytes.

Nothing of a single request is logged or counted here, whatever the level.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tocsin.clock import Clock
from tocsin.errors import Unknown
from tocsin.halves.asking import COUNTS, EPOCHS, GATEWAY, PROPOSALS, RESULTS, SLOTS, Door, authority
from tocsin.partner.gateways import Gateways
from tocsin.partner.mix import Mix
from tocsin.proof.httpsig import check_body
from tocsin.proof.note import VerifierKey
from tocsin.web.answers import answer, bounded_body
from tocsin.web.epochs import Epochs
from tocsin.wire.envelope import request_bytes
from tocsin.wire.epoch import ProposedKeys, ProposeKeys, SignEpoch
from tocsin.wire.messages import MAX_BODY, decode
from tocsin.wire.slot import CollectSlot, SignedCount, SlotResults

_SMALL = 64 * 1024
_AT_ONCE = 32
"""Blobs in one part of an answer."""
_AS_IT_IS = "application/octet-stream"


def mixing_routes(
    mix: Mix, epochs: Epochs, gateways: Gateways, hub_key: Callable[[], VerifierKey], clock: Clock
) -> list[Route]:
    """Every address; `hub_key` gives the key that the hub signs with now."""
    own = authority("partner", epochs.operator.hub)
    doors = {path: Door(own, path) for path in (PROPOSALS, EPOCHS, GATEWAY, SLOTS, RESULTS)}

    async def from_hub(request: Request, limit: int) -> bytes:
        """The body of a request that the hub has signed."""
        claim = doors[request.url.path].admit(request.headers, hub_key(), clock.now())
        body = await bounded_body(request, limit)
        check_body(claim, body)
        return body

    async def propose(request: Request) -> Response:
        """Which keys of the partner stand in the next document."""
        asked = decode(await from_hub(request, MAX_BODY), ProposeKeys)
        epochs.demand_next(asked.number)
        operator = epochs.operator
        gateway = gateways.config(asked.number)
        return answer(ProposedKeys(operator=operator.name, signing_key=operator.key.public, gateway=gateway))

    async def sign(request: Request) -> Response:
        """The partner's word under a document."""
        return answer(epochs.sign(decode(await from_hub(request, MAX_BODY), SignEpoch)))

    async def collect(request: Request) -> Response:
        """The blobs of a closed slot, for the hub."""
        blobs = mix.collect(decode(await from_hub(request, _SMALL), CollectSlot))
        return StreamingResponse(_in_parts(blobs), media_type=_AS_IT_IS)

    async def results(request: Request) -> Response:
        """What came of them, from the hub."""
        return answer(mix.results(decode(await from_hub(request, _SMALL), SlotResults)))

    async def take(request: Request) -> Response:
        """An envelope, from the relay."""
        live = epochs.near(clock.now())
        if live is None:
            raise Unknown("No epoch has begun.")
        # Twice the same does no harm: a blob is kept once.
        claim = doors[GATEWAY].recognise(request.headers, live.document.relay_key, clock.now())
        body = await bounded_body(request, request_bytes(live.document.blob_bytes))
        check_body(claim, body)
        return Response(mix.take(body), media_type=_AS_IT_IS)

    async def count(request: Request) -> Response:
        """The relay's count of a slot."""
        mix.count(decode(await bounded_body(request, _SMALL), SignedCount))
        return Response(b"")

    handlers = {
        PROPOSALS: propose,
        EPOCHS: sign,
        GATEWAY: take,
        COUNTS: count,
        SLOTS: collect,
        RESULTS: results,
    }
    return [Route(path, handler, methods=["POST"]) for path, handler in handlers.items()]


async def _in_parts(blobs: Sequence[bytes]) -> AsyncIterator[bytes]:
    for at in range(0, len(blobs), _AT_ONCE):
        yield b"".join(blobs[at : at + _AT_ONCE])
