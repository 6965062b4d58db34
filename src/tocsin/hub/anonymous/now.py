# SPDX-License-Identifier: Apache-2.0
"""Class ``now``: an envelope is taken in at once. Members and hub do not learn whose it is; the relay may tell.

The answer is one sealed result and has one length. Where nobody can be told, it is random bytes.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tocsin.clock import Instant
from tocsin.errors import InputError, Unknown
from tocsin.halves.asking import GATEWAY, Door, authority
from tocsin.hub.anonymous.epochs import Live, LiveEpochs
from tocsin.hub.anonymous.judging import NOW as CLASS
from tocsin.hub.anonymous.judging import Judged, judge
from tocsin.hub.anonymous.taking import take
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.views.anonymous import epochs
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD
from tocsin.proof.httpsig import SignatureClaim
from tocsin.storage.store import Store, Transaction
from tocsin.wire.envelope import NOW, SEALED_RESULT_BYTES, read_inner, request_bytes
from tocsin.wire.slot import result_answer_bytes, result_reply


class NowGateway:
    """The hub's gateway. Used from one event loop."""

    def __init__(self, hub: Exchange, live: LiveEpochs, commits: Commits, reader: Store) -> None:
        self._hub, self._live, self._commits, self._reader = hub, live, commits, reader
        self._door = Door(authority("hub", hub.identity.id), GATEWAY)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hub-now")

    def present(self) -> Live:
        """The epoch that it is; Unknown between two."""
        with self._reader.reading("epochs") as tx:
            live = self._live.at(epochs(tx), self._hub.clock.now())
        if live is None:
            raise Unknown("No epoch of the anonymous path holds now.")
        return live

    def admit(self, headers: Mapping[str, str], live: Live) -> tuple[SignatureClaim, int]:
        """What the relay has signed, and how long its body is; an AccessError for anybody else.

        The same twice does no harm: a token is spent once.
        """
        claim = self._door.recognise(headers, live.document.relay_key, self._hub.clock.now())
        return claim, request_bytes(live.document.blob_bytes)

    async def take(self, encapsulated: bytes, live: Live) -> bytes:
        """Take in what is in it, if anything is; the answer is of the same length in any case."""
        try:
            message, answering = live.keys.gateway.open_request(encapsulated)
        except InputError:
            return self._hub.entropy(result_answer_bytes() + RESPONSE_OVERHEAD)
        sealed = await self._taken(live, message)
        return answering.seal_response(result_reply(sealed), self._hub.entropy)

    async def _taken(self, live: Live, message: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        judged = await loop.run_in_executor(self._thread, self._judged, live, message)
        if not judged:
            return self._hub.entropy(SEALED_RESULT_BYTES)
        now = self._hub.clock.now()

        def work(tx: Transaction) -> list[bytes]:
            """Take it in; its sealed result."""
            return take(tx, self._hub, live.document.number, judged, now)

        (sealed,) = await self._commits.run(work)
        return sealed

    def close(self) -> None:
        """Open nothing more."""
        self._thread.shutdown(cancel_futures=True)

    def _judged(self, live: Live, message: bytes) -> list[Judged]:
        """The one report in it; none in cover and in what is not for now."""
        try:
            epoch, slot, blob = read_inner(message, NOW)
        except InputError:
            return []
        if epoch != live.document.number or slot != live.document.slot_at(Instant(self._hub.clock.now())):
            return []
        return judge(self._hub, live, [blob], CLASS)
