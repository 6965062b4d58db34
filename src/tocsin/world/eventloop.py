# SPDX-License-Identifier: Apache-2.0
"""An asyncio event loop whose time is the world's clock: nothing waits, and nothing depends on the machine.

1. What is ready runs in the order in which it became ready.
2. When nothing is ready, the clock moves to the next timer: a simulated hour takes as long as what happens in it.
3. Work for a thread runs in the loop's own thread, after a moment that the dice choose; so a hub's writer meets its
   other work in another order with every seed, and in the same order with the same seed.
4. When nothing is ready and no timer is set, whoever waits would wait for ever: StateError.

There is no selector: files, sockets, signals and processes do not exist here, and asking for them fails loudly.
"""

import asyncio
import heapq
import random
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar

from tocsin.clock import SECOND, ManualClock
from tocsin.errors import StateError

T = TypeVar("T")

THREAD_SECONDS = 0.004
"""The longest that work for a thread waits for its turn; about one commit on a disk."""


class WorldLoop(asyncio.AbstractEventLoop):
    """The loop of one world. Leave it with `close`."""

    def __init__(self, clock: ManualClock, dice: random.Random) -> None:
        self._clock = clock
        self._dice = dice
        self._start = clock.now()
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._running = False
        self._closed = False
        self._factory: Any = None
        self.failures: list[dict[str, Any]] = []
        """What asyncio would only log: an exception that nobody awaited."""

    # time and turns

    def time(self) -> float:
        """Seconds since the world began."""
        return (self._clock.now() - self._start) / SECOND

    def call_soon(  # type: ignore[override]  # typeshed knows its arguments more exactly
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Call in the next turn."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there is one thread

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call when so many seconds have passed."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call at that second of the world; timers of one moment in the order in which they were set."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (self._start + round(when * SECOND), self._count, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is dropped when its time comes."""

    def run_until_complete(self, future: Any) -> Any:
        """Run until the future or coroutine is done; its result or error."""
        task = asyncio.ensure_future(future, loop=self)
        self._turn_until(task.done)
        return task.result()

    def _turn_until(self, done: Callable[[], bool]) -> None:
        if self._running or self._closed:
            raise StateError("This loop runs already, or was closed.")
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, self._finalize)
        self._running = True
        asyncio.set_event_loop(self)
        asyncio._set_running_loop(self)
        try:
            while not done():
                self._turn()
        finally:
            self._running = False
            asyncio._set_running_loop(None)
            asyncio.set_event_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _turn(self) -> None:
        if not self._ready:
            self._move_on()
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _move_on(self) -> None:
        """Move the clock to the next timer, and make ready what is due then."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise StateError("Everybody waits, and nothing will ever happen.")
        self._clock.advance(max(0, self._timers[0][0] - self._clock.now()))
        while self._timers and self._timers[0][0] <= self._clock.now():
            self._ready.append(heapq.heappop(self._timers)[2])

    # what tasks are made of

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # as above
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """A task of this loop, known to whoever set the factory."""
        if self._factory is not None:
            task: asyncio.Task[T] = self._factory(self, coro, context=context)
            if name is not None:
                task.set_name(name)
            return task
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def set_task_factory(self, factory: Any) -> None:
        """Have every task made by this function."""
        self._factory = factory

    def get_task_factory(self) -> Any:
        """The function that was set."""
        return self._factory

    def run_in_executor(  # type: ignore[override]  # as above
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do it here, a moment later."""
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            """Its result or its failure, unless nobody waits any more."""
            if future.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_later(self._dice.random() * THREAD_SECONDS, work)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody awaited: the world looks at it in the end."""
        self.failures.append(context)

    def _finalize(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self._closed:
            self.call_soon(self.create_task, generator.aclose())

    def is_running(self) -> bool:
        """Whether somebody is inside `run_until_complete`."""
        return self._running

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def get_debug(self) -> bool:
        """Never: it would make asyncio ask the real clock."""
        return False

    def close(self) -> None:
        """Drop everything that was to happen."""
        self._closed = True
        self._ready.clear()
        self._timers.clear()
