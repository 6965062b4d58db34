# SPDX-License-Identifier: Apache-2.0
"""A real hub under what a hostile network does: a gigabyte of body, depth 100,000, fields twice, drops of bytes, 10,000
connections that ask nothing. Each is refused in bounded memory with a clear answer, and the hub serves on.

Memory is what the system says that the hub's process holds (resident), beside what it held before.
"""

import asyncio
import resource
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.acceptance.machine import Machine

from tocsin.agent import app as agent
from tocsin.clock import SystemClock
from tocsin.hub.app import _MAX_CONNECTIONS
from tocsin.proof.httpsig import authority_of, sign_request
from tocsin.proof.signing import SigningKey
from tocsin.web.connection import BODY_SECONDS, HEAD_SECONDS

pytestmark = pytest.mark.processes

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20
IDLE = 10_000
PART = bytes(MEGABYTE)


class Attack:
    """Connections to a hub that serves, and what its process holds meanwhile."""

    def __init__(self, machine: Machine) -> None:
        self.pid = machine.pid("hub")
        self.authority = authority_of(machine.url)
        host, _, port = self.authority.partition(":")
        self.address = (host, int(port))
        with agent.opened(machine.folder / "ayr") as house:
            self.membership = house.vault.membership()
        self.before = self.resident()

    def resident(self) -> float:
        """Megabytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("it has ended")

    def descriptors(self) -> int:
        """Open files and connections."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def grown(self) -> float:
        return self.resident() - self.before

    def head(self, path: str, body: bytes, *more: str) -> bytes:
        """A request's header, signed by a member over this body."""
        key = SigningKey.from_seed(self.membership.signing_seed)
        signed = sign_request(
            key,
            self.membership.party,
            method="POST",
            authority=self.authority,
            path=path,
            query="",
            body=body,
            now=SystemClock().now(),
            nonce=secrets.token_bytes(16),
        )
        lines = [f"POST {path} HTTP/1.1", f"Host: {self.authority}", *(f"{k}: {v}" for k, v in signed), *more]
        return "\r\n".join([*lines, "", ""]).encode()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, which ends whatever happens to its test."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)  # for the loop to close the socket

    async def says(self, *parts: bytes) -> bytes:
        """The answer to these bytes, up to its end."""
        async with self.connected() as (reader, writer):
            for part in parts:
                writer.write(part)
            return await answer_of(reader)

    async def serves(self) -> bool:
        return (
            await self.says(f"GET /v1/health HTTP/1.1\r\nHost: {self.authority}\r\n\r\n".encode())
        ).startswith(b"HTTP/1.1 200")


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Machine(tmp_path_factory.mktemp("hostile")) as machine:
        machine.raise_hub(witnessed=False)
        machine.join("ayr")
        yield Attack(machine)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
