# SPDX-License-Identifier: Apache-2.0
"""The hub's addresses: decode → authorise → one verb → encode. What they take and give is in /openapi.json."""

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

from tocsin.errors import Malformed
from tocsin.hub.door import claim_of, head_of, received
from tocsin.hub.embargo import heeding
from tocsin.hub.exchange import Exchange, Sender
from tocsin.hub.heads.proving import prove_extension
from tocsin.hub.intake import Check, Intake, M, Verb
from tocsin.hub.joining import Joining
from tocsin.hub.reading.feed import Feed
from tocsin.hub.reading.following import Following
from tocsin.hub.reading.polling import LONGEST_WAIT_SECONDS, wait_of, whole_answer
from tocsin.hub.restoring.reopening import Reopening
from tocsin.hub.verbs import acknowledge, claim, erase, keys, report, sight, standing, warn
from tocsin.proof.httpsig import check_body
from tocsin.storage.store import Store
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, bounded_body, streaming
from tocsin.web.openapi import Operation, Parameter, openapi
from tocsin.web.pipe import pipe_of
from tocsin.wire.answering import Acknowledge
from tocsin.wire.ceremony import Claim, Claimed, Refill, Refilled
from tocsin.wire.edges import AdmitEdge, Chart, EdgeAdmitted, Replicate
from tocsin.wire.messages import (
    MAX_BODY,
    Consistency,
    Enrol,
    Enrolled,
    Entry,
    Erase,
    Health,
    Report,
    Sight,
    SignedReceipt,
    Warn,
    decode,
)
from tocsin.wire.parties import Accept, Recover, Rotate
from tocsin.wire.sse import MEDIA_TYPE

MAX_SIZE = 9_999_999_999
"""Heads of a log; a size has at most ten digits."""

OPERATIONS = (
    Operation("POST", "/v1/enrolments", "Join with a one-time code.", Enrol, Enrolled, signed=False),
    Operation(
        "POST", "/v1/recoveries", "Replace lost keys by the recovery key.", Recover, Enrolled, signed=False
    ),
    Operation(
        "POST", "/v1/edges", "Become an edge with a one-time code.", AdmitEdge, EdgeAdmitted, signed=False
    ),
    Operation("POST", "/v1/replica", "Follow everything, as an edge.", Replicate, Chart, MEDIA_TYPE),
    Operation("POST", "/v1/reports", "Report an attack.", Report, SignedReceipt),
    Operation("POST", "/v1/sightings", "Confirm an observable.", Sight, SignedReceipt),
    Operation("POST", "/v1/warnings", "Warn, as an agency or the desk.", Warn, SignedReceipt),
    Operation("POST", "/v1/acknowledgements", "Answer a warning.", Acknowledge, SignedReceipt),
    Operation("POST", "/v1/rotations", "Replace one's own keys.", Rotate, SignedReceipt),
    Operation("POST", "/v1/agreements", "Accept the alliance's agreement.", Accept, SignedReceipt),
    Operation("POST", "/v1/erasures", "Take back everything about one fact.", Erase, SignedReceipt),
    Operation("POST", "/v1/refills", "Hand back entries of a stream that is not whole.", Refill, Refilled),
    Operation("POST", "/v1/claims", "Show receipts to a hub that was restored.", Claim, Claimed),
    Operation(
        "GET",
        "/v1/stream",
        "Follow every stream you may read.",
        None,
        Entry,
        MEDIA_TYPE,
        query=(
            Parameter("wait", "End with what is new, or after so many seconds.", 1, LONGEST_WAIT_SECONDS),
        ),
    ),
    Operation(
        "GET",
        "/v1/consistency",
        "Prove that the head log only grew.",
        None,
        Consistency,
        query=tuple(
            Parameter(name, sentence, 1, MAX_SIZE, required=True)
            for name, sentence in (("old", "Size of the shorter log."), ("new", "Size of the longer."))
        ),
    ),
    Operation("GET", "/v1/health", "Whether the hub is ready.", None, Health, signed=False),
)
_SMALL = 16 * 1024
"""Bytes of a request that needs no disclosure."""


