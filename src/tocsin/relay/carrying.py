# SPDX-License-Identifier: Apache-2.0
"""What the relay does with envelopes: passes them on unread, and after each slot says how many they were.

Whatever happens behind it, a sender gets an answer of one length with status 200: the gateway's, or random bytes that
open to nothing where there was none in time. On the way to the gateway go no address, no header and no name of the
sender's; requests are signed by the relay, so that nobody else can fill a slot.
"""

import asyncio
import logging
from collections.abc import Mapping

from tocsin.clock import Clock, Instant
from tocsin.errors import TocsinError
from tocsin.halves.asking import COUNTS, GATEWAY
from tocsin.ids import Entropy
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD
from tocsin.proof.signing import Context
from tocsin.relay.admitting import Admitting
from tocsin.web.calling import SignedClient
from tocsin.web.epochs import Epochs, Live
from tocsin.wire.messages import encode
from tocsin.wire.slot import (
    SignedCount,
    closing_after,
    count_bytes,
    reply_bytes,
    result_answer_bytes,
    signing_after,
)

log = logging.getLogger("tocsin.relay")

_PATIENCE_SECONDS = 10.0
"""For one answer of a gateway."""
_MEDIA_TYPE = "message/ohttp-req"
"""RFC 9458 §7.2."""
_LONGEST_TICK_SECONDS = 1.0


class Carrying:
    """The two ways on, ``slot`` to the partner and ``now`` to the hub. Used from one event loop."""

    def __init__(
        self,
        epochs: Epochs,
        admitting: Admitting,
        ways: Mapping[str, SignedClient],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._epochs, self._admitting, self._ways = epochs, admitting, ways
        self._clock, self._entropy = clock, entropy
        self._counted: tuple[int, int] | None = None

    async def carry(self, envelope: bytes, kind: str) -> bytes:
        """The answer for its sender; an error only for one that is not admitted."""
        live, request = self._admitting.admit(envelope, kind)
        size = RESPONSE_OVERHEAD + _answer_bytes(live, kind)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answer = await self._ways[kind].post(GATEWAY, request, _MEDIA_TYPE)
        except (TocsinError, TimeoutError):
            return self._entropy(size)
        return answer if len(answer) == size else self._entropy(size)

    async def run(self) -> None:
        """Count every slot when it is over, for ever."""
        while True:
            tick = _LONGEST_TICK_SECONDS
            try:
                live = self._epochs.near(self._clock.now())
                if live is not None:
                    tick = min(tick, live.document.slot_seconds / 40)
                    await self.count_due(live)
            except (
                Exception
            ):  # one failed round must not end the service: the next one starts from what is known
                log.exception("a slot could not be counted")
            await asyncio.sleep(tick)

    async def count_due(self, live: Live) -> None:
        """Tell the partner the count of the newest slot that is closed, unless it was told or is too late."""
        document, now = live.document, self._clock.now()
        length = document.slot_seconds
        slot = min(document.slot_at(Instant(now - closing_after(length))) - 1, document.slots - 1)
        place = live.number, slot
        if slot < 0 or place == self._counted:
            return
        end = document.slot_begins(slot + 1)
        if now < end + signing_after(length):
            senders = self._admitting.senders(*place)
            context = Context("slot-count", document.realm, document.hub)
            signature = self._epochs.operator.key.sign(context, count_bytes(*place, senders))
            count = SignedCount(epoch=live.number, slot=slot, senders=senders, signature=signature)
            try:
                await self._ways["slot"].post(COUNTS, encode(count))
            except TocsinError as error:
                log.warning("the partner was not told the count of a slot: %s", error.title())
                return
        self._counted = place
        self._admitting.forget(*place)


def _answer_bytes(live: Live, kind: str) -> int:
    if kind == "now":
        return result_answer_bytes()
    return reply_bytes(live.document.members, live.document.results)
