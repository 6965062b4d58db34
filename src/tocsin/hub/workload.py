# SPDX-License-Identifier: Apache-2.0
"""Reading what a party tells, outside of the one transaction that writes: nobody waits there for another's message.

Messages of one party are read one after the other. What it costs is measured and not counted: whoever has spent
`BURST_SECONDS` of processor time waits until enough of it has come back, and everybody else is served meanwhile.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tocsin.clock import SECOND, Clock, Instant, Meter, cpu_seconds
from tocsin.errors import TooMany

T = TypeVar("T")

BURST_SECONDS = 10.0
"""Of processor time; a report of 1,000 values takes a tenth of a second, the worst that can be written some seconds."""
SHARE = 0.2
"""Of a processor that one party may use for ever."""
MAX_WAITING = 16
"""Messages of one party that may wait here, each held in memory."""
SHORT = 8 * 1024
"""Bytes of a message that is read at once: to ask a thread costs as much. The worst that fits takes 30 milliseconds."""
_THREADS = 2


class _Account:
    """What one party has spent."""

    def __init__(self, now: Instant) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.spent = 0.0
        self._as_of = now

    def settle(self, now: Instant) -> float:
        """What is still spent by now."""
        back = max(0, now - self._as_of) / SECOND * SHARE
        self.spent, self._as_of = max(0.0, self.spent - back), now
        return self.spent


class Workload:
    """All parties of one hub process. Used from the event loop only."""

    def __init__(self, clock: Clock, meter: Meter = cpu_seconds) -> None:
        self._clock = clock
        self._meter = meter
        self._accounts: dict[str, _Account] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="hub-reader")

    async def run(self, party: str, work: Callable[[], T], size: int) -> T:
        """Do the work when it is the party's turn, in a thread unless the message of so many bytes is short.

        TooMany when the party asks for too much.
        """
        account = self._accounts.setdefault(party, _Account(self._clock.now()))
        if account.waiting >= MAX_WAITING or account.settle(self._clock.now()) > BURST_SECONDS:
            raise TooMany("What you sent just now takes long to read.")
        account.waiting += 1
        try:
            async with account.turn:
                if size <= SHORT:
                    return self._measured(account, work)
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._measured, account, work
                )
        finally:
            account.waiting -= 1

    def _measured(self, account: _Account, work: Callable[[], T]) -> T:
        began = self._meter()
        try:
            return work()
        finally:
            account.spent += self._meter() - began

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown(cancel_futures=True)
