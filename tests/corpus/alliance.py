# SPDX-License-Identifier: Apache-2.0
"""A real hub on loopback, in a thread of the test, with the agents of its members; it keeps what reaches it.

The hub is the product's own application on its own SQLite file, behind uvicorn as `tocsin.web.serving` runs it. Around
it stands `Received`, which keeps each request, head and body, as the hub gets it.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.agent import app as agent_app
from tocsin.agent.history.replica import Replica
from tocsin.agent.signed import SignedHub, http_client
from tocsin.config.agent import OwnAssets
from tocsin.domain.party import Role
from tocsin.follow.follower import Follower
from tocsin.hub import app as hub_app


class Received:
    """The hub's door with an eye on it."""

    def __init__(self, hub: ASGIApp) -> None:
        self.requests: list[bytearray] = []
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._hub(scope, receive, send)
            return
        fields = b"".join(b"%b: %b\n" % field for field in scope["headers"])
        place = scope["raw_path"] + b"?" + scope["query_string"]
        kept = bytearray(b"%b %b\n%b\n" % (scope["method"].encode(), place, fields))
        self.requests.append(kept)

        async def keeping() -> Message:
            message = await receive()
            kept.extend(message.get("body", b""))
            return message

        await self._hub(scope, keeping, send)


class Alliance:
    """One hub that serves, and the folders of its members' agents."""

    def __init__(self, folder: Path, url: str, received: Received) -> None:
        self.hub = folder / "hub"
        self.log = folder / "hub.log"
        self.url = url
        self.requests = received.requests
        self._folder = folder

    def join(self, name: str, own: OwnAssets) -> Path:
        """A member with an agent; `name` is what the directory calls it, `own` what only the agent knows."""
        code = hub_app.enrol(self.hub, name, Role.BANK, "GB").code
        folder = self._folder / name
        agent_app.init(folder, self.url, code, own, None)
        return folder

    def follow(self, agent: Path) -> None:
        """Let an agent follow until it has proved all that the hub holds."""
        sizes = {stream.name: stream.size for stream in hub_app.status(self.hub).streams}
        asyncio.run(asyncio.wait_for(_follow(agent, sizes), 30))


@contextmanager
def serving(folder: Path) -> Iterator[Alliance]:
    """A new hub that serves until the context is left, everything that is logged meanwhile in ``hub.log``."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as place, _logged(folder / "hub.log"):
        place.bind(("127.0.0.1", 0))
        place.listen()
        port: int = place.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        hub_app.init(folder / "hub", "City Alliance", url, port, "hub.db")
        received = Received(hub_app.application(folder / "hub"))
        server = uvicorn.Server(
            uvicorn.Config(received, access_log=False, log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the hub did not start"
                time.sleep(0.01)
            yield Alliance(folder, url, received)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Every record of every logger, down to DEBUG, in a file."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()


async def _follow(agent: Path, sizes: dict[str, int]) -> None:
    with agent_app.opened(agent) as house:
        membership = house.vault.membership()
        async with http_client(house.config) as http:
            hub = SignedHub(http, house.config.hub_url, membership, house.clock, house.entropy)
            replica = Replica(house.store, membership, house.config.decay, house.clock)
            follower = Follower(hub.stream, replica, house.clock, house.entropy, asyncio.sleep)
            news = asyncio.Event()
            following = asyncio.create_task(follower.run(news.set))
            while any(replica.state(name).frontier.size < size for name, size in sizes.items()):
                news.clear()
                await news.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