class Routes:
    """The hub as an ASGI application."""

    def __init__(
        self,
        intake: Intake,
        joining: Joining,
        following: Following,
        feed: Feed,
        reopening: Reopening,
        reader: Store,
    ) -> None:
        self._intake = intake
        self._joining = joining
        self._following = following
        self._feed = feed
        self._reopening = reopening
        self._reader = reader
        self.more: Sequence[Route] = ()
        """Addresses that are no part of the protocol, such as the monitor's."""
        self._openapi = openapi("Tocsin hub", OPERATIONS)

    def application(self, lifespan: Lifespan[Starlette]) -> Starlette:
        """Every address of this hub, each error a problem document."""
        return Starlette(
            lifespan=lifespan,
            routes=[
                Route("/v1/enrolments", self._enrol, methods=["POST"]),
                Route("/v1/recoveries", self._recover, methods=["POST"]),
                Route("/v1/edges", self._admit_edge, methods=["POST"]),
                Route("/v1/replica", self._replica, methods=["POST"]),
                Route("/v1/reports", self._report, methods=["POST"]),
                Route("/v1/sightings", self._sight, methods=["POST"]),
                Route("/v1/warnings", self._warn, methods=["POST"]),
                Route("/v1/acknowledgements", self._acknowledge, methods=["POST"]),
                Route("/v1/rotations", self._rotate, methods=["POST"]),
                Route("/v1/agreements", self._accept, methods=["POST"]),
                Route("/v1/erasures", self._erase, methods=["POST"]),
                Route("/v1/refills", self._refill, methods=["POST"]),
                Route("/v1/claims", self._claim, methods=["POST"]),
                Route("/v1/stream", self._stream, methods=["GET"]),
                Route("/v1/consistency", self._consistency, methods=["GET"]),
                Route("/v1/health", self._health, methods=["GET"]),
                Route("/openapi.json", self._describe, methods=["GET"]),
                *self.more,
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )

    async def _enrol(self, request: Request) -> Response:
        return answer(await self._joining.redeem(decode(await bounded_body(request, _SMALL), Enrol)))

    async def _recover(self, request: Request) -> Response:
        return answer(await self._joining.recover(decode(await bounded_body(request, _SMALL), Recover)))

    async def _admit_edge(self, request: Request) -> Response:
        return answer(await self._joining.admit_edge(decode(await bounded_body(request, _SMALL), AdmitEdge)))

    async def _replica(self, request: Request) -> Response:
        head = head_of(request)
        claim = claim_of(head)
        edge = self._feed.authenticate(head, claim)
        body = await bounded_body(request, MAX_BODY)
        check_body(claim, body)
        await self._intake.spend(claim)
        return streaming(self._feed.follow(edge, decode(body, Replicate)))

    async def _rotate(self, request: Request) -> Response:
        return await self._tell(request, Rotate, keys.accept, _SMALL)

    async def _accept(self, request: Request) -> Response:
        return await self._tell(request, Accept, standing.accept, _SMALL)

    async def _report(self, request: Request) -> Response:
        return await self._weigh(request, Report, _report, MAX_BODY)

    async def _sight(self, request: Request) -> Response:
        return await self._weigh(request, Sight, _sight, _SMALL)

    async def _warn(self, request: Request) -> Response:
        return await self._weigh(request, Warn, _warn, MAX_BODY)

    async def _acknowledge(self, request: Request) -> Response:
        return await self._tell(request, Acknowledge, acknowledge.accept, _SMALL)

    async def _erase(self, request: Request) -> Response:
        asked = await received(request, self._intake, _SMALL)
        return answer(await self._intake.accept(asked, Erase, erase.accept, erases=True))

    async def _tell(self, request: Request, kind: type[M], verb: Verb[M], limit: int) -> Response:
        return answer(await self._intake.accept(await received(request, self._intake, limit), kind, verb))

    async def _refill(self, request: Request) -> Response:
        asked = await received(request, self._intake, MAX_BODY)
        await self._intake.admit(asked)
        return answer(await self._reopening.take(decode(asked.body, Refill)))

    async def _weigh(self, request: Request, kind: type[M], check: Check[M], limit: int) -> Response:
        asked = await received(request, self._intake, limit)
        return answer(await self._intake.accept_checked(asked, kind, check))

    async def _claim(self, request: Request) -> Response:
        asked = await received(request, self._intake, MAX_BODY)
        return answer(await self._intake.ask(asked, Claim, claim.accept))

    async def _stream(self, request: Request) -> Response:
        party = await self._intake.admit(await received(request, self._intake, 0))
        cursor = request.headers.get("last-event-id")
        wait = wait_of(request.query_params.get("wait", ""))
        chunks = self._following.follow(party, cursor, None if wait else pipe_of(request))
        return streaming(whole_answer(chunks, cursor, wait) if wait else chunks)

    async def _consistency(self, request: Request) -> Response:
        await self._intake.admit(await received(request, self._intake, 0))
        old, new = (_size(request.query_params.get(name, "")) for name in ("old", "new"))
        with self._reader.reading("prove extension") as tx:
            return answer(prove_extension(tx, old, new))

    async def _health(self, request: Request) -> Response:
        return answer(self._following.health())

    async def _describe(self, request: Request) -> Response:
        return Response(self._openapi, media_type="application/json")


def _report(hub: Exchange, sender: Sender, message: Report) -> Verb[Report]:
    return heeding(partial(report.accept, checked=report.check(hub, sender, message)))


def _warn(hub: Exchange, sender: Sender, message: Warn) -> Verb[Warn]:
    return heeding(partial(warn.accept, checked=warn.check(hub, sender, message)))


def _sight(hub: Exchange, sender: Sender, message: Sight) -> Verb[Sight]:
    return partial(sight.accept, checked=sight.check(hub, sender, message))


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Malformed("old and new are sizes of the head log, in digits.")
    return int(text)
