# SPDX-License-Identifier: Apache-2.0
"""Banks for which nobody acts, so that a slot of the anonymous path has a set: whole agents, all in one process.

Each is enrolled and joins, follows the hub, asks for its tokens and sends an envelope into every slot, by the code of
any agent and over its own connections. What they share is a process, a loop, and that nothing ever happens to them.

    python -m tocsin.world.crowd COUNT HUB FOLDER URL
"""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tocsin.agent.app import init, opened
from tocsin.agent.signed import http_client
from tocsin.agent.work import work
from tocsin.config.agent import OwnAssets
from tocsin.domain.party import Role
from tocsin.hub.app import enrol
from tocsin.world.tethered import watch

NAMES = (
    "Aldwyke", "Brackmoor", "Corvellan", "Dunmallow", "Eskerby", "Farrowdene", "Gildholm", "Hartwold", "Inverlow",
    "Kelderside", "Lorncastle", "Marrowby", "Netherlyn", "Ottermere", "Pellwick", "Quarndale", "Rothermoor",
    "Stanewick", "Thornleigh", "Ulverby", "Varrowby", "Wexholm", "Yarnmoor", "Zelderby", "Ambrough",
)  # fmt: skip
"""All of them invented: each is a word that the other agents know for a bank's."""


def gather(count: int, hub: Path, folder: Path, url: str) -> list[Path]:
    """Enrol so many banks at the hub of that folder, and let them join; the folders of their agents."""
    homes = []
    for name in NAMES[:count]:
        legal, home = f"{name} Bank plc", folder / name.lower()
        code = enrol(hub, legal, Role.BANK, "GB").code
        init(home, url, code, OwnAssets(legal_name=legal, domains=(f"{name.lower()}.example",)), None)
        homes.append(home)
    return homes


async def serve(homes: Sequence[Path], ready: Callable[[], None]) -> None:
    """Do what `tocsin agent serve` does, for all of them, until the process is asked to stop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        working = []
        for home in homes:
            house = stack.enter_context(opened(home))
            http = await stack.enter_async_context(http_client(house.config))
            working.append(asyncio.create_task(work(house, http)))
        ready()
        try:
            await stop.wait()
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)


def _main(count: str, hub: str, folder: str, url: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    threading.Thread(target=watch, daemon=True).start()
    homes = gather(int(count), Path(hub), Path(folder), url)
    asyncio.run(serve(homes, lambda: print(f"{len(homes)} banks ready", flush=True)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
