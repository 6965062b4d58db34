# SPDX-License-Identifier: Apache-2.0
"""Keeps what an agent does for ever going: an error that nobody foresaw costs a pause, and not the agent.

Each loop handles what it expects. Whatever else comes out of it is logged whole, people hear of it once, and the loop
begins anew, later each time. A bank whose agent had silently stopped would believe itself protected.
"""

import logging
from collections.abc import Awaitable, Callable

from tocsin.errors import TocsinError
from tocsin.follow.follower import Sleep

log = logging.getLogger("tocsin.agent")

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300.0

Alarm = Callable[[TocsinError], None]


async def keep_going(what: str, work: Callable[[], Awaitable[None]], alarm: Alarm, sleep: Sleep) -> None:
    """Do `work`, which never ends by itself, again and again; `what` names it to people."""
    wait, told = FIRST_WAIT_SECONDS, ""
    while True:
        try:
            await work()
        except Exception as error:  # the last place before the agent would end
            log.exception("%s: unforeseen", what)
            kind = type(error).__name__
            if kind != told:
                told = kind
                sentence = (
                    f"{what}: {kind}. It is tried again; protection stays as it is, and the log has the rest."
                )
                _tell(alarm, TocsinError(sentence))
        await sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _tell(alarm: Alarm, error: TocsinError) -> None:
    try:
        alarm(error)
    except Exception:  # a full disk may be the very reason; it stands in the log
        log.exception("people could not be alarmed")
