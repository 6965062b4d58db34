# SPDX-License-Identifier: Apache-2.0
"""What the relay is told besides the envelope: nothing; and what of its answers counts."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tocsin.agent.anonymous import client as relay_client
from tocsin.agent.anonymous.client import RelayClient
from tocsin.errors import ConfigError, Malformed, RemoteError, Unreachable


class Relay:
    """Answers connections one after the other with fixed bytes, and keeps what came."""

    def __init__(self, answer: bytes) -> None:
        self.came: list[bytes] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/slots"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                data = b""
                while not data.endswith(b"the end"):
                    part = connection.recv(65_536)
                    if not part:
                        return
                    data += part
                self.came.append(data)
                connection.sendall(self._answer)

    def close(self) -> None:
        with socket.create_connection(self._socket.getsockname()):
            pass
        self._thread.join()
        self._socket.close()


@pytest.fixture
def serve() -> Iterator[object]:
    relays: list[Relay] = []

    def begin(answer: bytes) -> Relay:
        relays.append(Relay(answer))
        return relays[-1]

    yield begin
    for relay in relays:
        relay.close()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nSet-Cookie: mark=1\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


BODY = b"an envelope, the end"


async def test_each_envelope_goes_over_its_own_connection_with_the_same_few_headers(serve):
    relay = serve(http(b"x" * 100))
    client = RelayClient("", "")
    assert [await client.post(relay.url, BODY, 100) for _ in range(2)] == [b"x" * 100] * 2
    first, second = relay.came
    assert first == second, "not even the cookie that the relay gave"
    names = {line.partition(b":")[0].lower() for line in first.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]}
    assert names == {
        b"host",
        b"content-type",
        b"accept",
        b"accept-encoding",
        b"connection",
        b"content-length",
    }


@pytest.mark.parametrize("size", [0, 99, 101, 100_000])
async def test_an_answer_of_another_length_does_not_count(serve, size):
    relay = serve(http(b"x" * size))
    with pytest.raises(Malformed):
        await RelayClient("", "").post(relay.url, BODY, 100)


@pytest.mark.parametrize("status", ["403 Forbidden", "302 Found", "500 Internal Server Error"])
async def test_another_status_is_no_answer(serve, status):
    relay = serve(http(b"x" * 100, status))
    with pytest.raises(RemoteError):
        await RelayClient("", "").post(relay.url, BODY, 100)


async def test_nobody_there_is_unreachable(serve):
    with pytest.raises(Unreachable):
        await RelayClient("", "").post("http://127.0.0.1:1/v1/slots", BODY, 100)


def test_an_authority_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(ConfigError):
        RelayClient("", str(tmp_path / "none.pem"))


async def test_who_lets_the_bytes_come_one_by_one_keeps_nobody(monkeypatch):
    monkeypatch.setattr(relay_client, "SECONDS", 0.5)

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        with suppress(ConnectionError):
            while not gone.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)
        writer.close()
        over.set()

    gone, over = asyncio.Event(), asyncio.Event()
    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        began = time.monotonic()
        with pytest.raises(Unreachable):
            await RelayClient("", "").post(f"http://127.0.0.1:{port}/v1/slots", BODY, 100)
        assert time.monotonic() - began < 8, "a hundred bytes would take ten seconds"
        gone.set()
        await over.wait()
