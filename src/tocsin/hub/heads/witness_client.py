# SPDX-License-Identifier: Apache-2.0
"""The hub's way to its partner: one request per wave, answered in time or not at all."""

import asyncio
from contextlib import suppress

import httpx

from tocsin.errors import InputError, RemoteError, Unauthenticated, Unknown, Unreachable
from tocsin.halves.asking import PATH, sign_asking
from tocsin.halves.held import ask_held
from tocsin.halves.witness import Proposal
from tocsin.hub.exchange import Exchange, HubIdentity
from tocsin.proof.httpsig import NONCE_SIZE
from tocsin.proof.note import MAX_NOTE, VerifierKey
from tocsin.wire.ceremony import AskHeld, Held
from tocsin.wire.messages import MAX_BODY, M, decode, encode
from tocsin.wire.problem import to_error
from tocsin.wire.witnessing import Cosigned, Witness

_HELD_SECONDS = 60.0
"""For everything that a partner holds; a hub that is being restored waits for it and nobody for the hub."""
_CHANGES_A_SECOND = 1_000
"""A partner that was away has as many streams to check as moved meanwhile; a slow one checks so many."""
_MAX_ANSWER = 4 * MAX_NOTE
"""Bytes of an answer: a note, or a problem document."""


class HttpPartner:
    """A partner that serves `tocsin partner serve`."""

    def __init__(
        self,
        url: str,
        key: VerifierKey,
        seconds: float,
        hub: Exchange,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is another way there than the network."""
        self.key = key
        self._hub = hub
        self._key_told = False
        self._seconds = seconds
        self._url = url.rstrip("/")
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=_HELD_SECONDS,
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )

    async def witness(self, proposal: Proposal) -> str:
        """The note with its cosignature; RemoteError when it is not known what the partner did."""
        message = Witness(
            held=proposal.held,
            log=proposal.log,
            log_path=proposal.log_path,
            changes=proposal.changes,
            note=proposal.note,
            keys=proposal.keys,
        )
        if proposal.keys and not self._key_told:
            await self._tell_key(proposal.keys)
        body, key, now = encode(message), self._identity.signing_key, self._hub.clock.now()
        nonce = self._hub.entropy(NONCE_SIZE)
        headers = sign_asking(body, self._identity.key, key, self.key.name, now, nonce)
        seconds = self._seconds + len(proposal.changes) / _CHANGES_A_SECOND
        try:
            return (await self._ask(PATH, body, Cosigned, _MAX_ANSWER, seconds, headers)).note
        except Unauthenticated:  # it came back from a backup, say
            self._key_told = False
            raise

    async def _tell_key(self, changes: tuple[bytes, ...]) -> None:
        """The partner reads nothing long under a key that it has not heard of; the small question tells it."""
        now = self._hub.clock.now()
        with suppress(Unknown):
            await self.held(ask_held(self._identity.key, self._identity.signing_key, now, changes))
        self._key_told = True

    async def held(self, ask: AskHeld) -> Held:
        """Everything that its newest cosignature stands for; Unknown when it has signed nothing yet."""
        return await self._ask("/v1/held", encode(ask), Held, MAX_BODY, _HELD_SECONDS, {})

    @property
    def _identity(self) -> HubIdentity:
        return self._hub.identity

    async def _ask(
        self, path: str, body: bytes, kind: type[M], limit: int, seconds: float, headers: dict[str, str]
    ) -> M:
        data = bytearray()
        try:
            # Over the whole exchange: httpx's own deadlines begin anew with every byte that comes.
            async with (
                asyncio.timeout(seconds),
                self._http.stream("POST", self._url + path, content=body, headers=headers) as answer,
            ):
                async for part in answer.aiter_raw():
                    data += part
                    if len(data) > limit:
                        raise RemoteError(f"The partner's answer has more than {limit} bytes.")
        except TimeoutError:
            raise Unreachable(f"The partner at {self._url} did not answer within {seconds:g} s.") from None
        except httpx.RequestError as error:
            raise Unreachable(f"The partner at {self._url}: {str(error) or type(error).__name__}.") from None
        if answer.status_code != 200:
            raise to_error(bytes(data), answer.status_code)
        try:
            return decode(bytes(data), kind)
        except InputError as error:
            raise RemoteError(f"The partner's answer cannot be read: {error.detail}") from None

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()
