# SPDX-License-Identifier: Apache-2.0
"""Serving a hub that is being restored: readers hand back what the backup lacks, then the hub opens as ever.

1. The partner says what it last co-signed, and proves it. Without one the heads that readers show decide.
2. Readers that connect are told what is lacking. They alarm nobody and keep their shields.
3. What they hand back proves itself (`tocsin.hub.restoring.refill`), the directory first: it says who may ask.
4. The streams are whole when they reach what the partner co-signed; the directory must be. For other streams, and for
   what only readers can know (bodies that not everybody may read; without a partner, how long a stream was), the hub
   waits until every active party has been here, and no longer than `restore_seconds`. It waits for nobody's stream that
   one party alone reads. What is short then is closed: `tocsin.hub.restoring.reopening`.
5. A `restart` entry begins the next epoch, and the hub opens. Entries that no co-signed head covered come again from
   their senders' outboxes.

Reports are refused with `restoring` meanwhile: outboxes keep them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from tocsin.clock import SECOND, Instant
from tocsin.domain.audience import DIRECTORY
from tocsin.domain.party import Standing
from tocsin.errors import AccessError, HubRestoring, StateError, TocsinError, Unknown
from tocsin.follow.verify import Trust
from tocsin.halves.held import ask_held, check_held
from tocsin.halves.witness import WitnessState
from tocsin.hub.commits import Commits
from tocsin.hub.door import head_of, received
from tocsin.hub.epochs import restarts
from tocsin.hub.exchange import Exchange
from tocsin.hub.heads.noting import Partner
from tocsin.hub.intake import Intake
from tocsin.hub.joining import hub_verifier
from tocsin.hub.readable import streams_of, viewer_of
from tocsin.hub.reading.polling import wait_of, whole_answer
from tocsin.hub.restoring.refill import accept, check_head
from tocsin.hub.restoring.steps import (
    Point,
    check_history,
    finish,
    lacking,
    point_of_head,
    point_of_partner,
    short_of,
)
from tocsin.hub.restoring.waiting import Waits, note_waits
from tocsin.hub.streams import blinded
from tocsin.hub.views.directory import all_parties, former_keys, key_changes
from tocsin.storage.store import Store
from tocsin.web.answers import EXCEPTION_HANDLERS, answer, bounded_body
from tocsin.wire.ceremony import MAX_UNKNOWN, Lacking, Refill, Refilled, Restoring
from tocsin.wire.messages import MAX_BODY, Health, decode, encode
from tocsin.wire.sse import HEARTBEAT, MEDIA_TYPE, event

log = logging.getLogger("tocsin.hub")

_ROUND_SECONDS = 1.0
"""How often it is looked whether everything is back, and readers are told what still lacks."""
_STRANGERS = 32
"""Requests of parties unknown to the backup that are read at once. Whose they are cannot be known before the directory
is whole, so what each may hold in memory is little, and all of them are not more than a few signed requests.
"""
_NO_DIRECTORY = "waiting for any agent that holds the newest directory; no time opens the hub without it"

_WHOLE_SECONDS = 1.0
"""A reader that asks for answers that end hears what lacks within this time."""


class Ceremony:
    """One restore of one hub. Used from the event loop only."""

    def __init__(
        self,
        hub: Exchange,
        commits: Commits,
        reader: Store,
        intake: Intake,
        partner: Partner | None,
        patience_seconds: float,
    ) -> None:
        self._hub = hub
        self._commits = commits
        self._reader = reader
        self._intake = intake
        self._partner = partner
        self._patience_seconds = patience_seconds
        key = partner.key if partner else None
        identity = hub.identity
        first = identity.verifier(identity.first_key)
        self._trust = Trust(identity.id, identity.realm, identity.key, key, former_keys=(first,))
        self._held: WitnessState | None = None
        self._nothing_held = False
        self._point: Point | None = None
        self._been_here: set[str] = set()
        """Parties that have handed in all they hold."""
        self._strangers = asyncio.Semaphore(_STRANGERS)
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Until the hub is whole and its log goes on; what stands in the way is logged and tried again."""
        said: Waits | None = None
        waited = 0.0
        opens = Instant(self._hub.clock.now() + round(self._patience_seconds * SECOND))
        while True:
            try:
                await self._ask_partner()
                if (waits := self._waits(waited, opens)) is None:
                    break
            except TocsinError as error:
                waits = Waits(hindrance=str(error))
            if waits != said:
                await self._say(waits)
            said = waits
            await asyncio.sleep(_ROUND_SECONDS)
            waited += _ROUND_SECONDS
        began = await self._commits.run(lambda tx: finish(tx, self._hub, self._point, self._held))
        log.info("restored: epoch %d goes on from head %d", began.epoch, began.log)
        self._over.set()

    async def _ask_partner(self) -> None:
        """(1) What the partner last co-signed; raises while it does not answer."""
        if self._partner is None or self._held is not None or self._nothing_held:
            return
        key = hub_verifier(self._hub)
        with self._reader.reading("own keys") as tx:
            changes, former = key_changes(tx), former_keys(tx, key)
        try:
            answer = await self._partner.held(
                ask_held(key, self._hub.identity.signing_key, self._hub.clock.now(), changes)
            )
        except Unknown:
            self._nothing_held = True
            return
        held = check_held(answer, [key, *former, *self._trust.former_keys], self._partner.key)
        with self._reader.reading("check backup") as tx:
            check_history(tx, held)
        self._held, self._point = held, point_of_partner(held)

    def _waits(self, waited: float, opens: Instant) -> Waits | None:
        """(4) What is waited for; None when everything is back, or as much as waiting can bring."""
        with self._reader.reading("what is lacking") as tx:
            short = short_of(tx, self._held) if self._held else []
            bodies = any(one.bodies for one in lacking(tx))
            active = [one for one in all_parties(tx) if one.standing is Standing.ACTIVE]
        if DIRECTORY in short:
            return Waits(hindrance=_NO_DIRECTORY)
        known = self._held is not None or self._nothing_held
        if known and not bodies and all(name.startswith("party:") for name in short):
            return None
        away = tuple(sorted(one.name for one in active if one.id not in self._been_here))
        return Waits(away, opens) if away and waited < self._patience_seconds else None

    async def _say(self, waits: Waits) -> None:
        """To whoever reads the log, and to `tocsin hub status`."""
        log.log(logging.WARNING if waits.hindrance else logging.INFO, "%s", waits.sentence())
        with suppress(TocsinError):  # a full disk, say: the log has it
            await self._commits.run(lambda tx: note_waits(tx, waits), quiet=True)

    def application(self) -> Starlette:
        """What is served meanwhile."""
        return Starlette(
            routes=[
                Route("/v1/stream", self._stream, methods=["GET"]),
                Route("/v1/refills", self._refill, methods=["POST"]),
                Route("/v1/health", self._health, methods=["GET"]),
                Route("/{rest:path}", self._later, methods=["GET", "POST"]),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
        )

    async def _stream(self, request: Request) -> Response:
        try:
            party = await self._intake.admit(await received(request, self._intake, 0))
        except AccessError:
            # The party may have joined, or changed its key, after the backup: the directory will say so.
            offers = self._offers("", frozenset({DIRECTORY}))
        else:
            offers = self._offers(party.id, self._readable(party.id))
        if wait_of(request.query_params.get("wait", "")):
            offers = whole_answer(offers, None, _WHOLE_SECONDS)
        return StreamingResponse(
            offers,
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def _readable(self, party: str) -> frozenset[str]:
        if self._over.is_set():  # it opened while this one was being admitted: it comes back
            return frozenset()
        with self._reader.reading("who reads") as tx:
            viewer = viewer_of(tx, party)
        return streams_of(viewer, self._hub.clock.now()) if viewer else frozenset({DIRECTORY})

    async def _offers(self, party: str, names: frozenset[str]) -> AsyncIterator[bytes]:
        """(2) What lacks, again whenever that changed; ends when the ceremony does, and the reader comes back.

        For a stranger it ends with the first change: the directory may know it now.
        """
        told: tuple[Lacking, ...] | None = None
        while not self._over.is_set():
            with self._reader.reading("what is lacking") as tx:
                now, epoch = lacking(tx, names), len(restarts(tx)) + 1
            if now != told:
                if told is not None and not party:
                    return
                hub = self._hub.identity.id
                yield event(encode(Restoring(hub=hub, epoch=epoch, party=party, streams=now)))
                told = now
            else:
                yield HEARTBEAT
            with suppress(TimeoutError):
                async with asyncio.timeout(_ROUND_SECONDS):
                    await self._over.wait()

    async def _refill(self, request: Request) -> Response:
        """(3) Anybody may bring the directory: it proves itself, and only it says who else may bring what."""
        party = ""
        try:
            self._intake.authenticate(head_of(request))
        except AccessError:
            async with self._strangers:
                refill = decode(await bounded_body(request, MAX_UNKNOWN), Refill)
            if refill.head.stream != DIRECTORY:
                raise HubRestoring("It does not know you yet: hand in the directory first.") from None
        else:
            signed = await received(request, self._intake, MAX_BODY)
            party = (await self._intake.admit(signed)).id
            if self._over.is_set():
                raise HubRestoring("It has just opened.")
            refill = decode(signed.body, Refill)
        size = await self._take(refill)
        if party and refill.head.stream == DIRECTORY and not refill.entries:
            self._been_here.add(party)
        return answer(Refilled(stream=refill.head.stream, size=size))

    async def _take(self, refill: Refill) -> int:
        with self._reader.reading("check head") as tx:
            checkpoint, key = check_head(tx, self._trust, refill.head), blinded(tx, refill.head.stream)
        if self._held is not None and checkpoint.size > self._held.log.size:
            raise StateError(
                "The partner has co-signed more than it says it holds: restore the partner first."
            )
        size = await self._commits.run(lambda tx: accept(tx, self._trust, refill), quiet=True)
        if self._partner is None and checkpoint.size > (self._point.log.size if self._point else 0):
            self._point = point_of_head(refill.head, key, checkpoint.size)
        return size

    def end(self) -> None:
        """The process stops: end the open streams."""
        self._over.set()

    async def _health(self, request: Request) -> Response:
        return answer(Health(ready=False, witness="restoring"))

    async def _later(self, request: Request) -> Response:
        raise HubRestoring("")


class Reopened(msgspec.Struct, frozen=True):
    """The hub as it is served every day."""

    application: Starlette
    end_connections: Callable[[], None]


class Restart:
    """One application that first serves the ceremony and then, without a new start, the hub."""

    def __init__(
        self, ceremony: Ceremony, close: Callable[[], Awaitable[None]], reopen: Callable[[], Reopened]
    ) -> None:
        """`close` lets go of what the ceremony was given; `reopen` makes the hub as it is served every day."""
        self._opened: Callable[[], None] = lambda: None
        self._ceremony = ceremony
        self._close = close
        self._reopen = reopen
        self._current = ceremony.application()
        self._end_connections = ceremony.end
        self._open = False
        self._serving = asyncio.Event()
        self._serving.set()

    def application(self) -> Starlette:
        """To be served from the beginning to the end."""
        return Starlette(routes=[Mount("/", app=self._forward)], lifespan=self._lifespan)

    def when_opened(self, call: Callable[[], None]) -> None:
        """Call back, in the event loop, when the hub takes what it is sent; at once if it does already."""
        self._opened = call
        if self._open and self._serving.is_set():
            call()

    def end_connections(self) -> None:
        """The process stops, in the event loop: end the open streams of whatever is served now."""
        self._end_connections()

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serving.wait()  # for the moment in which one gives way to the other
        await self._current(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            task = asyncio.create_task(self._run(stack))
            yield
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not self._open:
                await self._close()

    async def _run(self, stack: AsyncExitStack) -> None:
        try:
            await self._ceremony.run()
            self._open = True
            self._serving.clear()
            await self._close()
            hub = self._reopen()
            app = hub.application
            await stack.enter_async_context(app.router.lifespan_context(app))
            self._current, self._end_connections = app, hub.end_connections
            self._serving.set()
            self._opened()
        except Exception:  # nobody waits for this task: its failure must at least be read
            log.exception("the hub could not be opened after its restore")
