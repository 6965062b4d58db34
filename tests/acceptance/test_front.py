# SPDX-License-Identifier: Apache-2.0
"""The balancer before the processes of a real hub in the world, over real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tocsin.world.front import Front
from tocsin.world.processes import free_port


@contextmanager
def naming(name: bytes) -> Iterator[int]:
    """A server that says its name and what it was told, and ends; its port."""
    with socket.create_server(("127.0.0.1", 0)) as place:

        def serve() -> None:
            while True:
                try:
                    link, _ = place.accept()
                except OSError:
                    return
                with link:
                    link.sendall(name + link.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        yield place.getsockname()[1]
        place.shutdown(socket.SHUT_RDWR)
        thread.join()


def asked(port: int) -> bytes:
    """Everything that it says."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(b"!")
        said = b""
        while part := link.recv(100):
            said += part
        return said


def test_ports_take_turns_and_one_that_is_gone_is_passed_over() -> None:
    port = free_port()
    with naming(b"one") as one:
        with naming(b"two") as two, Front(port, (one, two)):
            assert {asked(port) for _ in range(4)} == {b"one!", b"two!"}
        with Front(port, (one, free_port())):
            assert [asked(port) for _ in range(3)] == [b"one!"] * 3


def test_where_nobody_is_behind_it_a_connection_ends() -> None:
    port = free_port()
    with Front(port, (free_port(),)):
        try:
            said = asked(port)
        except ConnectionError:
            said = b""
    assert said == b""
    with pytest.raises(ConnectionRefusedError):
        asked(port)
