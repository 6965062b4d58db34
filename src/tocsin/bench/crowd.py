# SPDX-License-Identifier: Apache-2.0
"""Thousands of readers in one process: each a socket and a few numbers, and none verifies anything.

They look for one thing: the event of an entry of the stream `members`, and the cursor that closes a wave. So one
process can be the crowd of a benchmark; 5,000 verifying agents would need 0.5 processor seconds for signatures alone,
at every head.

Most read all the time. A part never reads (`stalled`) until the end, and a part comes and goes (`restless`): both go
on from their cursors, and must miss nothing.
"""

import os
import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import cycle
from multiprocessing.connection import Connection

import msgspec

from tocsin.clock import SystemClock
from tocsin.errors import RemoteError
from tocsin.proof.httpsig import NONCE_SIZE, sign_request
from tocsin.proof.signing import SigningKey

_ENTRY = re.compile(rb'"stream":"members","seq":(\d+),')
_CURSOR = re.compile(rb"(?:^|\n)id: (.+)\n")
_AT_ONCE = 200
"""Connections whose answer is waited for at one time."""
_PATIENCE_SECONDS = 60.0
_RESTLESS_SECONDS = 0.1
_SMALL = 4 * 1024
"""Bytes that the system takes in for a reader that stalls."""


class Address(msgspec.Struct, frozen=True):
    """Where the crowd reads."""

    host: str
    port: int


class Reader(msgspec.Struct, frozen=True):
    """One party of the crowd."""

    party: str
    seed: bytes


class Arrivals(msgspec.Struct, frozen=True):
    """What the crowd has seen."""

    slowest: dict[int, float]
    """When the last of the steady readers had all of an entry, by its seq; monotonic seconds."""
    missing: dict[int, int]
    """Steady readers that had not."""
    lost: int
    """Readers of any kind that do not hold every entry in the end."""
    dropped: int
    """Connections that the hub ended."""


class _Link:
    """One connection, over all the times that it is opened."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.socket: socket.socket | None = None
        self.tail = b""
        self.cursor = b""
        self.next = 0
        """The seq that comes next; what comes beyond it was lost."""
        self.gap = False
        self.steady = True


class Crowd:
    """All readers of one process."""

    def __init__(self, address: Address, readers: Sequence[Reader], first: int, cursor: str) -> None:
        """Everybody begins at `cursor`, where entry `first` of the stream comes next."""
        self._address = address
        self._selector = selectors.DefaultSelector()
        self._links = [_Link(reader) for reader in readers]
        for link in self._links:
            link.next, link.cursor = first, cursor.encode()
        self._slowest: dict[int, float] = {}
        self._seen: dict[int, int] = {}
        self._dropped = 0

    def join(self) -> None:
        """Open every connection and wait for each one's first event; RemoteError when one is refused."""
        for start in range(0, len(self._links), _AT_ONCE):
            group = self._links[start : start + _AT_ONCE]
            for link in group:
                self._open(link)
            for link in group:
                assert link.socket is not None
                link.socket.settimeout(_PATIENCE_SECONDS)
                link.tail = link.socket.recv(65_536)
                link.socket.settimeout(0)
                if not link.tail.startswith(b"HTTP/1.1 200"):
                    raise RemoteError(f"A reader was refused: {link.tail[:200]!r}.")

    def watch(self, pipe: Connection, stalled: int, restless: int) -> None:
        """Read until `pipe` says so; the first of the readers stall, those after them come and go."""
        for link in self._links[:stalled]:
            self._stall(link)
        moving = self._links[stalled : stalled + restless]
        for link in moving:
            link.steady = False
        turns, due = cycle(moving), time.monotonic()
        while not pipe.poll():
            self._read(0.02)
            if moving and time.monotonic() > due:
                due = time.monotonic() + _RESTLESS_SECONDS
                self._again(next(turns))

    def finish(self, target: int, seconds: float) -> Arrivals:
        """Let everybody catch up to `target` entries, each from its cursor; what was seen until then."""
        for link in self._links:
            if link.next < target:
                self._again(link)
        deadline = time.monotonic() + seconds
        while any(link.next < target for link in self._links) and time.monotonic() < deadline:
            self._read(0.02)
        steady = sum(link.steady for link in self._links)
        lost = sum(link.gap or link.next < target for link in self._links)
        missing = {seq: steady - seen for seq, seen in self._seen.items()}
        return Arrivals(self._slowest, missing, lost, self._dropped)

    def begin_again(self) -> None:
        """Forget what was seen; everybody is steady."""
        self._slowest, self._seen, self._dropped = {}, {}, 0
        for link in self._links:
            link.steady = True

    def close(self) -> None:
        """Let go of every connection."""
        for link in self._links:
            self._shut(link)

    def _open(self, link: _Link, *, small: bool = False) -> None:
        link.socket, link.tail = socket.socket(), b""
        if small:
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        link.socket.connect((self._address.host, self._address.port))
        link.socket.send(_request(link.reader, self._address, link.cursor))
        link.socket.settimeout(0)
        self._selector.register(link.socket, selectors.EVENT_READ, link)

    def _shut(self, link: _Link) -> None:
        if link.socket is not None:
            if link.socket in self._selector.get_map():
                self._selector.unregister(link.socket)
            link.socket.close()
            link.socket = None

    def _again(self, link: _Link) -> None:
        """Close it and come back with the cursor."""
        self._shut(link)
        self._open(link)

    def _stall(self, link: _Link) -> None:
        """Open it and read no more."""
        link.steady = False
        self._shut(link)
        self._open(link, small=True)
        assert link.socket is not None
        self._selector.unregister(link.socket)

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            link: _Link = key.data
            assert link.socket is not None
            try:
                data = link.socket.recv(262_144)
            except ConnectionResetError:
                data = b""
            if data:
                self._take(link, data)
            else:
                self._dropped += 1
                self._again(link)

    def _take(self, link: _Link, data: bytes) -> None:
        seqs, cursor, link.tail = _events(link.tail + data)
        link.cursor = cursor or link.cursor
        for seq in seqs:
            link.gap = link.gap or seq > link.next
            if seq == link.next:
                link.next = seq + 1
                if link.steady:
                    self._slowest[seq] = time.monotonic()
                    self._seen[seq] = self._seen.get(seq, 0) + 1


