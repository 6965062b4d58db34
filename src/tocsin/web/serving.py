# SPDX-License-Identifier: Apache-2.0
"""Starting an HTTP server: off loopback nothing starts without TLS or a declared proxy, and nothing logs addresses."""

import ipaddress
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from tocsin.config import Listen
from tocsin.errors import ConfigError, Taken

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


def serve(app: Starlette, listen: Listen, ready: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; `ready` is called with the URL once the port is open."""
    check_listen(listen)
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((listen.host, listen.port))
        except OSError as error:
            raise Taken(f"Cannot listen on {listen.host}:{listen.port}: {error.strerror}.") from None
        place.listen(_BACKLOG)
        scheme = "https" if listen.tls_certificate else "http"
        host = f"[{listen.host}]" if family is socket.AF_INET6 else listen.host
        ready(f"{scheme}://{host}:{place.getsockname()[1]}")
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                ssl_certfile=listen.tls_certificate or None,
                ssl_keyfile=listen.tls_key or None,
                h11_max_incomplete_event_size=16_384,
                timeout_keep_alive=75,
            )
        )
        server.run(sockets=[place])
