# SPDX-License-Identifier: Apache-2.0
"""Processor time of the hub for one `named` report, from the socket until it is durable and receipted.

Eight banks send one after the other, each on its own connection; then 64 do at once, so that commits and heads are
shared as they are in an attack. Beside it stands the least that any such door must do: an ASGI application on the same
server that reads the body, checks the same signature and commits one row for each.
"""

import asyncio
import http.client
import os
import random
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import apsw
import uvicorn
from starlette.types import Receive, Scope, Send

from tocsin.agent.vault import Membership
from tocsin.bench.alliance import BenchHub, cpu_seconds_of, found, report
from tocsin.bench.child import child
from tocsin.bench.database import emptied
from tocsin.bench.result import Beside, Row
from tocsin.clock import SystemClock
from tocsin.errors import RemoteError
from tocsin.proof.httpsig import NONCE_SIZE, check_body, check_signature, read_signature, sign_request
from tocsin.proof.signing import SigningKey

_SENDERS = 8
_AT_ONCE = 64
_REQUESTS = 600
_TARGET_MILLISECONDS = 1.0
_PATH = "/v1/reports"


def run(seed: int) -> Iterator[Row]:
    """Two rows: milliseconds of processor time for a report of three values, alone and among others."""
    return _measured(seed, "hub.db", "")


def run_postgres(seed: int, url: str) -> Iterator[Row]:
    """The same for a hub whose store is an empty database of PostgreSQL; the server's own time is not in it."""
    with emptied(url):
        yield from _measured(seed, url, ", PostgreSQL")


def _measured(seed: int, store: str, engine: str) -> Iterator[Row]:
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        hub = found(Path(folder) / "hub", _AT_ONCE, chance, store)
        requests = [signed_report(hub, hub.banks[number % _SENDERS], chance) for number in range(_REQUESTS)]
        crowd = [signed_report(hub, hub.banks[number % _AT_ONCE], chance) for number in range(4 * _REQUESTS)]
        with hub.served() as served:
            ours = _cost(served.pid, hub.url, requests)
            shared = asyncio.run(_cost_at_once(served.pid, hub.url, crowd))
        keys = {bank.party: SigningKey.from_seed(bank.signing_seed).public for bank in hub.banks}
        authority = hub.url.removeprefix("http://")
        with child(_bare, Path(folder) / "bare.db", authority, keys) as pipe:
            pid, url = pipe.recv()
            bare = _cost(pid, url, requests)
            bare_shared = asyncio.run(_cost_at_once(pid, url, crowd))
    for name, figure, beside in (
        ("a named report", ours, bare),
        (f"a named report, {_AT_ONCE} at once", shared, bare_shared),
    ):
        limit = Beside("signature and one commit", beside)
        yield Row(f"{name}{engine}", figure, "ms CPU", "lower", _TARGET_MILLISECONDS, limit).judged()


def signed_report(hub: BenchHub, bank: Membership, chance: random.Random) -> bytes:
    """The bytes of one signed request."""
    values = [f"login-{chance.randrange(10**12)}.example" for _ in range(3)]
    body = report(bank, values, SystemClock(), chance)
    authority = hub.url.removeprefix("http://")
    signed = sign_request(
        SigningKey.from_seed(bank.signing_seed),
        bank.party,
        method="POST",
        authority=authority,
        path=_PATH,
        query="",
        body=body,
        now=SystemClock().now(),
        nonce=os.urandom(NONCE_SIZE),
    )
    lines = [
        f"{name}: {value}" for name, value in (("Host", authority), ("Content-Length", len(body)), *signed)
    ]
    return "\r\n".join([f"POST {_PATH} HTTP/1.1", *lines, "", ""]).encode() + body


def _cost(pid: int, url: str, requests: Sequence[bytes]) -> float:
    """Milliseconds of a process's time for each request, after a few to warm it."""
    host, _, port = url.removeprefix("http://").partition(":")
    links = [socket.create_connection((host, int(port))) for _ in range(_SENDERS)]
    warm = len(requests) // 10
    started = 0.0
    for number, request in enumerate(requests):
        if number == warm:
            started = cpu_seconds_of(pid)
        link = links[number % _SENDERS]
        link.sendall(request)
        answer = http.client.HTTPResponse(link)
        answer.begin()
        said = answer.read()
        if answer.status != 200:
            raise RemoteError(f"A report was refused: {said[:300]!r}.")
    time.sleep(0.5)  # what it still does after its answer counts too
    spent = cpu_seconds_of(pid) - started
    for link in links:
        link.close()
    return spent / (len(requests) - warm) * 1000


async def _cost_at_once(pid: int, url: str, requests: Sequence[bytes]) -> float:
    """The same when so many senders each wait for their own receipt only."""
    host, _, port = url.removeprefix("http://").partition(":")

    async def send(mine: Sequence[bytes]) -> None:
        """One sender: each report waits for the receipt of the one before."""
        reader, writer = await asyncio.open_connection(host, int(port))
        for request in mine:
            writer.write(request)
            status = (await reader.readline()).split()[1]
            headers = await reader.readuntil(b"\r\n\r\n")
            length = int(headers.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            said = await reader.readexactly(length)
            if status != b"200":
                raise RemoteError(f"A report was refused: {said[:300]!r}.")
        writer.close()

    started = cpu_seconds_of(pid)
    await asyncio.gather(*(send(requests[number::_AT_ONCE]) for number in range(_AT_ONCE)))
    await asyncio.sleep(0.5)
    return (cpu_seconds_of(pid) - started) / len(requests) * 1000


def _bare(pipe: Connection, file: Path, authority: str, keys: dict[str, bytes]) -> None:
    """The process beside it."""
    connection = apsw.Connection(str(file))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, body BLOB)")

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        """Check the signature, write the body, answer: the least that a door does."""
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        claim = read_signature(headers["signature-input"], headers["signature"], headers["content-digest"])
        now, key = SystemClock().now(), keys[claim.keyid]
        check_signature(claim, key, method="POST", authority=authority, path=scope["path"], query="", now=now)
        check_body(claim, body)
        with connection:
            connection.execute("INSERT INTO message (body) VALUES (?)", (body,))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        pipe.send((os.getpid(), f"http://127.0.0.1:{place.getsockname()[1]}"))
        uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False)).run(sockets=[place])
