# SPDX-License-Identifier: Apache-2.0
"""The tests themselves are kept on loopback; 192.0.2.0/24 is documentation space (RFC 5737)."""

import socket

import pytest


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.1", 9)),
        (socket.AF_INET6, ("2001:db8::1", 9)),
        (socket.AF_INET, ("a.example", 9)),
    ],
)
def test_nobody_connects_beyond_loopback(family: socket.AddressFamily, address: tuple[str, int]) -> None:
    with socket.socket(family) as place:
        with pytest.raises(PermissionError, match="only loopback"):
            place.connect(address)
        with pytest.raises(PermissionError, match="only loopback"):
            place.connect_ex(address)


def test_nobody_looks_a_name_up() -> None:
    with pytest.raises(PermissionError, match="only loopback"):
        socket.getaddrinfo("a.example", 443)


def test_loopback_is_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()
