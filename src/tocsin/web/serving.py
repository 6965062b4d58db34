# SPDX-License-Identifier: Apache-2.0
"""Starting an HTTP server: off loopback nothing starts without TLS or a declared proxy, and nothing logs addresses."""

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from tocsin.config.listen import Listen
from tocsin.errors import ConfigError, Taken
from tocsin.web.connection import BoundedConnection, room_for

_BACKLOG = 2_048
_GRACE_SECONDS = 3
"""Open streams end at once on shutdown; other requests have this long."""


def check_listen(listen: Listen) -> Listen:
    """Return it if it is safe to listen there; ConfigError otherwise."""
    try:
        loopback = listen.host == "localhost" or ipaddress.ip_address(listen.host).is_loopback
    except ValueError:
        raise ConfigError(f"listen.host {listen.host!r} is not an address.") from None
    if not 0 <= listen.port <= 65_535:
        raise ConfigError(f"listen.port {listen.port} is not a port.")
    if bool(listen.tls_certificate) != bool(listen.tls_key):
        raise ConfigError("listen.tls_certificate and listen.tls_key go together.")
    if not (loopback or listen.tls_certificate or listen.behind_tls_proxy):
        raise ConfigError(
            f"{listen.host} is not loopback: give a TLS certificate and key, or declare behind_tls_proxy."
        )
    return listen


class _Server(uvicorn.Server):
    """Starts and stops the application itself: what fails in its start is raised, where uvicorn would only log it.

    Ends open streams before it waits for requests: a stream would not end by itself.
    """

    def __init__(
        self,
        app: Starlette,
        config: uvicorn.Config,
        ready: Callable[[], None],
        end_streams: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._end_streams = end_streams
        self._running = AsyncExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """The application first, then the socket, then `ready`."""
        await self._running.enter_async_context(self._app.router.lifespan_context(self._app))
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams first, which would never end by themselves; the application last."""
        self._end_streams()
        await super().shutdown(sockets)
        await self._running.aclose()


class _Guest(_Server):
    """A server within a process that has other things to do, and hears the signals itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to the process."""
        yield


async def serve_beside(
    app: Starlette, listen: Listen, ready: Callable[[str], None], *, connections: int
) -> None:
    """Serve within an event loop that runs already, until it is cancelled; else as `serve`."""
    with _bound(listen) as place:
        url = _url(listen, place)
        server = _Guest(app, _config(app, listen, connections), lambda: ready(url), lambda: None)
        serving = asyncio.ensure_future(server.serve(sockets=[place]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


@contextmanager
def _bound(listen: Listen) -> Iterator[socket.socket]:
    """A socket that listens there; ConfigError when that is not safe, Taken when it cannot be."""
    check_listen(listen)
    with socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((listen.host, listen.port))
        except OSError as error:
            raise Taken(f"Cannot listen on {listen.host}:{listen.port}: {error.strerror}.") from None
        place.listen(_BACKLOG)
        yield place


def _url(listen: Listen, place: socket.socket) -> str:
    scheme = "https" if listen.tls_certificate else "http"
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{scheme}://{host}:{place.getsockname()[1]}"


def _config(app: Starlette, listen: Listen, connections: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        proxy_headers=False,  # nobody here asks where a request came from
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=listen.tls_certificate or None,
        ssl_keyfile=listen.tls_key or None,
        http=BoundedConnection,
        limit_concurrency=room_for(connections) + 1,  # at which uvicorn would refuse those it has, too
        timeout_keep_alive=75,
    )


def serve(
    app: Starlette,
    listen: Listen,
    ready: Callable[[str], None],
    end_streams: Callable[[], None] = lambda: None,
    *,
    connections: int,
) -> None:
    """Serve until the process is told to stop; `ready` is called with the URL once the application has started.

    Raises what that start raises: StorageError, say, when its store cannot be read. `end_streams` is called first when
    it stops, in the event loop. More than `connections` at once are not taken.
    """
    with _bound(listen) as place:
        url = _url(listen, place)
        server = _Server(app, _config(app, listen, connections), lambda: ready(url), end_streams)

        def stop(number: int, frame: FrameType | None) -> None:
            """Ask the server to stop."""
            server.should_exit = True

        # uvicorn takes the signals while it runs and gives them back at the end: they must then be no death.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        server.run(sockets=[place])
