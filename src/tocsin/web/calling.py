# SPDX-License-Identifier: Apache-2.0
"""How a process of Tocsin asks another one: outbound, signed (RFC 9421), bounded; problem documents become errors."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from tocsin.clock import Clock
from tocsin.errors import ConfigError, RemoteError, Unreachable
from tocsin.ids import Entropy
from tocsin.proof.httpsig import NONCE_SIZE, authority_of, sign_request
from tocsin.proof.signing import SigningKey
from tocsin.wire.problem import to_error

MAX_ANSWER = 1024 * 1024
"""Bytes of an answer to one message: receipts of 1,000 objects are about 200 kB."""
_CONNECT_SECONDS = 10.0
_JSON = {"Content-Type": "application/json"}


def outbound(proxy: str, authority_file: str, read_seconds: float) -> httpx.AsyncClient:
    """A client that goes out through this proxy, trusting this authority; empty: none, and those of the system."""
    try:
        trusted = ssl.create_default_context(cafile=authority_file or None)
    except OSError as error:
        raise ConfigError(f"authority_file {authority_file}: {error.strerror}.") from None
    return httpx.AsyncClient(
        headers={
            "Accept-Encoding": "identity"
        },  # bytes are taken as sent: nothing is unpacked before it is bounded
        proxy=proxy or None,
        verify=trusted,
        timeout=httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


def check_url(url: str) -> str:
    """Return it if it can be trusted with a one-time code: TLS, except on this very machine; ConfigError otherwise."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ConfigError(f"{url!r}: a hub is reached by https, or by http on this machine alone.")
    return url


class SignedClient:
    """One server as one key's holder reaches it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        keyid: str,
        key: SigningKey,
        clock: Clock,
        entropy: Entropy,
        authority: str = "",
    ) -> None:
        """`authority` is what `@authority` is signed as; empty: the host of the URL."""
        self._http = http
        self._url = url.rstrip("/")
        self._authority = authority or authority_of(self._url)
        self._keyid = keyid
        self._key = key
        self._clock = clock
        self._entropy = entropy

    def sign_as(self, keyid: str, key: SigningKey) -> None:
        """Sign with another key from now on."""
        self._keyid, self._key = keyid, key

    async def get(self, path: str, query: str) -> bytes:
        """Ask for something; the answer, or the error that its problem document stands for."""
        headers = self._signed("GET", path, b"", query)
        try:
            async with self._http.stream("GET", f"{self._url}{path}?{query}", headers=headers) as answer:
                data = await _bounded(answer)
        except httpx.RequestError as error:
            raise Unreachable(f"{self._url}: {_why(error)}.") from None
        if answer.status_code != 200:
            raise to_error(data, answer.status_code)
        return data

    async def post(self, path: str, body: bytes, media_type: str = "application/json") -> bytes:
        """Send a message; the answer, or the error that its problem document stands for."""
        headers = {**self._signed("POST", path, body), "Content-Type": media_type}
        return await post(self._http, self._url + path, body, headers)

    @asynccontextmanager
    async def stream(self, cursor: str, wait_seconds: int = 0) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the stream from a position; gives its bytes as they come.

        With `wait_seconds` it ends with what is new, or when it has waited so long for it.
        """
        query = f"wait={wait_seconds}" if wait_seconds else ""
        headers = self._signed("GET", "/v1/stream", b"", query)
        if cursor:
            headers["Last-Event-ID"] = cursor
        path = f"/v1/stream?{query}" if query else "/v1/stream"
        async with self._opened("GET", path, b"", headers) as chunks:
            yield chunks

    @asynccontextmanager
    async def stream_of(self, path: str, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send a message that a stream answers; gives its bytes as they come."""
        async with self._opened("POST", path, body, {**self._signed("POST", path, body), **_JSON}) as chunks:
            yield chunks

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            asked = self._http.stream(method, self._url + path, content=body, headers=headers)
            async with asked as answer:
                if answer.status_code != 200:
                    raise to_error(await _bounded(answer), answer.status_code)
                yield answer.aiter_raw()
        except httpx.RequestError as error:
            raise Unreachable(f"{self._url}: {_why(error)}.") from None

    def _signed(self, method: str, path: str, body: bytes, query: str = "") -> dict[str, str]:
        return dict(
            sign_request(
                self._key,
                self._keyid,
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


async def get(http: httpx.AsyncClient, url: str) -> bytes:
    """Ask for something that everybody may know; errors as `post`."""
    try:
        async with http.stream("GET", url) as answer:
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
            raise RemoteError(f"The answer has more than {MAX_ANSWER} bytes.")
    return bytes(data)


def _why(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
