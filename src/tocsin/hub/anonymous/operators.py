# SPDX-License-Identifier: Apache-2.0
"""The hub's ways to relay and partner on the anonymous path: requests signed by the hub, answers bounded."""

from collections.abc import AsyncIterator

import httpx
import msgspec

from tocsin.errors import InputError, RemoteError, Unauthenticated
from tocsin.halves.asking import EPOCHS, PROPOSALS, RESULTS, SLOTS, authority
from tocsin.hub.exchange import Exchange
from tocsin.web.calling import SignedClient, get
from tocsin.wire.epoch import EpochSigned, ProposedKeys, ProposeKeys, SignEpoch
from tocsin.wire.messages import Health, M, Message, decode, encode
from tocsin.wire.slot import CollectSlot, ResultsTaken, SlotResults

PATIENCE_SECONDS = 30.0
"""For an answer; a slot of 5,000 members has 90 MB, and each part of it has that long."""


class Operator:
    """One of the two."""

    def __init__(self, hub: Exchange, http: httpx.AsyncClient, url: str, place: str) -> None:
        self._http, self._url = http, url
        identity = hub.identity
        own = authority(place, identity.id)
        self._way = SignedClient(
            http, url, identity.key.name, identity.signing_key, hub.clock, hub.entropy, own
        )

    async def propose(self, number: int, keys: tuple[bytes, ...]) -> ProposedKeys:
        """What of its stands in the document of that number. `keys`: the changes of the hub's own."""
        return await self._ask(PROPOSALS, ProposeKeys(number=number, keys=keys), ProposedKeys)

    async def sign(self, document: bytes, roster: bytes, number: int, keys: tuple[bytes, ...]) -> bytes:
        """Its signature under a document. One that knows an older key of the hub is told the newer ones first."""
        asked = SignEpoch(document=document, roster=roster)
        try:
            return (await self._ask(EPOCHS, asked, EpochSigned)).signature
        except Unauthenticated:
            await self.propose(number, keys)
            return (await self._ask(EPOCHS, asked, EpochSigned)).signature

    async def knows_present(self) -> bool:
        """Whether it has an epoch for this moment: one that lost its store has none until it is asked to sign again."""
        return decode(await get(self._http, f"{self._url.rstrip('/')}/v1/health"), Health).ready

    async def _ask(self, path: str, message: Message, kind: type[M]) -> M:
        data = await self._way.post(path, encode(message))
        try:
            return decode(data, kind)
        except InputError as error:
            raise RemoteError(f"The answer cannot be read: {error.detail}") from None


class MixOperator(Operator):
    """The partner, which has the blobs too."""

    async def collect(self, epoch: int, slot: int, size: int, most: int) -> AsyncIterator[list[bytes]]:
        """The blobs of a slot as they come, each of `size` bytes, at most `most` of them.

        RemoteError for anything else, Unknown when they are lost.
        """
        waiting, left = bytearray(), most
        async with self._way.stream_of(SLOTS, encode(CollectSlot(epoch=epoch, slot=slot))) as parts:
            async for part in parts:
                waiting += part
                whole = len(waiting) // size
                left -= whole
                if left < 0:
                    raise RemoteError(f"The partner gives more than {most} blobs.")
                yield [bytes(waiting[at : at + size]) for at in range(0, whole * size, size)]
                del waiting[: whole * size]
        if waiting:
            raise RemoteError("The partner broke off in a blob.")

    async def give(self, results: SlotResults) -> bool:
        """Give back what came of a slot; whether it was in time for the record."""
        return (await self._ask(RESULTS, results, ResultsTaken)).in_time


class Operators(msgspec.Struct, frozen=True):
    """Both."""

    relay: Operator
    partner: MixOperator
    http: httpx.AsyncClient
    """Which both share, and whoever stops the hub closes."""
