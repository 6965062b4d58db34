# SPDX-License-Identifier: Apache-2.0
"""The way to the relay, and to nobody else: no signature of a request, no cookie, no name of a program.

Each envelope goes over a connection of its own, the same whatever is in it. Nothing is tried twice within a slot, and
nothing is read but an answer of the length that every answer has.
"""

import asyncio
import ssl

import httpx

from tocsin.errors import ConfigError, Malformed, RemoteError, Unreachable

SECONDS = 20.0
"""How long all of it may take, to the last byte: who lets bytes come one by one must not keep an agent past its slot.
The relay's answer waits for the partner's, and that for nothing.
"""
_TYPE = "application/octet-stream"


class RelayClient:
    """The relay as one agent reaches it."""

    def __init__(
        self, proxy: str, authority_file: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`proxy` and `authority_file`: the house's way out, as for everything else; empty: none, the system's.

        `transport`: another way to carry bytes than the network's, for a world in one process.
        """
        self._proxy = proxy or None
        self._transport = transport
        try:
            self._trusted = ssl.create_default_context(cafile=authority_file or None)
        except OSError as error:
            raise ConfigError(f"authority_file {authority_file}: {error.strerror}.") from None

    async def post(self, url: str, body: bytes, size: int) -> bytes:
        """The relay's answer, `size` bytes.

        Unreachable when none came; RemoteError when the relay, or a box before it, refused; Malformed for another
        length.
        """
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client() as http,
                http.stream("POST", url, content=body) as answer,
            ):
                data = await _bounded(answer, size)
        except (httpx.RequestError, TimeoutError) as error:
            raise Unreachable(f"{url}: {type(error).__name__}.") from None
        if answer.status_code != 200:
            raise RemoteError(f"{url} answered with status {answer.status_code}.")
        if len(data) != size:
            raise Malformed(f"The relay's answer has {len(data)} bytes and not {size}.")
        return data

    def _client(self) -> httpx.AsyncClient:
        http = httpx.AsyncClient(
            proxy=self._proxy,
            transport=self._transport,
            verify=self._trusted,
            timeout=SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
        )
        http.headers = httpx.Headers({"Content-Type": _TYPE, "Accept": _TYPE, "Accept-Encoding": "identity"})
        del http.headers["User-Agent"]
        return http


async def _bounded(answer: httpx.Response, size: int) -> bytes:
    """What came, and at most a byte more than was expected."""
    data = bytearray()
    async for part in answer.aiter_raw():
        data += part
        if len(data) > size:
            break
    return bytes(data[: size + 1])
