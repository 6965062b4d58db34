# SPDX-License-Identifier: Apache-2.0
"""A tap on every wire of a simulated alliance: what each of hub, relay and partner sees at its own interfaces.

Seen are time, size and direction of every message and of every part of an answer. A member is seen by its address, and
by the hub as the party that has signed. Nothing of TCP or TLS is here: no acknowledgements, no handshakes.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx

from tocsin.bench.linkability.path import Line, Packet
from tocsin.clock import Instant
from tocsin.world.machine import present
from tocsin.world.network import Delay, Door, Wire


class Taps:
    """Everything that was seen so far, by who saw it."""

    def __init__(self, now: Callable[[], Instant], parties: Mapping[str, str]) -> None:
        """`parties` names the party that stands behind a host."""
        self._now, self._parties = now, parties
        self.packets: dict[str, list[Packet]] = defaultdict(list)

    def between(self, one: str, host: str, peer: str, size: int, *, asked: bool) -> None:
        """Bytes passed between a client and a host. `one`: the client's name, `peer`: as the host knows it."""
        at, there = self._now(), self._parties.get(host, host)
        self.packets[there].append(Packet(at, size, inbound=asked, peer=peer))
        self.packets[one].append(Packet(at, size, inbound=not asked, peer=there))


class TappedWire(Wire):
    """One client's way into the world, watched."""

    def __init__(self, doors: Mapping[str, Sequence[Door]], pause: Delay, taps: Taps, name: str) -> None:
        super().__init__(doors, None)
        self._pause, self._taps, self._name = pause, taps, name
        self.peers: dict[str, str] = {}
        """How hosts know this client that do not know it by `name`."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As a wire does; what passes is seen when it arrives."""
        body, host = await request.aread(), request.url.host
        await asyncio.sleep(self._pause())
        peer = self.peers.get(host, self._name)
        head = sum(len(name) + len(value) + 4 for name, value in request.headers.raw) + len(
            request.url.raw_path
        )
        self._taps.between(self._name, host, peer, head + len(body), asked=True)
        response = await super().handle_async_request(request)
        size = sum(len(name) + len(value) + 4 for name, value in response.headers.raw)
        self._taps.between(self._name, host, peer, size, asked=False)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        seen = _Seen(response.stream, self, host, peer)
        return httpx.Response(response.status_code, headers=response.headers, stream=seen)

    async def pass_part(self, host: str, peer: str, part: bytes) -> None:
        """A part of an answer goes by."""
        await asyncio.sleep(self._pause())
        self._taps.between(self._name, host, peer, len(part), asked=False)


class _Seen(httpx.AsyncByteStream):
    def __init__(self, answer: httpx.AsyncByteStream, wire: TappedWire, host: str, peer: str) -> None:
        self._answer, self._wire, self._host, self._peer = answer, wire, host, peer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer:
            await self._wire.pass_part(self._host, self._peer, part)
            yield part

    async def aclose(self) -> None:
        """The client wants no more of it."""
        await self._answer.aclose()


class Overheard(logging.Handler):
    """The logs of all machines at DEBUG, whoever writes into them, each by the name of the process that did."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        super().__init__(logging.DEBUG)
        self._now = now
        self.lines: dict[str, list[Line]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        text = f"{record.levelname} {record.name} {self.format(record)}"
        self.lines[present()].append(Line(self._now(), text))

    @contextmanager
    def everything(self) -> Iterator[None]:
        """Listen to every logger for a while."""
        root, ours = logging.getLogger(), logging.getLogger("tocsin")
        levels = root.level, ours.level
        root.setLevel(logging.DEBUG)
        ours.setLevel(logging.DEBUG)
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
            root.setLevel(levels[0])
            ours.setLevel(levels[1])
