# SPDX-License-Identifier: Apache-2.0
"""Off loopback nothing starts without TLS or a declared proxy, and nothing is ready before it has started."""

import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from tocsin.config.listen import Listen
from tocsin.errors import ConfigError, StorageError
from tocsin.web.serving import check_listen, serve

TLS = {"tls_certificate": "hub.pem", "tls_key": "hub.key"}


@pytest.mark.parametrize(
    "listen",
    [
        Listen(),
        Listen(host="localhost"),
        Listen(host="127.0.0.1", port=0),
        Listen(host="127.8.9.1", port=65_535),
        Listen(host="::1"),
        Listen(host="::1", tls_certificate="hub.pem", tls_key="hub.key"),
        Listen(host="0.0.0.0", tls_certificate="hub.pem", tls_key="hub.key"),
        Listen(host="::", behind_tls_proxy=True),
        Listen(host="192.0.2.1", behind_tls_proxy=True),
        Listen(host="2001:db8::1", tls_certificate="hub.pem", tls_key="hub.key"),
    ],
)
def test_a_safe_place_is_accepted(listen: Listen) -> None:
    assert check_listen(listen) == listen


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        (Listen(host="0.0.0.0"), "not loopback"),
        (Listen(host="::"), "not loopback"),
        (Listen(host="192.0.2.1"), "not loopback"),
        (Listen(host="10.0.0.1"), "not loopback"),
        (Listen(host="2001:db8::1"), "not loopback"),
        (Listen(host="::ffff:192.0.2.1"), "not loopback"),
        (Listen(host="0.0.0.0", tls_certificate="hub.pem"), "go together"),
        (Listen(host="127.0.0.1", tls_key="hub.key"), "go together"),
        (Listen(host=""), "not an address"),
        (Listen(host="hub.example"), "not an address"),
        (Listen(host="[::1]"), "not an address"),
        (Listen(host="127.0.0.1:80"), "not an address"),
        (Listen(host="127.1"), "not an address"),
        (Listen(host="localhost.attacker.example"), "not an address"),
        (Listen(port=65_536), "not a port"),
        (Listen(port=-1), "not a port"),
    ],
)
def test_any_other_place_is_refused_before_a_port_is_opened(listen: Listen, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        check_listen(listen)
    with pytest.raises(ConfigError, match=complaint):
        serve(Starlette(), listen, pytest.fail, connections=8)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_named(taken_port: int) -> None:
    with pytest.raises(ConfigError, match=f"127.0.0.1:{taken_port}"):
        serve(Starlette(), Listen(port=taken_port), pytest.fail, connections=8)


@pytest.fixture
def signals() -> Iterator[None]:
    """Whoever serves takes them for the rest of the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_start_that_fails_is_raised_and_never_said_to_be_ready() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise StorageError("The disk is full.")
        yield

    with pytest.raises(StorageError, match="The disk is full"):
        serve(Starlette(lifespan=lifespan), Listen(port=0), pytest.fail, connections=8)


@pytest.mark.usefixtures("signals")
def test_it_is_ready_once_it_has_started_and_stops_what_it_started() -> None:
    said: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        said.append("started")
        yield
        said.append("stopped")

    def ready(url: str) -> None:
        said.append(url.rpartition(":")[0])
        signal.raise_signal(signal.SIGTERM)

    serve(
        Starlette(lifespan=lifespan), Listen(port=0), ready, lambda: said.append("streams end"), connections=8
    )

    assert said == ["started", "http://127.0.0.1", "streams end", "stopped"]
