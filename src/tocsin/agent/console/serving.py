# SPDX-License-Identifier: Apache-2.0
"""Serves the console beside everything else that an agent does."""

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager

from tocsin.agent.console.app import Console
from tocsin.agent.console.entrance import Entrance
from tocsin.agent.console.office import Office
from tocsin.agent.house import House
from tocsin.agent.people.door import Door
from tocsin.agent.people.links import first_link, path
from tocsin.agent.people.provided import provider_of
from tocsin.agent.readers.process import ReaderChild
from tocsin.clock import minute
from tocsin.config.console import Console as Settings
from tocsin.domain.party import Role
from tocsin.web.serving import serve_beside

log = logging.getLogger("tocsin.agent.console")

CONNECTIONS = 128
"""Browsers at once; each page that is open holds one."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


async def serve(
    settings: Settings,
    house: House,
    opened: Callable[[], AbstractContextManager[House]],
    say: Callable[[str], None],
    told: Callable[[], None],
) -> None:
    """Until it is cancelled. `opened` gives the rooms a house of their own, which they use in their own thread.

    `say` tells whoever started it where it is, and the way in as long as nobody administers it: never the log. `told`
    is called when something waits for the hub.
    """
    hosts = {*_LOCAL, settings.host, *settings.names}

    def ready(url: str) -> None:
        """Say where, once it listens."""
        log.info("people look at %s", url)
        say(f"Console at {url}")
        if (link := first_link(house)) is not None:
            until = minute(link.until)
            say(f"  nobody administers it yet: {url}{path(link.code)} lets one person in, until {until} UTC")

    with ReaderChild() as reader:
        async with Office(opened, told) as office, provider_of(house, os.environ) as provider:
            of = Role(house.vault.membership().role)
            console = Console(office, reader, Door(house, settings, provider), of, hosts)
            app = console.application(*Entrance(console).routes())
            await serve_beside(app, settings, ready, connections=CONNECTIONS)