@lru_cache(64)
def _events(data: bytes) -> tuple[tuple[int, ...], bytes, bytes]:
    """The entries that are whole, the last cursor, and what is not whole yet. Equal for most readers of a wave."""
    whole, _, tail = data.rpartition(b"\n\n")
    cursors = _CURSOR.findall(whole)
    return tuple(int(seq) for seq in _ENTRY.findall(whole)), cursors[-1] if cursors else b"", tail


def _request(reader: Reader, address: Address, cursor: bytes) -> bytes:
    authority = f"{address.host}:{address.port}"
    signed = sign_request(
        SigningKey.from_seed(reader.seed),
        reader.party,
        method="GET",
        authority=authority,
        path="/v1/stream",
        query="",
        body=b"",
        now=SystemClock().now(),
        nonce=os.urandom(NONCE_SIZE),
    )
    lines = [f"{name}: {value}" for name, value in (("Host", authority), *signed)]
    if cursor:
        lines.append(f"Last-Event-ID: {cursor.decode()}")
    return "\r\n".join(["GET /v1/stream HTTP/1.1", *lines, "", ""]).encode()


def run(pipe: Connection, address: Address, readers: Sequence[Reader], first: int, cursor: str) -> None:
    """The process: it joins, then watches whenever it is told ``(stalled, restless)``, until the pipe is closed.

    A second word ends the watching: ``(target, seconds)``, which is answered with `Arrivals`.
    """
    crowd = Crowd(address, readers, first, cursor)
    crowd.join()
    pipe.send(None)
    for stalled, restless in _words(pipe):
        crowd.begin_again()
        crowd.watch(pipe, stalled, restless)
        target, seconds = pipe.recv()
        pipe.send(crowd.finish(target, seconds))
    crowd.close()


def _words(pipe: Connection) -> Iterator[tuple[int, int]]:
    while True:
        try:
            yield pipe.recv()
        except EOFError:
            return
