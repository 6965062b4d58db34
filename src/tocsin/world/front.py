# SPDX-License-Identifier: Apache-2.0
"""One address on loopback before several ports that take turns: the balancer that stands before a hub's processes.

A connection goes to the next port that answers, and ends when either side ends it. It understands nothing of what goes
over it.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class Front:
    """Runs in a thread of its own, from the beginning of its context to the end."""

    def __init__(self, port: int, behind: Sequence[int]) -> None:
        """On that port, before these."""
        self._port = port
        self._behind = behind
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # in which what was closed lets go of its socket

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            within, out = await self._next()
        except OSError:  # nobody answers: so does a balancer end it
            writer.close()
            return
        pumps = [asyncio.create_task(_pump(reader, out)), asyncio.create_task(_pump(within, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for one in (out, writer):
                one.close()

    async def _next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._turn += 1
        failure = OSError("Nobody is behind it.")
        for place in range(len(self._behind)):
            port = self._behind[(self._turn + place) % len(self._behind)]
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError as error:
                failure = error
        raise failure


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
