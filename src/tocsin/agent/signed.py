# SPDX-License-Identifier: Apache-2.0
"""The named way to the hub: every request signed with this party's key (RFC 9421). Outbound HTTPS only.

The anonymous way is another client altogether; an import contract keeps the two apart.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tocsin.agent.vault import Membership
from tocsin.clock import Clock
from tocsin.config import AgentConfig
from tocsin.errors import ConfigError, RemoteError, Unreachable
from tocsin.ids import Entropy
from tocsin.proof.httpsig import NONCE_SIZE, authority_of, sign_request
from tocsin.proof.signing import SigningKey
from tocsin.wire.problem import to_error

MAX_ANSWER = 1024 * 1024
"""Bytes of an answer to one message: receipts of 1,000 objects are about 200 kB."""
_CONNECT_SECONDS = 10.0
STREAM_SECONDS = 45.0
"""Three missed heartbeats: the stream is taken for dead."""
COMMAND_SECONDS = 15.0
"""How long a command that a person looks at waits for an answer."""


def http_client(config: AgentConfig, read_seconds: float = STREAM_SECONDS) -> httpx.AsyncClient:
    """A client that goes out as the configuration says: through its proxy, trusting its authority."""
    try:
        trusted = ssl.create_default_context(cafile=config.authority_file or None)
    except OSError as error:
        raise ConfigError(f"authority_file {config.authority_file}: {error.strerror}.") from None
    return httpx.AsyncClient(
        headers={
            "Accept-Encoding": "identity"
        },  # bytes are taken as sent: nothing is unpacked before it is bounded
        proxy=config.proxy or None,
        verify=trusted,
        timeout=httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


class SignedHub:
    """The hub as this party reaches it."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, membership: Membership, clock: Clock, entropy: Entropy
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._authority = authority_of(self._url)
        self._membership = membership
        self._key = SigningKey.from_seed(membership.signing_seed)
        self._clock = clock
        self._entropy = entropy

    def renew(self, membership: Membership) -> None:
        """Sign as this membership from now on: its keys may have been replaced by a command meanwhile."""
        if membership != self._membership:
            self._membership = membership
            self._key = SigningKey.from_seed(membership.signing_seed)

    async def get(self, path: str, query: str) -> bytes:
        """Ask for something; the hub's answer, or the error that its problem document stands for."""
        headers = self._signed("GET", path, b"", query)
        try:
            async with self._http.stream("GET", f"{self._url}{path}?{query}", headers=headers) as answer:
                data = await _bounded(answer)
        except httpx.RequestError as error:
            raise Unreachable(f"{self._url}: {_why(error)}.") from None
        if answer.status_code != 200:
            raise to_error(data, answer.status_code)
        return data

    async def post(self, path: str, body: bytes) -> bytes:
        """Send a message; the hub's answer, or the error that its problem document stands for."""
        headers = {**self._signed("POST", path, body), "Content-Type": "application/json"}
        return await post(self._http, self._url + path, body, headers)

    @asynccontextmanager
    async def stream(self, cursor: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the stream from a position; gives its bytes as they come."""
        headers = self._signed("GET", "/v1/stream", b"")
        if cursor:
            headers["Last-Event-ID"] = cursor
        try:
            async with self._http.stream("GET", f"{self._url}/v1/stream", headers=headers) as answer:
                if answer.status_code != 200:
                    raise to_error(await _bounded(answer), answer.status_code)
                yield answer.aiter_raw()
        except httpx.RequestError as error:
            raise Unreachable(f"{self._url}: {_why(error)}.") from None

    def _signed(self, method: str, path: str, body: bytes, query: str = "") -> dict[str, str]:
        return dict(
            sign_request(
                self._key,
                self._membership.party,
                method=method,
                authority=self._authority,
                path=path,
                query=query,
                body=body,
                now=self._clock.now(),
                nonce=self._entropy(NONCE_SIZE),
            )
        )


async def post(http: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Send a body; the answer, Unreachable, or the error that the problem document stands for."""
    try:
        async with http.stream("POST", url, content=body, headers=headers) as answer:
            data = await _bounded(answer)
    except httpx.RequestError as error:
        raise Unreachable(f"{url}: {_why(error)}.") from None
    if answer.status_code != 200:
        raise to_error(data, answer.status_code)
    return data


async def _bounded(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for part in answer.aiter_raw():
        data += part
        if len(data) > MAX_ANSWER:
            raise RemoteError(f"The hub's answer has more than {MAX_ANSWER} bytes.")
    return bytes(data)


def _why(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
