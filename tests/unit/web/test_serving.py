# SPDX-License-Identifier: Apache-2.0
"""Off loopback nothing starts without TLS or a declared proxy."""

import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from tocsin.config import Listen
from tocsin.errors import ConfigError
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
