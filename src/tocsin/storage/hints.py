# SPDX-License-Identifier: Apache-2.0
"""Hearing at once that another process of the hub has written, where PostgreSQL can say so (LISTEN).

It is only a hint. None comes through a pooler in transaction mode, and none while the connection is lost: whoever is
woken looks at the store by itself too, so that a lost hint costs one round of looking and nothing else.
"""

import asyncio
import logging
from collections.abc import Callable

import psycopg

from tocsin.storage.store import Store

log = logging.getLogger("tocsin.storage")

_AGAIN_SECONDS = 5.0
"""How long to wait before the connection is made again."""


async def hear(dsn: str, own: Store, woken: Callable[[], None]) -> None:
    """Call `woken` in this event loop whenever another session than that of `own` has committed, for ever."""
    told = False
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=10)
            async with connection:
                await connection.execute("LISTEN tocsin")
                told = False
                woken()  # for what was committed before it listened
                async for hint in connection.notifies():
                    if hint.pid != own.session:
                        woken()
        except psycopg.Error:  # its message may quote the connection string
            if not told:
                log.warning("PostgreSQL gives no hints now: what other processes write is seen by looking")
            told = True
        await asyncio.sleep(_AGAIN_SECONDS)
