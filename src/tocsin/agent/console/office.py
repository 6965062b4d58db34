# SPDX-License-Identifier: Apache-2.0
"""The one thread in which rooms work: a store is used by one at a time, and the event loop never waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self, TypeVar

from tocsin.agent.console.desk import Desk
from tocsin.agent.house import House

T = TypeVar("T")


class Office:
    """A house of its own, opened and closed in its thread; use it as a context."""

    def __init__(self, opened: Callable[[], AbstractContextManager[House]], told: Callable[[], None]) -> None:
        self._opened = opened
        self._told = told
        self._thread = ThreadPoolExecutor(1, "console")
        self._held = ExitStack()
        self._desk: Desk | None = None

    async def __aenter__(self) -> Self:
        self._desk = await self._do(lambda: Desk(self._held.enter_context(self._opened()), self._told))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._do(self._held.close)
        self._thread.shutdown()

    async def run(self, work: Callable[[Desk], T]) -> T:
        """What `work` returns or raises, one after the other."""
        assert self._desk is not None, "entered"
        desk = self._desk
        return await self._do(lambda: work(desk))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
