# SPDX-License-Identifier: Apache-2.0
"""Tells open pages that something changed, whoever changed it; what changed they read again by themselves.

Watched is the log of the store (``-wal``): every commit of every process writes to it, and asking for its size and time
costs a microsecond. A page hears at most `RATE` times a second.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tocsin.wire.sse import HEARTBEAT

RATE = 4.0
_HEARTBEAT_SECONDS = 15.0
_CHANGED = b"data: changed\n\n"


async def pulse(
    watched: Path,
    seen: str,
    still_in: Callable[[], Awaitable[bool]],
    sleep: Callable[[float], Awaitable[None]],
) -> AsyncIterator[bytes]:
    """Server-sent events for one open page, until `still_in` says no, which is asked every 15 seconds.

    `seen` is the mark that the page bears: what changed while it was on its way is told at once.
    """
    quiet = 0.0
    yield HEARTBEAT
    while True:
        if (mark := await asyncio.to_thread(mark_of, watched)) != seen:
            seen = mark
            yield _CHANGED
        await sleep(1 / RATE)
        quiet += 1 / RATE
        if quiet >= _HEARTBEAT_SECONDS:
            if not await still_in():
                return
            quiet = 0.0
            yield HEARTBEAT


def mark_of(watched: Path) -> str:
    """Another one after every commit."""
    try:
        found = watched.stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"
