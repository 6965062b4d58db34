# SPDX-License-Identifier: Apache-2.0
"""A few dozen agents in one process, each with the product's own follower and a replica in memory: they verify all."""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

from tocsin.agent.history.replica import Replica
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.clock import SystemClock
from tocsin.config.shields import Decay
from tocsin.follow.follower import Follower
from tocsin.storage.sqlite import open_sqlite

_STREAM = "members"


class _Agent:
    """One of them."""

    def __init__(self, file: Path, url: str, bank: Membership) -> None:
        self._http = httpx.AsyncClient(timeout=60)
        self._store = open_sqlite(file, "agent")
        self._replica = Replica(self._store, bank, Decay(), SystemClock())
        hub = SignedHub(self._http, url, bank, SystemClock(), os.urandom)
        self._follower = Follower(hub.stream, self._replica, SystemClock(), os.urandom, asyncio.sleep)
        self.proved: dict[int, float] = {}
        """When the stream had proved itself up to a size; monotonic seconds."""

    async def run(self) -> None:
        """Follow for ever."""
        await self._follower.run(self._look)

    async def reach(self, size: int) -> None:
        """Wait until it has proved so many entries."""
        while self._replica.state(_STREAM).frontier.size < size:
            await asyncio.sleep(0.1)

    def copy(self, file: Path) -> None:
        """What it holds, for another agent to begin with: the directory costs each a second of a processor."""
        self._store.copy(file)

    def _look(self) -> None:
        self.proved.setdefault(self._replica.state(_STREAM).frontier.size, time.monotonic())


async def _follow(pipe: Connection, folder: Path, url: str, banks: Sequence[Membership], size: int) -> None:
    agents = [_Agent(folder / "0.db", url, banks[0])]
    tasks = [asyncio.create_task(agents[0].run())]
    await agents[0].reach(size)
    for number, bank in enumerate(banks[1:], start=1):
        file = folder / f"{number}.db"
        agents[0].copy(file)
        agents.append(_Agent(file, url, bank))
        tasks.append(asyncio.create_task(agents[-1].run()))
    pipe.send(None)
    with suppress(EOFError):
        while True:
            target: int = await asyncio.to_thread(pipe.recv)
            for agent in agents:
                await agent.reach(target)
            pipe.send([agent.proved for agent in agents])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def run(pipe: Connection, folder: Path, url: str, banks: Sequence[Membership], size: int) -> None:
    """The process: says when all hold `size` entries; told a size, waits for it and answers when each proved what."""
    asyncio.run(_follow(pipe, folder, url, banks, size))