async def test_a_gigabyte_of_body_is_refused_as_soon_as_it_is_too_much(attack: Attack, chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {GIGABYTE}"
    async with attack.connected() as (reader, writer):
        writer.write(attack.head("/v1/reports", b"{}", length))
        answer = asyncio.create_task(answer_of(reader))
        part = b"%x\r\n%b\r\n" % (len(PART), PART) if chunked else PART
        sent, highest = await pushed(attack, writer, part)
        said = await asyncio.wait_for(answer, 10)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"problem/too-large" in said
    assert sent < 64 * MEGABYTE
    assert highest < 40
    assert await attack.serves()


async def pushed(attack: Attack, writer: asyncio.StreamWriter, part: bytes) -> tuple[int, float]:
    """How many bytes of a gigabyte somebody who never listens could send, and what the hub grew to meanwhile."""
    sent, highest = 0, 0.0
    while sent < GIGABYTE:
        writer.write(part)
        try:
            await writer.drain()
        except ConnectionError:
            break
        sent += len(part)
        highest = max(highest, attack.grown())
    return sent, highest


async def test_a_gigabyte_of_nobody_s_is_not_even_read(attack: Attack) -> None:
    async with attack.connected() as (reader, writer):
        writer.write(f"POST /v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
        said = await asyncio.wait_for(answer_of(reader), 10)
    assert said.startswith(b"HTTP/1.1 401 ")


async def test_a_gigabyte_is_not_taken_after_its_refusal_either(attack: Attack) -> None:
    """Whoever sends on into an answered request fills nothing, and is not listened to for long."""
    async with attack.connected() as (reader, writer):
        writer.write(f"POST /v1/reports HTTP/1.1\r\nHost: a\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
        assert (await answer_of(reader)).startswith(b"HTTP/1.1 401 ")
        sent, highest = await pushed(attack, writer, PART)
    assert sent < 64 * MEGABYTE
    assert highest < 40
    assert await attack.serves()


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
NESTED = b'{"kind":"report","v":1,"id":"rpt_1","sent":1,"objects":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"
TWICE = b'{"kind":"sight","v":1,"id":"msg_%032d","sent":1,"audience":"members","audience":"all",'
TWICE += b'"observable":{"kind":"domain","value":"a.example"},"happened":"2026-11-20"}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/reports", DEEP),
        ("/v1/reports", NESTED),
        ("/v1/sightings", TWICE % 0),
    ],
    ids=["depth", "depth in an object", "a field twice"],
)
async def test_what_is_no_clear_message_is_malformed(attack: Attack, path: str, body: bytes) -> None:
    said = await attack.says(attack.head(path, body, f"Content-Length: {len(body)}"), body)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"problem/malformed" in said
    assert attack.grown() < 40
    assert await attack.serves()


async def test_whoever_drips_is_told_and_cut_off(attack: Attack) -> None:
    """A header's byte and a body's byte each second: nothing keeps a connection beyond its deadline."""
    header = f"POST /v1/reports HTTP/1.1\r\nHost: {attack.authority}\r\nX-Slow: ".encode()
    body = attack.head("/v1/reports", b"{}", "Content-Length: 1000")
    began = time.monotonic()
    drips = [drip(attack, header), *(drip(attack, body) for _ in range(50))]
    answers = await asyncio.wait_for(asyncio.gather(*drips), BODY_SECONDS + 30)
    assert HEAD_SECONDS <= answers[0][1] - began < HEAD_SECONDS + 10
    assert all(at - began < BODY_SECONDS + 20 for _, at in answers)
    assert all(said.startswith(b"HTTP/1.1 408 ") and b"problem/too-slow" in said for said, _ in answers)
    assert await attack.serves()


async def drip(attack: Attack, begin: bytes) -> tuple[bytes, float]:
    """What is said to it at last, and when."""
    async with attack.connected() as (reader, writer):
        writer.write(begin)
        answer = asyncio.create_task(answer_of(reader))
        while not answer.done():
            writer.write(b"a")
            await asyncio.wait({answer}, timeout=1)
        return await answer, time.monotonic()


async def test_ten_thousand_idle_connections_are_bounded_and_cut_off(
    attack: Attack, capsys: pytest.CaptureFixture[str]
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < IDLE + 500:
        pytest.skip("This machine lets a process open too few files for it.")
    began = time.monotonic()
    idle = [socket.create_connection(attack.address) for _ in range(IDLE)]
    opened, highest, held = time.monotonic() - began, attack.grown(), attack.descriptors()
    said = [said_to(one) for one in idle]
    gone = time.monotonic() - began
    refused = sum(b"problem/too-many" in one for one in said)
    with capsys.disabled():
        print(
            f"\n{IDLE:,} idle connections in {opened:.0f} s, {held:,} of them held at once, {refused:,} told that they "
            f"are too many, all gone after {gone:.0f} s; {attack.before:.0f} MB before, {highest:.0f} MB more at most"
        )
    assert {one for one in said if b"problem/too-many" not in one} <= {b""}
    assert held < _MAX_CONNECTIONS + 200
    assert gone - opened < HEAD_SECONDS + 60
    assert highest < 120
    assert await attack.serves()


def said_to(idle: socket.socket) -> bytes:
    """Everything that is said to it until it is cut off."""
    idle.settimeout(HEAD_SECONDS + 60)
    said = b""
    try:
        while part := idle.recv(4_096):
            said += part
    except ConnectionError:
        pass
    idle.close()
    return said
