# SPDX-License-Identifier: Apache-2.0
"""The anonymous path of a hub, put together: its addresses, and the loop that keeps epochs and slots going.

Nothing of a single request is logged or counted here, whatever the level.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.config.anonymous import AnonymousPath as Settings
from tocsin.errors import TocsinError
from tocsin.files import NumberedSecrets
from tocsin.halves.asking import GATEWAY
from tocsin.hub.anonymous.documents import Documents
from tocsin.hub.anonymous.epochs import LiveEpochs
from tocsin.hub.anonymous.issuing import Issuing
from tocsin.hub.anonymous.now import NowGateway
from tocsin.hub.anonymous.operators import Operators
from tocsin.hub.anonymous.slots import Slots
from tocsin.hub.commits import Commits
from tocsin.hub.door import received
from tocsin.hub.exchange import Exchange
from tocsin.hub.intake import Intake
from tocsin.hub.views.anonymous import epochs
from tocsin.proof.httpsig import check_body
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Store, Transaction
from tocsin.web.answers import answer, bounded_body

log = logging.getLogger("tocsin.hub")

_LONGEST_TICK_SECONDS = 1.0
_MAX_ASKING = 1024 * 1024
"""Bytes of a request for a thousand tokens, of which as many more are opened, with room."""
_LATE = 2
"""Epochs after which private keys are deleted and spent tokens forgotten; whether the later ones came or not."""


class Means(msgspec.Struct, frozen=True):
    """What the path needs beside what every hub has."""

    settings: Settings
    partner_key: VerifierKey
    operators: Operators
    secrets: NumberedSecrets


class AnonymousPath:
    """All parts of one hub process. Used from one event loop."""

    def __init__(self, hub: Exchange, means: Means, intake: Intake, commits: Commits, reader: Store) -> None:
        self._hub, self._intake, self._commits, self._reader = hub, intake, commits, reader
        self._settings, self._operators = means.settings, means.operators
        self._live = LiveEpochs(means.secrets, hub.entropy)
        self._documents = Documents(
            hub, means.settings, means.partner_key, means.operators, means.secrets, commits, reader
        )
        self._issuing = Issuing(hub, self._live, intake, commits, reader)
        self._slots = Slots(hub, self._live, means.operators.partner, commits, reader)
        self._gateway = NowGateway(hub, self._live, commits, reader)
        self._said: dict[str, str] = {}

    def routes(self) -> list[Route]:
        """The path's addresses at the hub."""
        return [
            Route("/v1/tokens", self._issue, methods=["POST"]),
            Route("/v1/tokens/opened", self._open, methods=["POST"]),
            Route(GATEWAY, self._now, methods=["POST"]),
        ]

    async def run(self) -> None:
        """Keep epochs and slots going, for ever."""
        tick = min(_LONGEST_TICK_SECONDS, self._settings.slot_seconds / 40)
        while True:
            await self.look()
            await asyncio.sleep(tick)

    async def look(self) -> None:
        """Do what is due now. What fails is said once, and tried again."""
        if await self._try("all work", self._demand_keys):
            await self._try("the next epoch's document", self._documents.look)
            await self._try("a slot", self._slots.look)
            await self._try("what is over", self._forget)

    async def _demand_keys(self) -> None:
        with self._reader.reading("epochs") as tx:
            rows = epochs(tx)
        self._live.demand_keys(rows, self._hub.clock.now())

    async def _try(self, what: str, work: Callable[[], Awaitable[None]]) -> bool:
        try:
            await work()
            said = ""
        except TocsinError as error:
            said = str(error)
        except Exception:  # one failed round must not end the service: the next one starts from the store
            log.exception("%s of the anonymous path could not be done", what)
            return False
        if said and said != self._said.get(what):
            log.warning("%s of the anonymous path waits: %s", what, said)
        self._said[what] = said
        return not said

    async def _forget(self) -> None:
        """Delete what belongs to epochs that are long over."""
        now = self._hub.clock.now()
        with self._reader.reading("epochs") as tx:
            rows = epochs(tx)
        begun = [row.number for row in rows if row.read.begins <= now]
        over = [row.number for row in rows if row.read.ends + (row.read.ends - row.read.begins) <= now]
        below = max(max(begun, default=0) - _LATE, max(over, default=0)) + 1
        if below <= 1 or below == self._forgotten:
            return
        self._live.drop_below(below)

        def work(tx: Transaction) -> None:
            """Forget which tokens of old epochs were spent, and who was given any."""
            tx.run("forget_spent", {"below": below})
            tx.run("forget_issued", {"below": below})

        await self._commits.run(work, quiet=True)
        self._forgotten = below

    _forgotten = 0

    async def _issue(self, request: Request) -> Response:
        return answer(await self._issuing.issue(await received(request, self._intake, _MAX_ASKING)))

    async def _open(self, request: Request) -> Response:
        return answer(await self._issuing.open(await received(request, self._intake, _MAX_ASKING)))

    async def _now(self, request: Request) -> Response:
        live = self._gateway.present()
        claim, limit = self._gateway.admit(request.headers, live)
        body = await bounded_body(request, limit)
        check_body(claim, body)
        return Response(await self._gateway.take(body, live), media_type="message/ohttp-res")

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._issuing.close()
        self._slots.close()
        self._gateway.close()
        await self._operators.http.aclose()
